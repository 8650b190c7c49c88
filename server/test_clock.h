// Time that a test moves, for those who test against the real server: semeld --test-clock MICROS.
//
// The server's time starts there and stands still, but for what is asked of the admin port:
//
//   POST /testing/elapse?by=MICROS            time passes; answered once all that fell due has been decided
//   POST /testing/step-wall-clock?by=MICROS   the wall clock jumps, as an operator or NTP would make it; may be negative
//
// A test that starts the server again tells it the wall clock's time again. Builds without SEMEL_TEST_CLOCK refuse the flag.

#ifndef SEMEL_SERVER_TEST_CLOCK_H_
#define SEMEL_SERVER_TEST_CLOCK_H_

#include "server/engine/committer.h"
#include "server/ops/admin_http.h"
#include "storage/clock.h"

namespace semel {

class TestClock {
 public:
  explicit TestClock(storage::Time start) : time_(start) {}

  const storage::TimeSource& time() const { return time_; }
  // For the admin port of a server whose storage has this time. Both must outlive what is returned.
  ops::AdminHttp::Posts Controls(engine::Committer& committer);

 private:
  storage::ManualTime time_;
};

}  // namespace semel

#endif  // SEMEL_SERVER_TEST_CLOCK_H_
