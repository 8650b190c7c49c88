// Rule 14: what ends a wait, and that nobody waits for ever, twice, or for nobody.

#include <gmock/gmock.h>

#include <algorithm>
#include <list>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/e2e/local_server_test.h"
#include "tests/support/gated_storage.h"

namespace semel::e2e {
namespace {

using support::Eventually;
using support::PendingBegin;

class WaitersTest : public LocalServerTest {
 protected:
  WaitersTest() : WaitersTest(std::make_shared<support::Gate>(), {}) {}
  WaitersTest(std::shared_ptr<support::Gate> gate, support::LocalServer::Options options)
      : LocalServerTest(std::move(options), support::Behind(gate, support::InMemory())), gate_(std::move(gate)) {}

  // One more Begin that waits; returns once the server knows that it does, so that those after it queue behind it.
  PendingBegin& Wait(const v1::BeginRequest& request, absl::Duration deadline = absl::Hours(2)) {
    const int64_t before = server_.waiters();
    pending_.emplace_back(*caller_, request, deadline);
    EXPECT_TRUE(Eventually([&] { return server_.waiters() > before; }));
    return pending_.back();
  }
  PendingBegin& Wait(const std::string& key) { return Wait(WaitingBeginOf(key)); }

  int CountAnswered() const {
    return static_cast<int>(
        std::count_if(pending_.begin(), pending_.end(), [](const PendingBegin& begin) { return begin.IsAnswered(); }));
  }

