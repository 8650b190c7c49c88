#include "bench/load/histogram.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

namespace semel::bench {
namespace {

constexpr uint64_t kLargest = std::numeric_limits<uint64_t>::max();

// The upper bound of the bucket of a value. Another one beside it keeps the largest value out of the way.
uint64_t BoundOf(uint64_t value) {
  Histogram histogram;
  histogram.Record(value);
  histogram.Record(kLargest);
  return histogram.Quantile(0.5);
}

// Around each power of two, where buckets become twice as wide.
std::vector<uint64_t> Edges() {
  std::vector<uint64_t> edges;
  for (int bit = 1; bit < 64; ++bit) {
    uint64_t power = uint64_t{1} << bit;
    edges.insert(edges.end(), {power - 1, power, power + 1});
  }
  return edges;
}

TEST(HistogramTest, WithoutValuesEveryQuantileIsZero) {
  EXPECT_EQ(Histogram().Quantile(0), 0);
  EXPECT_EQ(Histogram().Quantile(0.999), 0);
}

TEST(HistogramTest, AQuantileIsTheSmallestValueThatSoManyDoNotExceed) {
  Histogram histogram;
  for (uint64_t value = 1; value <= 100; ++value) histogram.Record(value);
  EXPECT_EQ(histogram.Quantile(0), 1);
  EXPECT_EQ(histogram.Quantile(0.5), 50);
  EXPECT_EQ(histogram.Quantile(0.505), 51);
  EXPECT_EQ(histogram.Quantile(0.99), 99);
  EXPECT_EQ(histogram.Quantile(1), 100);
}

TEST(HistogramTest, OneSlowCallInAThousandIsBeyondTheP99Point9) {
  Histogram histogram;
  for (int i = 0; i < 999; ++i) histogram.Record(10);
  histogram.Record(1'000'000);
  EXPECT_EQ(histogram.Quantile(0.999), 10);
  EXPECT_EQ(histogram.Quantile(0.9995), 1'000'000);
  EXPECT_EQ(histogram.max(), 1'000'000);
}

TEST(HistogramTest, NoQuantileExceedsTheLargestValue) {
  Histogram histogram;
  histogram.Record(1'000'001);
  EXPECT_EQ(histogram.Quantile(0.5), 1'000'001);
}

TEST(HistogramTest, SmallValuesAreExact) {
  for (uint64_t value = 0; value < 128; ++value) EXPECT_EQ(BoundOf(value), value);
}

TEST(HistogramTest, NoValueIsToldAsLessNorAsMoreThanASixtyFourthMore) {
  for (uint64_t value : Edges()) {
    EXPECT_GE(BoundOf(value), value);
    EXPECT_LE(BoundOf(value) - value, value / 64) << value;
  }
}

TEST(HistogramTest, BucketsFollowOneAnotherWithoutAGap) {
  for (uint64_t value : Edges()) {
    uint64_t bound = BoundOf(value);
    EXPECT_EQ(BoundOf(bound), bound);
    if (bound == kLargest) continue;
    EXPECT_GT(BoundOf(bound + 1), bound);
  }
}

}  // namespace
}  // namespace semel::bench
