#include "storage/clock.h"

#include <gtest/gtest.h>

namespace semel::storage {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(ClockTest, StartsAtTheWallClockWhenThereIsNoMark) {
  ManualTime time;
  Clock clock(time, {});
  EXPECT_EQ(clock.Now(), time.Wall());
  EXPECT_EQ(clock.boot_time(), time.Wall());
  EXPECT_EQ(clock.last_alive(), Time{});
}

TEST(ClockTest, GoesOnWithMonotonicTimeWhateverTheWallClockDoes) {
  ManualTime time;
  Clock clock(time, {});
  const Time boot = clock.Now();
  time.StepWall(-hours(3));
  EXPECT_EQ(clock.Now(), boot);
  time.Advance(seconds(5));
  EXPECT_EQ(clock.Now(), boot + seconds(5));
  time.StepWall(hours(9));
  EXPECT_EQ(clock.Now(), boot + seconds(5));
  EXPECT_EQ(clock.boot_time(), boot);
  EXPECT_EQ(clock.WallOffset(), hours(6));
}

TEST(ClockTest, StartsAtTheMarkWhenTheWallClockWasSetBack) {
  ManualTime time;
  const ClockMark mark{.high_water = time.Wall() + hours(1), .alive = time.Wall() + minutes(59)};
  Clock clock(time, mark);
  EXPECT_EQ(clock.Now(), mark.high_water);
  EXPECT_EQ(clock.last_alive(), mark.alive);
  EXPECT_EQ(clock.WallOffset(), -hours(1));
}

TEST(ClockTest, WantsAMarkBeforeItsFirstInstantIsReliedOn) {
  ManualTime time;
  for (ClockMark last : {ClockMark{}, ClockMark{.high_water = time.Wall() + hours(1), .alive = time.Wall()}}) {
    Clock clock(time, last);
    EXPECT_TRUE(clock.MustMark(clock.Now()));
  }
}

TEST(ClockTest, AMarkLastsForAStep) {
  ManualTime time;
  Clock clock(time, {});
  const ClockMark mark = clock.NextMark(clock.Now(), clock.Now());
  EXPECT_EQ(mark.alive, clock.Now());
  EXPECT_EQ(mark.high_water, clock.Now() + Clock::kStep);
  clock.Marked(mark);
  EXPECT_FALSE(clock.MustMark(clock.Now()));
  time.Advance(Clock::kStep - Duration(1));
  EXPECT_FALSE(clock.MustMark(clock.Now()));
  time.Advance(Duration(1));
  EXPECT_TRUE(clock.MustMark(clock.Now())) << "the mark itself was never handed out";
}

// The example of clock.h, over many lives of a process whose wall clock is set back again and again.
TEST(ClockTest, NeverRunsBackOverRestarts) {
  ManualTime time;
  ClockMark on_disk;
  Time last{};
  for (int life = 0; life < 50; ++life) {
    Clock clock(time, on_disk);
    EXPECT_GT(clock.boot_time(), last);
    for (int i = 0; i < 7; ++i) {
      const Time now = clock.Now();
      EXPECT_GE(now, last);
      if (clock.MustMark(now)) {
        on_disk = clock.NextMark(now, now);
        clock.Marked(on_disk);
      }
      last = now;
      time.Advance(milliseconds(190 * (life % 3)));
    }
    if (life % 2) time.StepWall(-seconds(40));
  }
}

TEST(ClockTest, TheLastInstantAliveLagsByAStepAtMost) {
  ManualTime time;
  ClockMark on_disk;
  Clock clock(time, on_disk);
  for (int i = 0; i < 20; ++i) {
    const Time now = clock.Now();
    if (clock.MustMark(now)) {
      on_disk = clock.NextMark(now, now);
      clock.Marked(on_disk);
    }
    EXPECT_LE(on_disk.alive, now);
    EXPECT_LT(now - on_disk.alive, Clock::kStep);
    time.Advance(milliseconds(300));
  }
}

TEST(ClockTest, TheSystemsTimeMoves) {
  const Duration before = SystemTime().Monotonic();
  while (SystemTime().Monotonic() == before) {
  }
  EXPECT_GT(SystemTime().Wall(), FromMicros(1'600'000'000'000'000));
}

}  // namespace
}  // namespace semel::storage
