// SIGSTOP for longer than leases, then SIGCONT: of the server, and of an owner. Nobody is told what is not so, and no two own a
// key.

#include <gmock/gmock.h>

#include <csignal>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "tests/support/caller.h"
#include "tests/support/requests.h"
#include "tests/support/scrape.h"
#include "tests/support/semeld.h"

namespace semel::hardship {
namespace {

using support::BeginOf;
using support::Caller;
using support::ChildProcess;
using support::Eventually;
using support::PendingBegin;
using support::RenewOf;
using support::ResultOf;
using support::Scrape;
using support::Semeld;
using support::WaitingBeginOf;

constexpr absl::Duration kLease = absl::Seconds(2);

using PendingRenew = support::Pending<v1::RenewRequest, v1::RenewResponse>;
using Async = v1::IdempotencyService::StubInterface::async_interface;

// Returns when the kernel has stopped every thread of it.
bool Stop(ChildProcess& process) {
  process.Signal(SIGSTOP);
  return Eventually([&] {
    std::stringstream stat;
    stat << std::ifstream(absl::StrCat("/proc/", process.pid(), "/stat")).rdbuf();
    const std::string text = stat.str();
    return text.find(") T ") != std::string::npos;
  });
}

// The lease must really run out: this is the event that the tests are about.
void LetTheLeaseLapse() { absl::SleepFor(kLease + absl::Seconds(1)); }

class StoppedTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(semeld_.AwaitReady()) << semeld_.Log();
    owner_.emplace(semeld_.NewChannel());
    rival_.emplace(semeld_.NewChannel());
  }
  int64_t Acquire(const std::string& key) {
    v1::BeginRequest begin = BeginOf(key);
    *begin.mutable_lease() = support::ToWire(kLease);
    const auto begun = owner_->Call(begin);
    EXPECT_TRUE(begun->has_acquired()) << begun.error();
    return begun->acquired().token();
  }
  bool AwaitWaiters(int count) {
    return Eventually([&] { return Scrape(semeld_.Get("/metrics").body)["semel_waiters"] == count; });
  }

  const support::TemporaryDirectory directory_;
  Semeld semeld_{directory_};
  std::optional<Caller> owner_, rival_;
};

// What the owner sent while the server was stopped counts before those who wait for its key.
TEST_F(StoppedTest, ServerAndTheOwnerSpokeMeanwhile) {
  const int64_t token = Acquire("order-1");
  const PendingBegin waiter(*rival_, WaitingBeginOf("order-1"));
  ASSERT_TRUE(AwaitWaiters(1));
  ASSERT_TRUE(Stop(semeld_.process()));
  v1::RenewRequest renew = RenewOf("order-1", token);
  *renew.mutable_lease() = support::ToWire(absl::Minutes(10));
  const PendingRenew renewal(*owner_, &Async::Renew, renew);
  LetTheLeaseLapse();
  semeld_.process().Signal(SIGCONT);
  ASSERT_TRUE(renewal.Await().ok()) << renewal.Await().error() << ": it was in time, for all that it could know";
  EXPECT_FALSE(waiter.IsAnswered());
  ASSERT_TRUE(owner_->Call(ResultOf("order-1", token, "paid")).ok());
  EXPECT_EQ(waiter.Await()->done().result().payload(), "paid");
}

TEST_F(StoppedTest, ServerAndTheOwnerSaidNothing) {
  const int64_t token = Acquire("order-1");
  const PendingBegin waiter(*rival_, WaitingBeginOf("order-1"));
  const PendingBegin second(*rival_, WaitingBeginOf("order-1"));
  ASSERT_TRUE(AwaitWaiters(2));
  ASSERT_TRUE(Stop(semeld_.process()));
  LetTheLeaseLapse();
  semeld_.process().Signal(SIGCONT);
  ASSERT_TRUE(Eventually([&] { return waiter.IsAnswered() || second.IsAnswered(); }));
  ASSERT_TRUE(AwaitWaiters(1)) << "one of them has it, the other waits on";
  const auto& taken = waiter.IsAnswered() ? waiter.Await() : second.Await();
  ASSERT_TRUE(taken->has_acquired()) << taken->ShortDebugString();
  EXPECT_EQ(taken->acquired().previous(), v1::PREVIOUS_ABANDONED);
  EXPECT_GT(taken->acquired().token(), token);
  for (const auto& error :
       {owner_->Call(RenewOf("order-1", token)).error(), owner_->Call(ResultOf("order-1", token)).error()}) {
    EXPECT_EQ(error.reason, "TOKEN_STALE") << error;
  }
  ASSERT_TRUE(rival_->Call(ResultOf("order-1", taken->acquired().token(), "paid")).ok());
}

TEST_F(StoppedTest, ServerAndNobodyElseCame) {
  const int64_t token = Acquire("order-1");
  ASSERT_TRUE(Stop(semeld_.process()));
  LetTheLeaseLapse();
  semeld_.process().Signal(SIGCONT);
  EXPECT_TRUE(owner_->Call(ResultOf("order-1", token, "paid")).ok()) << "late, but nobody took over";
}

class StoppedOwnerTest : public StoppedTest {
 protected:
  void SetUp() override {
    StoppedTest::SetUp();
    process_.emplace(ChildProcess::Options{.command = {SEMEL_HARDSHIP_OWNER, absl::StrCat("127.0.0.1:", semeld_.port()),
                                                       "order-1", absl::StrCat(absl::ToInt64Milliseconds(kLease))},
                                           .stderr_file = directory_ / "owner.log"});
    const std::optional<std::string> line = process_->ReadLine();
    ASSERT_TRUE(line && line->starts_with("acquired ")) << line.value_or("nothing");
    ASSERT_TRUE(Stop(*process_));
    LetTheLeaseLapse();
  }
  std::string Continue() {
    process_->Signal(SIGUSR1);
    process_->Signal(SIGCONT);
    return process_->ReadLine().value_or("nothing");
  }

  std::optional<ChildProcess> process_;
};

TEST_F(StoppedOwnerTest, IsToldThatAnotherTookOver) {
  const auto taken = rival_->Call(BeginOf("order-1"));
  ASSERT_TRUE(taken->has_acquired()) << taken.error();
  EXPECT_EQ(taken->acquired().previous(), v1::PREVIOUS_ABANDONED);
  EXPECT_EQ(Continue(), "TOKEN_STALE");
  ASSERT_TRUE(rival_->Call(ResultOf("order-1", taken->acquired().token(), "by the other")).ok());
  EXPECT_EQ(rival_->Call(support::LookupOf("order-1"))->record().result().payload(), "by the other");
}

TEST_F(StoppedOwnerTest, MayStillCompleteWhenNobodyTookOver) {
  EXPECT_EQ(Continue(), "OK");
  EXPECT_EQ(rival_->Call(BeginOf("order-1"))->done().result().payload(), "by the owner that was stopped");
}

}  // namespace
}  // namespace semel::hardship
