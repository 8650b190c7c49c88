#include "bench/traffic/tally.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace semel::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class TallyTest : public testing::Test {
 protected:
  void CallEnded(milliseconds at, milliseconds latency) { tally_.CallEnded("Begin", begun_ + at, latency); }
  nlohmann::json WindowsUntil(milliseconds end) {
    tally_.StopMeasuring(begun_ + end);
    return tally_.ToJson()["windows"];
  }

  const SteadyClock::time_point begun_{seconds(100)};
  Tally tally_{seconds(1)};
};

TEST_F(TallyTest, AWindowTellsOfTheCallsThatEndedInIt) {
  tally_.StartMeasuring(begun_);
  CallEnded(milliseconds(500), milliseconds(2));
  CallEnded(milliseconds(1500), milliseconds(4));
  const nlohmann::json windows = WindowsUntil(seconds(2));
  ASSERT_EQ(windows.size(), 2);
  EXPECT_DOUBLE_EQ(windows[0]["p99"], 2);
  EXPECT_DOUBLE_EQ(windows[1]["p99"], 4);
  EXPECT_EQ(windows[1]["count"], 1);
}

TEST_F(TallyTest, AStallIsNotAPerfectWindow) {
  tally_.StartMeasuring(begun_);
  CallEnded(milliseconds(100), milliseconds(2));
  CallEnded(milliseconds(3500), milliseconds(3));
  CallEnded(milliseconds(3600), milliseconds(3400));
  const nlohmann::json windows = WindowsUntil(seconds(4));
  ASSERT_EQ(windows.size(), 4);
  for (const size_t without_calls : {1, 2}) {
    EXPECT_EQ(windows[without_calls]["count"], 0);
    for (const char* figure : {"p50", "p99", "p99.9", "max"}) EXPECT_DOUBLE_EQ(windows[without_calls][figure], 3400);
  }
}

TEST_F(TallyTest, TheLastWindowIsAsLongAsTheRunStillWas) {
  tally_.StartMeasuring(begun_);
  CallEnded(milliseconds(1100), milliseconds(2));
  EXPECT_DOUBLE_EQ(WindowsUntil(milliseconds(1250))[1]["seconds"], 0.25);
}

TEST_F(TallyTest, WhatEndsBeforeMeasuringDoesNotCount) {
  CallEnded(milliseconds(0), milliseconds(2));
  tally_.StartMeasuring(begun_);
  EXPECT_TRUE(WindowsUntil(seconds(1)).empty());
}

}  // namespace
}  // namespace semel::bench
