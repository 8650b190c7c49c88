// Begins that wait (rule 14): who is woken by what, in which order, and that nobody waits for ever.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/engine/committer_fixture.h"

namespace semel::engine {
namespace {

TEST_F(CommitterTest, AWaiterHearsTheResultAsSoonAsThereIsOne) {
  const int64_t token = Acquire('A');
  TestOperation* waiter = RunOne(BeginBy('B', 1min));
  EXPECT_TRUE(waiter->waits());
  EXPECT_EQ(stats_->waiters.value(), 1);
  Advance(5s);
  RunOne(CompleteWith(token, "paid"));
  EXPECT_EQ(waiter->said(), "done result=paid completed=@5s expires=@1d5s");
  EXPECT_EQ(stats_->waiters.value(), 0);
  EXPECT_EQ(committer_->NextDue(), std::nullopt);
}

TEST_F(CommitterTest, WithoutAWaitItIsToldAtOnce) {
  Acquire('A');
  EXPECT_EQ(RunOne(BeginBy('B'))->said(), "in_progress owner=A attempt=1 remaining=30s");
}

TEST_F(CommitterTest, AReleasedKeyGoesToTheOneWhoWaitedLongest) {
  const int64_t token = Acquire('A');
  std::vector<TestOperation*> waiters;
  for (char who : {'B', 'C', 'D'}) waiters.push_back(RunOne(BeginBy(who, 1min)));
  RunOne(Release{.token = token});
  ASSERT_TRUE(waiters[0]->Is<Acquired>());
  EXPECT_EQ(waiters[0]->As<Acquired>().previous, Previous::kReleased);
  EXPECT_TRUE(waiters[1]->waits());
  EXPECT_TRUE(waiters[2]->waits());
  RunOne(Release{.token = waiters[0]->As<Acquired>().token});
  EXPECT_TRUE(waiters[1]->Is<Acquired>());
  EXPECT_TRUE(waiters[2]->waits());
}

TEST_F(CommitterTest, WhoComesInTheBatchOfAReleaseStandsBehindThoseWhoWaited) {
  const int64_t token = Acquire('A');
  TestOperation* waiter = RunOne(BeginBy('B', 1min));
  TestOperation* release = Make(Release{.token = token});
  TestOperation* newcomer = Make(BeginBy('C', 1min));
  Run({release, newcomer});
  EXPECT_TRUE(waiter->Is<Acquired>());
  EXPECT_TRUE(newcomer->waits());
}

TEST_F(CommitterTest, ALapsedLeaseGoesToTheOneWhoWaitedLongest) {
  Acquire('A');
  TestOperation* second = RunOne(BeginBy('B', 1min));
  TestOperation* third = RunOne(BeginBy('C', 1min));
  EXPECT_EQ(committer_->NextDue(), kStart + 30s);
  RunWhatIsDue();
  ASSERT_TRUE(second->Is<Acquired>());
  EXPECT_EQ(second->As<Acquired>().previous, Previous::kAbandoned);
  EXPECT_TRUE(third->waits());
  EXPECT_EQ(committer_->NextDue(), kStart + 1min) << "the lease of the second and the wait of the third both end then";
  RunWhatIsDue();
  EXPECT_TRUE(third->Is<Acquired>()) << "at the end of its wait the key is free";
  EXPECT_EQ(stats_->waiters.value(), 0);
}

TEST_F(CommitterTest, ALapseIntoDoubtIsHeardByAllWhoWait) {
  Acquire('A', "order-1", "doubt");
  TestOperation* second = RunOne(BeginBy('B', 1min), "order-1", "doubt");
  TestOperation* third = RunOne(BeginBy('C', 1min), "order-1", "doubt");
  RunWhatIsDue();
  EXPECT_EQ(second->said(), "in_doubt owner=A since=@30s");
  EXPECT_EQ(third->said(), "in_doubt owner=A since=@30s");
}

TEST_F(CommitterTest, ARenewedLeaseIsWaitedForAnew) {
  const int64_t token = Acquire('A');
  TestOperation* waiter = RunOne(BeginBy('B', 5min));
  Advance(20s);
  RunOne(Renew{.token = token});
  EXPECT_EQ(committer_->NextDue(), kStart + 50s);
  Advance(29s);
  Run({});
  EXPECT_TRUE(waiter->waits());
  RunOne(Renew{.token = token, .lease = 100ms});
  EXPECT_EQ(committer_->NextDue(), kStart + 49s + 100ms) << "also where it became shorter";
  RunWhatIsDue();
  EXPECT_TRUE(waiter->Is<Acquired>());
}

TEST_F(CommitterTest, AWaitEndsWithWhatIsTrueThen) {
  Acquire('A');
  TestOperation* waiter = RunOne(BeginBy('B', 10s));
  EXPECT_EQ(committer_->NextDue(), kStart + 10s);
  RunWhatIsDue();
  EXPECT_EQ(waiter->said(), "in_progress owner=A attempt=1 remaining=20s");
}

TEST_F(CommitterTest, ACallerIsAnsweredBeforeItGivesUp) {
  Acquire('A');
  TestOperation* waiter = Make(BeginBy('B', 1min));
  waiter->deadline = Now() + 10s;
  Run({waiter});
  ASSERT_TRUE(waiter->waits());
  ASSERT_LT(*committer_->NextDue(), kStart + 10s);
  ASSERT_GT(*committer_->NextDue(), kStart + 9s);
  RunWhatIsDue();
  EXPECT_TRUE(waiter->Is<InProgress>()) << "not DEADLINE_EXCEEDED";

  TestOperation* impatient = Make(BeginBy('C', 1min));
  impatient->deadline = Now() + 1ms;
  Run({impatient});
  EXPECT_TRUE(impatient->Is<InProgress>()) << "there is no time to wait";
}

TEST_F(CommitterTest, AllWhoWaitedTooLongAreAnsweredInOneRun) {
  const int64_t token = Acquire('A');
  TestOperation* one = RunOne(BeginBy('B', 10s));
  TestOperation* two = RunOne(BeginBy('C', 15s));
  Advance(20s);
  TestOperation* complete = Make(CompleteWith(token));
  Run({complete});
  EXPECT_TRUE(complete->Is<Completed>());
  EXPECT_TRUE(one->Is<Done>()) << "what arrived is decided first, and then there is a better answer than in_progress";
  EXPECT_TRUE(two->Is<Done>());
}

// A sync that stalls past the lease holds up the owner's Complete in front of us: that must not cost it the key.
TEST_F(CommitterTest, AnOwnerThatWeHeldUpDoesNotLoseItsKeyToThoseWhoWait) {
  const int64_t token = Acquire('A');
  TestOperation* waiter = RunOne(BeginBy('B', 10min));
  Advance(31s);
  TestOperation* complete = Make(CompleteWith(token, "paid"));
  Run({complete});
  EXPECT_TRUE(complete->Is<Completed>()) << complete->said();
  ASSERT_TRUE(waiter->Is<Done>()) << waiter->said();
}

TEST_F(CommitterTest, WhoWaitsComesBeforeWhoArrives) {
  Acquire('A');
  TestOperation* waiter = RunOne(BeginBy('B', 10min));
  Advance(31s);
  TestOperation* newcomer = RunOne(BeginBy('C'));
  EXPECT_TRUE(waiter->Is<Acquired>()) << waiter->said();
  EXPECT_TRUE(newcomer->Is<InProgress>()) << newcomer->said();
}

TEST_F(CommitterTest, ACancelledWaiterLeavesNothingBehind) {
  const int64_t token = Acquire('A');
  TestOperation* gone = RunOne(BeginBy('B', 1min));
  TestOperation* stays = RunOne(BeginBy('C', 2min));
  EXPECT_TRUE(committer_->Cancel(gone));
  EXPECT_FALSE(committer_->Cancel(gone));
  EXPECT_EQ(stats_->waiters.value(), 1);
  RunOne(Release{.token = token});
  EXPECT_TRUE(gone->waits()) << "whoever is gone does not become the owner";
  EXPECT_TRUE(stays->Is<Acquired>());
  EXPECT_FALSE(committer_->Cancel(stays)) << "it was answered";
  EXPECT_EQ(committer_->NextDue(), std::nullopt);
}

TEST_F(CommitterTest, NothingIsDueOnceTheLastWaiterWasCancelled) {
  Acquire('A');
  TestOperation* gone = RunOne(BeginBy('B', 1min));
  EXPECT_TRUE(committer_->Cancel(gone));
  EXPECT_EQ(committer_->NextDue(), std::nullopt);
}

TEST_F(CommitterTest, BeyondTheBoundNobodyWaits) {
  Limits limits;
  limits.max_waiters_per_key = 2;
  limits.max_waiters = 3;
  StartProcess(limits);
  Acquire('A', "order-1");
  Acquire('A', "order-2");
  EXPECT_TRUE(RunOne(BeginBy('B', 1min), "order-1")->waits());
  EXPECT_TRUE(RunOne(BeginBy('C', 1min), "order-1")->waits());
  EXPECT_TRUE(RunOne(BeginBy('D', 1min), "order-1")->Is<InProgress>());
  EXPECT_TRUE(RunOne(BeginBy('B', 1min), "order-2")->waits());
  EXPECT_TRUE(RunOne(BeginBy('C', 1min), "order-2")->Is<InProgress>());
  EXPECT_EQ(stats_->refused_waits.value(), 2);
  EXPECT_EQ(stats_->waiters.value(), 3);
}

TEST_F(CommitterTest, WaitingMayBeTurnedOff) {
  Limits limits;
  limits.max_waiters_per_key = 0;
  StartProcess(limits);
  const int64_t token = Acquire('A');
  EXPECT_TRUE(RunOne(BeginBy('B', 1min))->Is<InProgress>());
  EXPECT_TRUE(RunOne(Renew{.token = token})->Is<Renewed>());
}

TEST_F(CommitterTest, TenThousandWaitForOneKey) {
  constexpr size_t kWaiters = 10'000;
  const int64_t token = Acquire('A');
  std::vector<TestOperation*> waiters;
  for (size_t i = 0; i < kWaiters; ++i) {
    Begin begin = BeginBy('B', 1min);
    begin.attempt_id[14] = static_cast<uint8_t>(i >> 8);
    begin.attempt_id[15] = static_cast<uint8_t>(i);
    waiters.push_back(Make(begin));
  }
  Run(waiters);
  EXPECT_EQ(stats_->waiters.value(), kWaiters);

  const uint64_t before = stats_->commits.value();
  RunOne(Release{.token = token});
  ASSERT_TRUE(waiters[0]->Is<Acquired>());
  EXPECT_EQ(stats_->waiters.value(), kWaiters - 1) << "exactly one acquires";
  RunOne(CompleteWith(waiters[0]->As<Acquired>().token, "paid"));
  EXPECT_EQ(stats_->commits.value(), before + 2);
  EXPECT_EQ(stats_->waiters.value(), 0);
  for (size_t i = 1; i < kWaiters; ++i) {
    ASSERT_EQ(waiters[i]->said(), "done result=paid completed=@0s expires=@1d") << i;
  }
}

// One group commit must not hold gigabytes of answers: the rest is woken by the next runs.
TEST_F(CommitterTest, LargeResultsWakeAFewWaitersAtATime) {
  const std::string payload(3 * kMiB, 'x');
  const size_t at_once = kMaxWokenBytes / payload.size() + 1;
  const int64_t token = Acquire('A');
  std::vector<TestOperation*> waiters;
  for (size_t i = 0; i < at_once + 5; ++i) waiters.push_back(Make(BeginBy('B', 1min)));
  Run(waiters);
  RunOne(CompleteWith(token, payload));
  EXPECT_EQ(stats_->waiters.value(), 5);
  EXPECT_LE(*committer_->NextDue(), Now()) << "due at once";
  Run({});
  EXPECT_EQ(stats_->waiters.value(), 0);
  for (const TestOperation* waiter : waiters) EXPECT_TRUE(waiter->Is<Done>());
}

// The retry of a waiter that became the owner meanwhile may bring a shorter lease, by which the others must go.
TEST_F(CommitterTest, ALeaseThatAnEndingWaitMadeShorterIsWaitedFor) {
  const int64_t token = Acquire('A');
  TestOperation* owner = RunOne(BeginBy('B', 1min));
  TestOperation* other = RunOne(BeginBy('C', 1min));
  TestOperation* retry = RunOne(BeginBy('B', 1s, 2s));
  RunOne(Release{.token = token});
  ASSERT_TRUE(owner->Is<Acquired>());
  ASSERT_TRUE(retry->waits()) << "behind the other";
  RunWhatIsDue();
  ASSERT_TRUE(retry->Is<Acquired>());
  EXPECT_EQ(retry->As<Acquired>().token, owner->As<Acquired>().token);
  EXPECT_EQ(committer_->NextDue(), kStart + 1s + 2s);
  RunWhatIsDue();
  EXPECT_TRUE(other->Is<Acquired>());
}

}  // namespace
}  // namespace semel::engine
