// Tells a queue that stands from a burst that drains, as CoDel does (Nichols, Jacobson: Controlling Queue Delay, 2012): what
// matters is not how long the queue is, nor how long some wait in it, but whether anybody gets through quickly.

#ifndef SEMEL_SERVER_RPC_STANDING_QUEUE_H_
#define SEMEL_SERVER_RPC_STANDING_QUEUE_H_

#include <chrono>
#include <optional>

namespace semel::rpc {

// Not thread-safe.
class StandingQueue {
 public:
  using Clock = std::chrono::steady_clock;

  // A burst has so long to drain.
  static constexpr Clock::duration kInterval = std::chrono::seconds(1);
  // But not where a queue stood so recently: those who were turned away come back.
  static constexpr Clock::duration kMemory = std::chrono::seconds(10);

  explicit StandingQueue(Clock::duration max_delay) : quick_(max_delay / 2) {}

  // The shortest time that one of those who are served now has waited.
  void Observe(Clock::duration shortest, Clock::time_point now) {
    if (shortest <= quick_) return slow_since_.reset();
    if (!slow_since_) slow_since_ = now;
    if (Stands(now) || now - *slow_since_ >= kInterval) stood_ = now;
  }

  // Somebody was turned away: the queue would stand.
  void TurnedAway(Clock::time_point now) { stood_ = now; }

  // For a whole interval nobody got through within half of the delay that is allowed; or that was so a while ago.
  bool Stands(Clock::time_point now) const { return stood_ && now - *stood_ < kMemory; }

 private:
  const Clock::duration quick_;
  std::optional<Clock::time_point> slow_since_;
  std::optional<Clock::time_point> stood_;  // last
};

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_STANDING_QUEUE_H_
