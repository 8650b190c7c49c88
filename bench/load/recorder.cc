#include "bench/load/recorder.h"

#include <nlohmann/json.hpp>

namespace semel::bench {

namespace {

constexpr size_t kErrorSamples = 5;

nlohmann::json Summary(const Histogram& histogram) {
  auto milliseconds = [](uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e6; };
  return {
      {"count", histogram.count()},
      {"p50", milliseconds(histogram.Quantile(0.50))},
      {"p99", milliseconds(histogram.Quantile(0.99))},
      {"p99.9", milliseconds(histogram.Quantile(0.999))},
      {"max", milliseconds(histogram.max())},
  };
}

}  // namespace

void Recorder::StartMeasuring(SteadyClock::time_point now) {
  measuring_ = true;
  started_ = now;
}

void Recorder::StopMeasuring(SteadyClock::time_point now) {
  measuring_ = false;
  stopped_ = now;
}

void Recorder::CallEnded(std::string_view call, SteadyClock::time_point sent, SteadyClock::time_point now) {
  ++all_calls_;
  calls_ += measuring_ ? 1 : 0;
  if (sent < started_ || sent >= stopped_) return;
  auto it = latencies_.find(call);
  if (it == latencies_.end()) it = latencies_.emplace(call, Histogram()).first;
  it->second.Record(static_cast<uint64_t>(std::chrono::nanoseconds(now - sent).count()));
}

void Recorder::Error(std::string_view call, std::string_view what) {
  ++errors_;
  std::string sample = std::string(call) + ": " + std::string(what);
  if (error_samples_.size() < kErrorSamples || error_samples_.contains(sample)) ++error_samples_[sample];
}

nlohmann::json Recorder::ToJson() const {
  nlohmann::json latencies = nlohmann::json::object();
  for (const auto& [call, histogram] : latencies_) latencies[call] = Summary(histogram);
  return {
      {"seconds", seconds()},
      {"calls", calls_},
      {"pairs", pairs_},
      {"all_pairs", all_pairs_},
      {"calls_per_s", static_cast<double>(calls_) / seconds()},
      {"pairs_per_s", static_cast<double>(pairs_) / seconds()},
      {"latency_ms", latencies},
      {"errors", errors_},
      {"error_samples", error_samples_},
  };
}

}  // namespace semel::bench
