// Keys that all workers want, with leases short enough to lapse: here owners change all the time, also across crashes.
//
// The rules that must hold whatever happens: a new owner's token is greater than every one that was acknowledged before it
// asked, and nobody becomes owner before the lease of the one before is over, unless that one gave the key back. Leases are
// counted from the moment at which the request was sent, so the owner's own view is never longer than the server's.

#ifndef SEMEL_TESTS_CRASH_CONTEST_H_
#define SEMEL_TESTS_CRASH_CONTEST_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace semel::crash {

// Thread-safe.
class Contest {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  explicit Contest(size_t keys);

  static std::string KeyName(size_t index) { return "contested-" + std::to_string(index); }
  size_t size() const { return keys_.size(); }

  // The greatest token acknowledged for the key so far: to be asked before Begin is sent.
  int64_t LastToken(size_t index) const;

  // Begin was answered `acquired`. `before`: LastToken as it was then. `sent`: when the request left.
  void Acquired(size_t index, int64_t before, int64_t token, Instant sent, Instant::duration lease);

  // To be called before Complete or Release is sent: from here on the owner claims nothing.
  void GivesUp(size_t index, int64_t token);

 private:
  struct Owner {
    int64_t token = 0;
    Instant lease_end{};
    bool claims = false;
  };
  mutable absl::Mutex mutex_;
  std::vector<Owner> keys_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace semel::crash

#endif  // SEMEL_TESTS_CRASH_CONTEST_H_
