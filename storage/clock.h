// The server's time: never runs back, not within a process and not across restarts.
//
// A ClockMark on disk bounds what the clock has ever said. The clock starts at the wall clock, but not below the mark, and
// goes on with a monotonic source. Whoever commits calls MustMark(now) and, when it is true, stores NextMark(now, now) with the
// commit before any answer that rests on `now` leaves:
//
//   Clock clock(SystemTime(), mark_from_disk);
//   Time now = clock.Now();
//   if (clock.MustMark(now)) { ClockMark mark = clock.NextMark(now, now); store(mark); clock.Marked(mark); }

#ifndef SEMEL_STORAGE_CLOCK_H_
#define SEMEL_STORAGE_CLOCK_H_

#include <atomic>

#include "storage/time.h"

namespace semel::storage {

// Where time comes from. Thread-safe.
class TimeSource {
 public:
  virtual ~TimeSource() = default;
  virtual Time Wall() const = 0;           // may jump
  virtual Duration Monotonic() const = 0;  // since an arbitrary moment, never runs back within the process
};

TimeSource& SystemTime();

// Time that stands still until a test moves it. Thread-safe.
class ManualTime final : public TimeSource {
 public:
  explicit ManualTime(Time start = FromMicros(1'700'000'000'000'000)) : wall_(Micros(start)) {}

  Time Wall() const override { return FromMicros(wall_.load()); }
  Duration Monotonic() const override { return Duration(monotonic_.load()); }

  void Advance(Duration by) {
    wall_ += by.count();
    monotonic_ += by.count();
  }
  // The wall clock jumps, as an operator or NTP would make it.
  void StepWall(Duration by) { wall_ += by.count(); }

 private:
  std::atomic<int64_t> wall_;
  std::atomic<int64_t> monotonic_{0};
};

struct ClockMark {
  Time high_water{};  // no instant and no token at or above this was ever handed out
  Time alive{};       // the process was certainly alive at this instant

  friend bool operator==(const ClockMark&, const ClockMark&) = default;
};

// Thread-safe.
class Clock {
 public:
  // How far ahead a mark reserves time: one extra small write per step under load, and at most this much time is skipped
  // when a crashed process is restarted at once.
  static constexpr Duration kStep = std::chrono::seconds(1);

  Clock(const TimeSource& source, ClockMark last);

  Time Now() const;

  // First instant of this process, and the last at which the one before it was certainly alive: what rule 13 needs.
  Time boot_time() const { return boot_time_; }
  Time last_alive() const { return last_alive_; }

  bool MustMark(Time reached) const { return Micros(reached) >= high_water_.load(std::memory_order_relaxed); }
  // `reached`: the latest instant or token to be covered. A token ahead of `now` is no sign of life at that time.
  ClockMark NextMark(Time reached, Time now) const { return {.high_water = reached + kStep, .alive = now}; }
  void Marked(ClockMark mark);

  // How far the wall clock is ahead of this clock now; negative when it was set back. For a gauge.
  Duration WallOffset() const { return source_.Wall() - Now(); }

 private:
  const TimeSource& source_;
  const Time boot_time_;
  const Time last_alive_;
  const Duration monotonic_at_boot_;
  std::atomic<int64_t> high_water_;  // microseconds
};

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_CLOCK_H_
