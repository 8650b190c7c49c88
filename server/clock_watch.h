// Notices that the wall clock was set while the server runs, and at start that it is behind what the database has seen. The
// server's own time heeds neither; but an operator should know that the two have parted.

#ifndef SEMEL_SERVER_CLOCK_WATCH_H_
#define SEMEL_SERVER_CLOCK_WATCH_H_

#include "server/engine/stats.h"
#include "server/ops/logging.h"
#include "storage/clock.h"

namespace semel {

class ClockWatch {
 public:
  // Less is slewing, or the moment between two readings.
  static constexpr storage::Duration kStep = std::chrono::seconds(1);

  // The references must outlive it. Compares the wall clock with where the server's time begins.
  ClockWatch(const storage::Clock& clock, const ops::Logger& log);

  // Every few seconds, one thread at a time. One line for each step.
  void Look();

  // Any thread.
  const engine::Counter& steps() const { return steps_; }

 private:
  const storage::Clock& clock_;
  const ops::Logger& log_;
  storage::Duration offset_{};  // of the wall clock, as last seen
  engine::Counter steps_;
};

}  // namespace semel

#endif  // SEMEL_SERVER_CLOCK_WATCH_H_
