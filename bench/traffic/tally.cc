#include "bench/traffic/tally.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace semel::bench {
namespace {

constexpr size_t kErrorSamples = 5;

nlohmann::json Summary(const Histogram& nanoseconds) {
  auto ms = [&](double quantile) { return static_cast<double>(nanoseconds.Quantile(quantile)) / 1e6; };
  return {{"count", nanoseconds.count()},
          {"p50", ms(0.50)},
          {"p99", ms(0.99)},
          {"p99.9", ms(0.999)},
          {"max", static_cast<double>(nanoseconds.max()) / 1e6}};
}

// Of a window in which no call ended: whoever was in flight waited, and the longest of these waits is told by the window in which calls
// ended next. Without that a stall would look like the best window of all.
nlohmann::json Stall(const Histogram& next) {
  const double longest = static_cast<double>(next.max()) / 1e6;
  return {{"count", 0}, {"p50", longest}, {"p99", longest}, {"p99.9", longest}, {"max", longest}};
}

}  // namespace

void Tally::StartMeasuring(SteadyClock::time_point now) {
  measuring_ = true;
  started_ = now;
}

void Tally::StopMeasuring(SteadyClock::time_point now) {
  measuring_ = false;
  stopped_ = now;
}

Tally::Window& Tally::WindowAt(SteadyClock::time_point now) {
  const auto index = static_cast<size_t>((now - started_) / window_);
  if (index >= windows_.size()) windows_.resize(index + 1);
  return windows_[index];
}

void Tally::CallEnded(std::string_view kind, SteadyClock::time_point now, SteadyClock::duration latency) {
  if (!measuring_) return;
  ++calls_;
  auto found = latencies_.find(kind);
  if (found == latencies_.end()) found = latencies_.emplace(kind, Histogram()).first;
  const uint64_t nanoseconds = std::chrono::nanoseconds(latency).count();
  found->second.Record(nanoseconds);
  WindowAt(now).latency.Record(nanoseconds);
}

void Tally::RoundEnded(SteadyClock::time_point now) {
  if (!measuring_) return;
  ++rounds_;
  ++WindowAt(now).rounds;
}

void Tally::Checked(std::string_view what) {
  auto found = checked_.find(what);
  if (found == checked_.end()) found = checked_.emplace(what, 0).first;
  ++found->second;
}

void Tally::Error(std::string_view what) {
  ++errors_;
  if (error_samples_.size() < kErrorSamples) ++error_samples_[std::string(what.substr(0, 300))];
}

nlohmann::json Tally::ToJson() const {
  nlohmann::json latencies = nlohmann::json::object();
  for (const auto& [kind, histogram] : latencies_) latencies[kind] = Summary(histogram);
  nlohmann::json windows = nlohmann::json::array();
  for (size_t i = 0; i < windows_.size(); ++i) {
    // The last one is as long as the run still was.
    const SteadyClock::duration left = stopped_ - started_ - static_cast<int64_t>(i) * window_;
    const double length = std::chrono::duration<double>(std::min(window_, left)).count();
    const auto answered = std::find_if(windows_.begin() + static_cast<std::ptrdiff_t>(i), windows_.end(),
                                       [](const Window& window) { return window.latency.count() > 0; });
    const bool stalled = windows_[i].latency.count() == 0 && answered != windows_.end();
    nlohmann::json window = stalled ? Stall(answered->latency) : Summary(windows_[i].latency);
    window["seconds"] = length;
    window["rounds_per_s"] = static_cast<double>(windows_[i].rounds) / length;
    windows.push_back(std::move(window));
  }
  return {
      {"seconds", seconds()},
      {"calls_per_s", static_cast<double>(calls_) / seconds()},
      {"rounds_per_s", static_cast<double>(rounds_) / seconds()},
      {"latency_ms", latencies},
      {"checked", checked_},
      {"windows", windows},
      {"errors", errors_},
      {"error_samples", error_samples_},
  };
}

}  // namespace semel::bench
