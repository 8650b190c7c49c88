// What the traffic found out: latencies by kind of call, those of all calls from window to window, and what was checked.

#ifndef SEMEL_BENCH_TRAFFIC_TALLY_H_
#define SEMEL_BENCH_TRAFFIC_TALLY_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/histogram.h"

namespace semel::bench {

using SteadyClock = std::chrono::steady_clock;

// Figures count between StartMeasuring and StopMeasuring only; errors always do. One thread.
class Tally {
 public:
  explicit Tally(SteadyClock::duration window) : window_(window) {}

  void StartMeasuring(SteadyClock::time_point now);
  void StopMeasuring(SteadyClock::time_point now);
  bool measuring() const { return measuring_; }

  void CallEnded(std::string_view kind, SteadyClock::time_point now, SteadyClock::duration latency);
  void RoundEnded(SteadyClock::time_point now);
  // An answer that was held against what it had to be.
  void Checked(std::string_view what);
  // Any error spoils a run. The first few are kept.
  void Error(std::string_view what);

  uint64_t errors() const { return errors_; }
  double seconds() const { return std::chrono::duration<double>(stopped_ - started_).count(); }

  // {"seconds", "rounds_per_s", "calls_per_s", "latency_ms": {kind: {"count", "p50", ...}}, "checked": {what: count},
  //  "windows": [{"seconds", "rounds_per_s", "p50", "p99", "p99.9", "max"}], "errors", "error_samples"}
  nlohmann::json ToJson() const;

 private:
  struct Window {
    uint64_t rounds = 0;
    Histogram latency;  // of every call
  };
  Window& WindowAt(SteadyClock::time_point now);

  const SteadyClock::duration window_;
  bool measuring_ = false;
  SteadyClock::time_point started_, stopped_;
  uint64_t calls_ = 0;
  uint64_t rounds_ = 0;
  uint64_t errors_ = 0;
  std::map<std::string, Histogram, std::less<>> latencies_;  // nanoseconds
  std::map<std::string, uint64_t, std::less<>> checked_;
  std::vector<Window> windows_;
  std::map<std::string, uint64_t> error_samples_;
};

}  // namespace semel::bench

#endif  // SEMEL_BENCH_TRAFFIC_TALLY_H_
