#include "storage/clock.h"

#include <algorithm>

namespace semel::storage {
namespace {

class SystemTimeSource final : public TimeSource {
 public:
  Time Wall() const override { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }
  Duration Monotonic() const override {
    return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch());
  }
};

}  // namespace

TimeSource& SystemTime() {
  static SystemTimeSource source;
  return source;
}

Clock::Clock(const TimeSource& source, ClockMark last)
    : source_(source),
      boot_time_(std::max(source.Wall(), last.high_water)),
      last_alive_(last.alive),
      monotonic_at_boot_(source.Monotonic()),
      high_water_(Micros(last.high_water)) {}

Time Clock::Now() const { return boot_time_ + (source_.Monotonic() - monotonic_at_boot_); }

void Clock::Marked(ClockMark mark) { high_water_.store(Micros(mark.high_water), std::memory_order_relaxed); }

}  // namespace semel::storage
