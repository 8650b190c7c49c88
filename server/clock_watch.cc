#include "server/clock_watch.h"

#include <chrono>

namespace semel {
namespace {

double Seconds(storage::Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

ClockWatch::ClockWatch(const storage::Clock& clock, const ops::Logger& log)
    : clock_(clock), log_(log), offset_(clock.WallOffset()) {
  if (offset_ > -kStep) return;
  steps_.Add();
  log_.Log(
      ops::LogLevel::kWarning,
      "the wall clock is behind the time that this database has seen: time goes on from there, and does not run back",
      {{"behind_seconds", Seconds(-offset_)}});
}

void ClockWatch::Look() {
  const storage::Duration before = offset_;
  offset_ = clock_.WallOffset();
  const storage::Duration step = offset_ - before;
  if (step > -kStep && step < kStep) return;
  steps_.Add();
  log_.Log(ops::LogLevel::kWarning,
           step > storage::Duration::zero() ? "the wall clock was set ahead: the server's time goes on evenly"
                                            : "the wall clock was set back: the server's time goes on evenly",
           {{"step_seconds", Seconds(step)}, {"offset_seconds", Seconds(offset_)}});
}

}  // namespace semel
