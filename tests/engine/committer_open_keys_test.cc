// The set of open keys: its bounds, what a restart makes of it, and how it is swept.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/engine/committer_fixture.h"

namespace semel::engine {
namespace {

TEST_F(CommitterTest, OpenKeysAreBounded) {
  Limits limits;
  limits.max_open_keys = 2;
  StartProcess(limits);
  const int64_t token = Acquire('A', "order-1");
  // Those that a batch opens count before they are written.
  TestOperation* second = Make(BeginBy('A'), "order-2");
  TestOperation* third = Make(BeginBy('A'), "order-3");
  Run({second, third});
  EXPECT_TRUE(second->Is<Acquired>());
  EXPECT_EQ(third->said(), "refused OVERLOADED");
  EXPECT_EQ(third->As<Refusal>().metadata[0].second, "max_open_keys") << "it says which limit";

  EXPECT_TRUE(RunOne(BeginBy('A'), "order-1")->Is<Acquired>()) << "what is open already takes no room";
  EXPECT_TRUE(RunOne(CompleteWith(token), "order-1")->Is<Completed>()) << "what makes room is never refused";
  EXPECT_TRUE(RunOne(BeginBy('A'), "order-3")->Is<Acquired>());
  Advance(31s);
  EXPECT_TRUE(RunOne(BeginBy('B'), "order-3")->Is<Acquired>()) << "nor is a takeover";
}

TEST_F(CommitterTest, WhatOpenKeysHoldIsBounded) {
  Limits limits;
  limits.max_open_bytes = 2000;
  StartProcess(limits);
  const int64_t token = Acquire('A');
  EXPECT_TRUE(RunOne(Checkpoint{.token = token, .data = std::string(1500, 'x')})->Is<Checkpointed>());
  EXPECT_EQ(RunOne(Checkpoint{.token = token, .data = std::string(2500, 'x')})->said(), "refused OVERLOADED");
  EXPECT_EQ(RunOne(Lookup{})->As<Found>().record.checkpoint.size(), 1500) << "a refusal changes nothing";
  EXPECT_TRUE(RunOne(Checkpoint{.token = token, .data = "less"})->Is<Checkpointed>());
  EXPECT_TRUE(RunOne(CompleteWith(token))->Is<Completed>());
}

// Rule 13.
TEST_F(CommitterTest, ARestartGivesLiveLeasesTheirFullLengthAgain) {
  Acquire('A', "live");
  Advance(10s);
  RunOne(BeginBy('A', Duration(0), 1s), "lapsed");
  Advance(15s);
  RunOne(Lookup{}, "live");  // the process is alive at @25s, and says so on disk
  EndProcess();
  Advance(10min);
  StartProcess();
  EXPECT_EQ(stats_->leases_honoured.value(), 1);
  EXPECT_EQ(RunOne(BeginBy('B'), "live")->said(), "in_progress owner=A attempt=1 remaining=30s");
  EXPECT_EQ(RunOne(BeginBy('B'), "lapsed")->As<Acquired>().previous, Previous::kAbandoned);
  Advance(30s);
  EXPECT_EQ(RunOne(BeginBy('B'), "live")->As<Acquired>().previous, Previous::kAbandoned);
}

TEST_F(CommitterTest, AProcessThatEndedBeforeItStartedChangesNothing) {
  Acquire('A');
  EndProcess();
  Advance(10min);
  storage_ = std::make_unique<storage::MemoryStorage>(time_, disk_);  // opened, but never started
  EndProcess();
  Advance(10min);
  StartProcess();
  EXPECT_EQ(RunOne(BeginBy('B'))->said(), "in_progress owner=A attempt=1 remaining=30s");
}

TEST_F(CommitterTest, AStartThatCannotWriteIsAFailure) {
  Acquire('A');
  EndProcess();
  storage_ = std::make_unique<storage::MemoryStorage>(time_, disk_);
  storage_->FailNextCommit(storage::CommitFault::kNothingWritten);
  Committer committer(*storage_, policies_, Limits(), *stats_);
  EXPECT_FALSE(committer.Start().ok());
}

TEST_F(CommitterTest, ManyLeasesAreHonouredInOneCommit) {
  std::vector<TestOperation*> batch;
  for (int i = 0; i < 2500; ++i) batch.push_back(Make(BeginBy('A'), "order-" + std::to_string(i)));  // pages of a scan
  Run(batch);
  EndProcess();
  Advance(1h);
  StartProcess();
  EXPECT_EQ(stats_->leases_honoured.value(), 2500);
  EXPECT_TRUE(RunOne(BeginBy('B'), "order-0")->Is<InProgress>());
  EXPECT_TRUE(RunOne(BeginBy('B'), "order-2499")->Is<InProgress>());
}

// Rule 8: they count as absent at once; this frees their memory.
TEST_F(CommitterTest, AbandonedKeysPastTheirTimeLeaveTheOpenSet) {
  const int64_t token = Acquire('A', "abandoned");
  Advance(30s + 24h * 30 - 1us);
  Acquire('A', "live");
  ASSERT_TRUE(committer_->Maintain().ok());
  EXPECT_EQ(storage_->Open().keys(), 2);
  Advance(1us);
  EXPECT_EQ(RunOne(Lookup{}, "abandoned")->said(), "no_record");
  EXPECT_EQ(storage_->Open().keys(), 2) << "reading frees nothing";
  ASSERT_TRUE(committer_->Maintain().ok());
  EXPECT_EQ(storage_->Open().keys(), 1);
  const TestOperation* begin = RunOne(BeginBy('B'), "abandoned");
  EXPECT_EQ(begin->As<Acquired>().attempt, 1u);
  EXPECT_GT(begin->As<Acquired>().token, token);
}

TEST_F(CommitterTest, SweepingGoesRoundInPages) {
  std::vector<TestOperation*> batch;
  for (int i = 0; i < 2500; ++i) batch.push_back(Make(BeginBy('A'), "order-" + std::to_string(i)));
  Run(batch);
  Advance(24h * 31);
  for (size_t left : {1500, 500, 0}) {
    ASSERT_TRUE(committer_->Maintain().ok());
    EXPECT_EQ(storage_->Open().keys(), left);
  }
}

TEST_F(CommitterTest, WhatMaintainGivesBackIsCoveredByAClockMark) {
  const int64_t token = Acquire('A');
  Complete brief = CompleteWith(token);
  brief.retention = 1s;
  RunOne(brief);
  Advance(24h * 8);  // past the retention of the key
  ASSERT_TRUE(committer_->Maintain().ok());
  EXPECT_FALSE(storage_->clock().MustMark(Now()));
  const Time told = Now();
  time_.StepWall(-24h * 8);
  StartProcess();
  EXPECT_GT(Now(), told) << "the key must not be back in its time now that it is gone";
}

}  // namespace
}  // namespace semel::engine
