// One lease that is kept alive, as the keeper and the owner's function share it.

#ifndef SEMEL_CLIENT_CPP_HELD_LEASE_H_
#define SEMEL_CLIENT_CPP_HELD_LEASE_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "semel/outcome.h"

namespace semel {

// Which attempt a lease belongs to.
struct HeldKey {
  std::string namespace_name;
  std::string key;
  int64_t token = 0;
};

class HeldLease : public std::enable_shared_from_this<HeldLease> {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  HeldLease(uint64_t id, HeldKey key, Duration length, SteadyTime granted)
      : id_(id), key_(std::move(key)), length_(length), ends_(granted + length) {}

  // Thread-safe. Asks the clock too: a process that was stopped for longer than its lease must not believe, until the
  // keeper's thread gets to run, that it still owns the key.
  bool Lost() {
    if (!lost_.stop_requested() && std::chrono::steady_clock::now() >= ends_.load()) MarkLost();
    return lost_.stop_requested();
  }
  void MarkLost() { lost_.request_stop(); }
  std::stop_token stop_token() const { return lost_.get_token(); }

 private:
  friend class LeaseKeeper;

  // Constant after construction.
  const uint64_t id_;
  const HeldKey key_;

  // Thread-safe in itself.
  std::stop_source lost_;

  // Written under the keeper's mutex.
  Duration length_;
  std::atomic<SteadyTime> ends_;   // the earliest moment at which it can lapse; Lost reads it without the mutex
  std::optional<SteadyTime> due_;  // its place in the schedule; none while it is being renewed
  bool end_expected_ = false;
  bool dropped_ = false;
};

}  // namespace semel

#endif  // SEMEL_CLIENT_CPP_HELD_LEASE_H_