  const std::shared_ptr<support::Gate> gate_;
  std::list<PendingBegin> pending_;  // in order of arrival
};

TEST_F(WaitersTest, TheResultEndsIt) {
  const int64_t token = Acquire("order-1");
  Wait("order-1");
  Wait("order-1");
  ASSERT_TRUE(Call(ResultOf("order-1", token, "paid")).ok());
  for (PendingBegin& waiter : pending_) EXPECT_EQ(waiter.Await()->done().result().payload(), "paid");
  EXPECT_EQ(server_.waiters(), 0);
}

TEST_F(WaitersTest, AFailureEndsIt) {
  const int64_t token = Acquire("order-1");
  Wait("order-1");
  ASSERT_TRUE(Call(FailureOf("order-1", token)).ok());
  EXPECT_EQ(pending_.front().Await()->failed().failure().reason(), "CARD_DECLINED");
}

TEST_F(WaitersTest, AReleaseLetsTheLongestWaitingGoFirst) {
  const int64_t token = Acquire("order-1");
  PendingBegin& first = Wait("order-1");
  PendingBegin& second = Wait("order-1");
  ASSERT_TRUE(Call(ReleaseOf("order-1", token)).ok());
  const v1::Acquired acquired = first.Await()->acquired();
  EXPECT_EQ(acquired.previous(), v1::PREVIOUS_RELEASED);
  EXPECT_FALSE(second.IsAnswered());
  EXPECT_EQ(server_.waiters(), 1);
  ASSERT_TRUE(Call(ResultOf("order-1", acquired.token(), "paid")).ok());
  EXPECT_EQ(second.Await()->done().result().payload(), "paid");
}

TEST_F(WaitersTest, WhenTheOwnerFallsSilentExactlyOneTakesOver) {
  const int64_t token = Acquire("order-1");
  for (int i = 0; i < 10; ++i) Wait("order-1");
  Elapse(absl::Seconds(29));
  EXPECT_EQ(CountAnswered(), 0);
  Elapse(absl::Seconds(1));
  const v1::Acquired acquired = pending_.front().Await()->acquired();
  EXPECT_EQ(acquired.previous(), v1::PREVIOUS_ABANDONED);
  EXPECT_EQ(acquired.attempt(), 2);
  EXPECT_GT(acquired.token(), token);
  EXPECT_EQ(server_.waiters(), 9);
  EXPECT_EQ(CountAnswered(), 1);
  // The next lease lapses in its turn.
  Elapse(absl::Seconds(30));
  EXPECT_EQ(std::next(pending_.begin())->Await()->acquired().attempt(), 3);
  EXPECT_EQ(server_.waiters(), 8);
}

TEST_F(WaitersTest, ARenewalKeepsThemWaiting) {
  const int64_t token = Acquire("order-1");
  Wait("order-1");
  Elapse(absl::Seconds(29));
  ASSERT_TRUE(Call(RenewOf("order-1", token)).ok());
  Elapse(absl::Seconds(29));
  EXPECT_EQ(server_.waiters(), 1);
  Elapse(absl::Seconds(1));
  EXPECT_TRUE(pending_.front().Await()->has_acquired());
}

TEST_F(WaitersTest, TheirWaitTimeEndsIt) {
  Acquire("order-1");
  PendingBegin& brief = Wait(WaitingBeginOf("order-1", absl::Seconds(10)));
  PendingBegin& patient = Wait(WaitingBeginOf("order-1", absl::Seconds(20)));
  Elapse(absl::Seconds(10));
  const v1::InProgress in_progress = brief.Await()->in_progress();
  EXPECT_EQ(in_progress.lease_remaining().seconds(), 20);
  EXPECT_EQ(server_.waiters(), 1);
  Elapse(absl::Seconds(10));
  EXPECT_TRUE(patient.Await()->has_in_progress());
}

// The server's time runs ahead here, so that the call's deadline is near for the server and far for the client. Clients in
// C++, Python and Ruby tell the server three digits of it, rounded up.
TEST_F(WaitersTest, TheCallsDeadlineEndsItInTime) {
  v1::BeginRequest owner = BeginOf("order-1");
  *owner.mutable_lease() = support::ToWire(absl::Hours(1));
  const int64_t token = Acquire(owner);
  for (const absl::Duration deadline : {absl::Seconds(30), absl::Seconds(60), absl::Seconds(101), absl::Minutes(20)}) {
    SCOPED_TRACE(deadline);
    ASSERT_TRUE(Call(RenewOf("order-1", token)).ok());
    const absl::Time sent = absl::Now();
    PendingBegin& waiter = Wait(WaitingBeginOf("order-1"), deadline);
    // gRPC's clock is the machine's: as long as the call was on its way, so much less is left of its deadline here.
    const absl::Duration under_way = absl::Now() - sent;
    Elapse(0.9 * deadline);
    EXPECT_EQ(server_.waiters(), 1);
    Elapse(0.1 * deadline - under_way - absl::Milliseconds(1));
    ASSERT_EQ(server_.waiters(), 0) << "the answer would come too late";
    const auto& begun = waiter.Await();
    EXPECT_TRUE(begun.ok()) << begun.error();
    EXPECT_TRUE(begun->has_in_progress());
  }
}

TEST_F(WaitersTest, ACancelledOneLeavesNothingBehind) {
  const int64_t token = Acquire("order-1");
  PendingBegin& gone = Wait("order-1");
  PendingBegin& stays = Wait("order-1");
  gone.Cancel();
  EXPECT_EQ(gone.Await().status.error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(Eventually([&] { return server_.waiters() == 1; }));
  ASSERT_TRUE(Call(ReleaseOf("order-1", token)).ok());
  EXPECT_TRUE(stays.Await()->has_acquired()) << "the next in line, not the one that has gone";
}

TEST_F(WaitersTest, NorDoesABrokenConnection) {
  Acquire("order-1");
  {
    auto other = std::make_unique<support::Caller>(server_.NewChannel());
    PendingBegin gone(*other, WaitingBeginOf("order-1"));
    ASSERT_TRUE(Eventually([&] { return server_.waiters() == 1; }));
  }
  EXPECT_TRUE(Eventually([&] { return server_.waiters() == 0; }));
}

// The disk is slow, and callers give up before the server has read what they sent.
TEST_F(WaitersTest, NorDoesOneThatIsCancelledBeforeItIsDecided) {
  Acquire("order-1");
  gate_->Close();
  PendingBegin held(*caller_, BeginOf("order-2"));
  gate_->AwaitCommit();
  for (int i = 0; i < 200; ++i) pending_.emplace_back(*caller_, WaitingBeginOf("order-1")).Cancel();
  for (PendingBegin& gone : pending_) gone.Await();
  gate_->Open();
  EXPECT_TRUE(held.Await()->has_acquired());
  EXPECT_TRUE(Call(LookupOf("order-1")).ok()) << "read after everything before it on this connection";
  EXPECT_TRUE(Eventually([&] { return server_.call_stats().live.value() == 0; }));
  EXPECT_EQ(server_.waiters(), 0);
}

TEST_F(WaitersTest, ADrainEndsIt) {
  const int64_t token = Acquire("order-1");
  Wait("order-1");
  Wait("order-1");
  server_.server().Drain();
  for (PendingBegin& waiter : pending_) EXPECT_TRUE(waiter.Await()->has_in_progress());
  EXPECT_EQ(server_.waiters(), 0);
  EXPECT_TRUE(Call(ResultOf("order-1", token)).ok()) << "owners may still finish";
}

TEST_F(WaitersTest, TheOwnersOwnRetryDoesNotWait) {
  const v1::BeginRequest begin = WaitingBeginOf("order-1");
  const int64_t token = Acquire(begin);
  EXPECT_EQ(Acquire(begin), token);
}

TEST_F(WaitersTest, OneThatWaitsMayAskTwice) {
  const int64_t token = Acquire("order-1");
  const v1::BeginRequest begin = WaitingBeginOf("order-1");
  PendingBegin& lost = Wait(begin);
  PendingBegin& again = Wait(begin);
  ASSERT_TRUE(Call(ReleaseOf("order-1", token)).ok());
  EXPECT_EQ(lost.Await()->acquired().token(), again.Await()->acquired().token());
}

class BoundedWaitersTest : public WaitersTest {
 protected:
  BoundedWaitersTest()
      : WaitersTest(std::make_shared<support::Gate>(), {.limits = {.max_waiters = 3, .max_waiters_per_key = 2}}) {}
};

TEST_F(BoundedWaitersTest, PastABoundTheAnswerComesAtOnce) {
  Acquire("order-1");
  Acquire("order-2");
  Wait("order-1");
  Wait("order-1");
  EXPECT_TRUE(Call(WaitingBeginOf("order-1"))->has_in_progress()) << "two for a key";
  Wait("order-2");
  EXPECT_TRUE(Call(WaitingBeginOf("order-2"))->has_in_progress()) << "three in all";
  EXPECT_EQ(server_.waiters(), 3);
  EXPECT_EQ(server_.engine_stats().refused_waits.value(), 2);
  pending_.front().Cancel();
  ASSERT_TRUE(Eventually([&] { return server_.waiters() == 2; }));
  Wait("order-2");
}

class TwoPollersTest : public WaitersTest {
 protected:
  TwoPollersTest() : WaitersTest(std::make_shared<support::Gate>(), {.polling_threads = 2}) {}
};

// Whoever polls for the owner answers those who wait on the other thread's queue.
TEST_F(TwoPollersTest, WaitersAreWokenAcrossThreads) {
  const int64_t token = Acquire("order-1");
  std::list<support::Caller> callers;
  std::list<PendingBegin> waiters;
  for (int i = 0; i < 40; ++i) {
    waiters.emplace_back(callers.emplace_back(server_.NewChannel()), WaitingBeginOf("order-1"));
  }
  ASSERT_TRUE(Eventually([&] { return server_.waiters() == 40; }));
  ASSERT_TRUE(Call(ResultOf("order-1", token, "paid")).ok());
  for (const PendingBegin& waiter : waiters) EXPECT_EQ(waiter.Await()->done().result().payload(), "paid");
}

}  // namespace
}  // namespace semel::e2e
