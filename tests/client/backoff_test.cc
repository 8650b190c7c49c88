#include "client/cpp/backoff.h"

#include <chrono>
#include <set>

#include <gtest/gtest.h>

namespace semel {
namespace {

using namespace std::chrono_literals;

constexpr RetryOptions kOptions{.initial_backoff = 50ms, .max_backoff = 300ms, .multiplier = 2.0};

TEST(BackoffTest, DrawsBelowADoublingCeilingThatEndsAtTheMaximum) {
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    Backoff backoff(kOptions, seed);
    for (const Duration ceiling : {50ms, 100ms, 200ms, 300ms, 300ms}) {
      const Duration pause = backoff.Next(std::nullopt);
      EXPECT_GE(pause, 0ns);
      EXPECT_LE(pause, ceiling);
    }
  }
}

TEST(BackoffTest, UsesTheWholeRange) {
  Duration smallest = 1h;
  Duration greatest = 0ns;
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    const Duration pause = Backoff(kOptions, seed).Next(std::nullopt);
    smallest = std::min(smallest, pause);
    greatest = std::max(greatest, pause);
  }
  EXPECT_LT(smallest, 2ms);
  EXPECT_GT(greatest, 48ms);
}

TEST(BackoffTest, IsNeverShorterThanTheServerAskedForAndSpreadsThoseWhoWereToldTheSame) {
  std::set<Duration> pauses;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const Duration pause = Backoff(kOptions, seed).Next(2s);
    EXPECT_GE(pause, 2s);
    EXPECT_LE(pause, 2s + 50ms);
    pauses.insert(pause);
  }
  EXPECT_GT(pauses.size(), 90u);
}

TEST(BackoffTest, KeepsToAMaximumBelowTheInitialPause) {
  Backoff backoff({.initial_backoff = 1s, .max_backoff = 10ms}, 7);
  EXPECT_LE(backoff.Next(std::nullopt), 10ms);
}

TEST(BackoffTest, ZeroDoesNotPause) {
  Backoff backoff({.initial_backoff = 0s, .max_backoff = 0s}, 7);
  EXPECT_EQ(backoff.Next(std::nullopt), 0ns);
  EXPECT_EQ(backoff.Next(1s), 1s);
}

}  // namespace
}  // namespace semel
