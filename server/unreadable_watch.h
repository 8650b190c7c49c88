// Tells the log of what could not be read back: soon for the first, and then at most one line in ten seconds, however many callers ask
// for a damaged key again and again.

#ifndef SEMEL_SERVER_UNREADABLE_WATCH_H_
#define SEMEL_SERVER_UNREADABLE_WATCH_H_

#include <chrono>
#include <cstdint>
#include <optional>

#include "server/engine/unreadable_records.h"
#include "server/ops/logging.h"

namespace semel {

// Not thread-safe.
class UnreadableWatch {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kPace{10};

  // Both must outlive it.
  UnreadableWatch(const engine::UnreadableRecords& unreadable, const ops::Logger& log)
      : unreadable_(unreadable), log_(log) {}

  // Every few seconds.
  void Look(Clock::time_point now = Clock::now());

 private:
  const engine::UnreadableRecords& unreadable_;
  const ops::Logger& log_;
  uint64_t told_ = 0;
  std::optional<Clock::time_point> told_at_;
};

}  // namespace semel

#endif  // SEMEL_SERVER_UNREADABLE_WATCH_H_
