// What one run of the load generator found out.

#ifndef SEMEL_BENCH_LOAD_RECORDER_H_
#define SEMEL_BENCH_LOAD_RECORDER_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "bench/load/histogram.h"
#include "bench/load/operation.h"

namespace semel::bench {

// Calls and pairs count that ended between StartMeasuring and StopMeasuring, latencies of calls that were sent between them, so also of
// those that were in flight at the end. Errors always count. One thread.
class Recorder {
 public:
  void StartMeasuring(SteadyClock::time_point now);
  void StopMeasuring(SteadyClock::time_point now);
  bool measuring() const { return measuring_; }
  double seconds() const { return SecondsUntil(stopped_); }
  double SecondsUntil(SteadyClock::time_point now) const {
    return std::chrono::duration<double>(now - started_).count();
  }

  void CallEnded(std::string_view call, SteadyClock::time_point sent, SteadyClock::time_point now);
  void PairsEnded(uint64_t pairs) {
    all_pairs_ += pairs;
    pairs_ += measuring_ ? pairs : 0;
  }
  // Any error spoils a run. The first few are kept.
  void Error(std::string_view call, std::string_view what);

  uint64_t all_calls() const { return all_calls_; }
  uint64_t all_pairs() const { return all_pairs_; }
  uint64_t errors() const { return errors_; }

  // {"seconds", "calls_per_s", "pairs_per_s", "all_pairs", "latency_ms": {call: {"p50", ...}}, "errors", "error_samples"}
  nlohmann::json ToJson() const;

 private:
  bool measuring_ = false;
  SteadyClock::time_point started_ = SteadyClock::time_point::max();
  SteadyClock::time_point stopped_ = SteadyClock::time_point::max();
  uint64_t calls_ = 0;
  uint64_t pairs_ = 0;
  uint64_t all_calls_ = 0;  // those of the warm-up and after the end too
  uint64_t all_pairs_ = 0;
  uint64_t errors_ = 0;
  std::map<std::string, Histogram, std::less<>> latencies_;  // nanoseconds, by call
  std::map<std::string, uint64_t> error_samples_;
};

}  // namespace semel::bench

#endif  // SEMEL_BENCH_LOAD_RECORDER_H_
