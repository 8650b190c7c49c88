#include "bench/load/recorder.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace semel::bench {
namespace {

SteadyClock::time_point At(int milliseconds) {
  return SteadyClock::time_point() + std::chrono::milliseconds(milliseconds);
}

// Measures from 1,000 to 2,000 ms: tells of a call that was sent and ended then and then.
nlohmann::json ReportOf(int sent, int ended) {
  Recorder recorder;
  auto end_call_until = [&, open = true](int now) mutable {
    if (!open || ended > now) return;
    open = false;
    recorder.CallEnded("Begin", At(sent), At(ended));
    recorder.PairsEnded(1);
  };
  end_call_until(1'000);
  recorder.StartMeasuring(At(1'000));
  end_call_until(2'000);
  recorder.StopMeasuring(At(2'000));
  end_call_until(10'000);
  EXPECT_EQ(recorder.all_calls(), 1);
  EXPECT_EQ(recorder.all_pairs(), 1);
  return recorder.ToJson();
}

TEST(RecorderTest, ACallWithinTheIntervalCountsWithItsLatency) {
  nlohmann::json report = ReportOf(1'100, 1'105);
  EXPECT_EQ(report["calls_per_s"], 1);
  EXPECT_EQ(report["pairs_per_s"], 1);
  EXPECT_EQ(report["latency_ms"]["Begin"]["max"], 5);
}

TEST(RecorderTest, WhatWasInFlightAtTheBeginningHasNoLatency) {
  nlohmann::json report = ReportOf(999, 1'105);
  EXPECT_EQ(report["pairs_per_s"], 1);
  EXPECT_TRUE(report["latency_ms"].empty());
}

TEST(RecorderTest, WhatIsInFlightAtTheEndHasALatencyButIsNoThroughput) {
  nlohmann::json report = ReportOf(1'999, 5'999);
  EXPECT_EQ(report["calls_per_s"], 0);
  EXPECT_EQ(report["pairs_per_s"], 0);
  EXPECT_EQ(report["latency_ms"]["Begin"]["p50"], 4'000);
}

TEST(RecorderTest, WhatIsSentBeforeOrAfterDoesNotCount) {
  for (auto [sent, ended] : {std::pair(500, 600), {2'000, 2'001}}) {
    nlohmann::json report = ReportOf(sent, ended);
    EXPECT_EQ(report["calls"], 0);
    EXPECT_TRUE(report["latency_ms"].empty());
  }
}

}  // namespace
}  // namespace semel::bench
