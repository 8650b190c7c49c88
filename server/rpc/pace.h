// How many operations are decided in a given time, by those that were decided lately.

#ifndef SEMEL_SERVER_RPC_PACE_H_
#define SEMEL_SERVER_RPC_PACE_H_

#include <chrono>
#include <cstddef>

namespace semel::rpc {

// Not thread-safe.
class Pace {
 public:
  using Seconds = std::chrono::duration<double>;

  // Without a pause: all that was done in between counts, and weighs less with every batch that follows.
  void Decided(size_t operations, Seconds took) {
    operations_ = operations_ * kKept + static_cast<double>(operations);
    took_ = took_ * kKept + took;
  }

  // 0 while nothing is known.
  size_t Within(Seconds time) const {
    return took_ > Seconds::zero() ? static_cast<size_t>(operations_ * (time / took_)) : 0;
  }

 private:
  static constexpr double kKept = 0.875;

  double operations_ = 0;
  Seconds took_{};
};

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_PACE_H_
