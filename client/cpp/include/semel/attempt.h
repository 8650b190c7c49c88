// One ownership of a key, as the function that does the side effect sees it.

#ifndef SEMEL_ATTEMPT_H_
#define SEMEL_ATTEMPT_H_

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "semel/answer.h"
#include "semel/lease.h"

namespace semel {

// Handed to the function of Client::Run; valid until that function returns. Thread-safe.
//
// It is what the function may do with the Lease that Run holds: all but ending it. What each call does is said in semel/lease.h.
class Attempt {
 public:
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  const std::string& key() const { return lease_.key(); }
  // Fencing token: hand it to what you write to, and let that refuse smaller ones.
  int64_t token() const { return lease_.token(); }
  // 1 for the first attempt on the key.
  int number() const { return lease_.number(); }
  // kAbandoned: an earlier attempt fell silent half way. Look whether its effect happened before doing it again.
  Previous previous() const { return lease_.previous(); }
  // The last checkpoint of earlier attempts; empty where there is none.
  const std::string& checkpoint() const { return lease_.checkpoint(); }

  // True once another attempt took over, or may have: stop working.
  bool lost() const { return lease_.lost(); }
  // Fires when lost() becomes true. Callbacks run as Lease::OnLost says: keep them short.
  std::stop_token stop_token() const { return lease_.stop_token(); }

  // Saves bytes for the next attempt, and may declare that effects began; go on only if the answer is OK.
  absl::Status Checkpoint(std::string_view data, bool effects_began = false) {
    return lease_.Checkpoint(data, effects_began);
  }

 private:
  friend class Client;
  explicit Attempt(Lease& lease) : lease_(lease) {}

  Lease& lease_;
};

}  // namespace semel

#endif  // SEMEL_ATTEMPT_H_
