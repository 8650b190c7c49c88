// One ownership of a key, as the function that does the side effect sees it.

#ifndef SEMEL_ATTEMPT_H_
#define SEMEL_ATTEMPT_H_

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "semel/answer.h"

namespace semel {

class Client;
class HeldLease;

// Handed to the function of Client::Run; valid until that function returns. Thread-safe.
class Attempt {
 public:
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  const std::string& key() const { return key_; }
  // Fencing token: hand it to what you write to, and let that refuse smaller ones (Kleppmann, "How to do distributed
  // locking", 2016). It is what stops a slow owner that lost its lease without noticing.
  int64_t token() const { return acquired_.token; }
  // 1 for the first attempt on the key.
  int number() const { return acquired_.attempt; }
  // kAbandoned: an earlier attempt fell silent half way. Look whether its effect happened before doing it again.
  Previous previous() const { return acquired_.previous; }
  // The last checkpoint of earlier attempts; empty where there is none.
  const std::string& checkpoint() const { return acquired_.checkpoint; }

  // True once another attempt took over, or once the lease went by without a renewal, so that another attempt may have
  // taken over. Never becomes false again. Stop working: do not begin what cannot be taken back.
  bool lost() const;
  // Fires when lost() becomes true. Callbacks mostly run on the thread that keeps all leases of the Client alive: keep them
  // short, and do not call the Client from them.
  std::stop_token stop_token() const;

  // Saves `data` (at most 65,536 bytes) for the next attempt, should this one be abandoned or fail. Replaces the checkpoint
  // before it. With `effects_began`, the side effect counts as impossible to take back from here on: if this attempt falls
  // silent, the key is in doubt until somebody finds out, whatever the namespace's policy says; that stays true for this
  // attempt. Go on only if the answer is OK. Safe to call again after any error.
  // Errors: as Client::Checkpoint; TOKEN_STALE makes lost() true.
  absl::Status Checkpoint(std::string_view data, bool effects_began = false);

 private:
  friend class Client;
  Attempt(Client& client, std::string key, Acquired acquired, std::shared_ptr<HeldLease> lease);

  Client& client_;
  const std::string key_;
  const Acquired acquired_;
  const std::shared_ptr<HeldLease> lease_;
};

}  // namespace semel

#endif  // SEMEL_ATTEMPT_H_
