// How long to pause between the tries of one call.

#ifndef SEMEL_CLIENT_CPP_BACKOFF_H_
#define SEMEL_CLIENT_CPP_BACKOFF_H_

#include <cstdint>
#include <optional>

#include "client/cpp/randomness.h"
#include "semel/options.h"

namespace semel {

// The pauses of one call, in order; see RetryOptions. Not thread-safe.
class Backoff {
 public:
  Backoff(const RetryOptions& options, uint64_t seed);

  // The next pause. Where the server asked for one, it is that and the drawn one on top: those who were told the same
  // must not come back at the same instant.
  Duration Next(std::optional<Duration> asked_for);

 private:
  RetryOptions options_;
  JitterSource random_;
  double ceiling_;  // of the next draw, in nanoseconds
};

}  // namespace semel

#endif  // SEMEL_CLIENT_CPP_BACKOFF_H_
