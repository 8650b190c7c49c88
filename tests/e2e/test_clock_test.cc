// Time that a test moves from outside of the real server, as the tests of the client libraries do.

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/support/caller.h"
#include "tests/support/requests.h"
#include "tests/support/scrape.h"
#include "tests/support/semeld.h"

namespace semel::e2e {
namespace {

using support::BeginOf;
using support::Caller;
using support::LookupOf;
using support::ResultOf;
using support::Scrape;
using support::Semeld;
using support::WaitingBeginOf;

constexpr int64_t kStart = 1'700'000'000'000'000;
constexpr int64_t kSecond = 1'000'000;

class TestClockTest : public testing::Test {
 protected:
  void Start(int64_t wall) {
    semeld_.emplace(directory_, Semeld::Options{.flags = {"--test-clock", absl::StrCat(wall)}});
    ASSERT_TRUE(semeld_->AwaitReady()) << semeld_->Log();
    caller_.emplace(semeld_->NewChannel());
  }
  support::HttpAnswer Elapse(int64_t micros) { return semeld_->Post(absl::StrCat("/testing/elapse?by=", micros)); }
  double waiters() const { return Scrape(semeld_->Get("/metrics").body)["semel_waiters"]; }

  const support::TemporaryDirectory directory_;
  std::optional<Semeld> semeld_;
  std::optional<Caller> caller_;
};

TEST_F(TestClockTest, TimeStandsStillUntilItIsMoved) {
  Start(kStart);
  ASSERT_EQ(caller_->Call(BeginOf("order-1"))->acquired().lease().seconds(), 30);
  EXPECT_EQ(Elapse(29 * kSecond + 999'999).code, 200);
  EXPECT_EQ(caller_->Call(BeginOf("order-1"))->in_progress().lease_remaining().nanos(), 1000);
  EXPECT_EQ(Elapse(1).code, 200);
  EXPECT_EQ(caller_->Call(BeginOf("order-1"))->acquired().attempt(), 2);
}

TEST_F(TestClockTest, WhatFellDueIsDecidedWhenTheAnswerComes) {
  Start(kStart);
  ASSERT_TRUE(caller_->Call(BeginOf("order-1")).ok());
  std::thread waiting([&] { EXPECT_EQ(caller_->Call(WaitingBeginOf("order-1"))->acquired().attempt(), 2); });
  EXPECT_TRUE(support::Eventually([&] { return waiters() == 1; }));
  EXPECT_EQ(Elapse(30 * kSecond).code, 200);
  EXPECT_EQ(waiters(), 0);
  waiting.join();
}

TEST_F(TestClockTest, TheWallClockJumpsAlone) {
  Start(kStart);
  const auto begun = caller_->Call(BeginOf("order-1"));
  EXPECT_EQ(semeld_->Post(absl::StrCat("/testing/step-wall-clock?by=", -3600 * kSecond)).code, 200);
  EXPECT_EQ(caller_->Call(BeginOf("order-1"))->in_progress().lease_remaining().seconds(), 30);
  ASSERT_TRUE(caller_->Call(ResultOf("order-1", begun->acquired().token())).ok());
  EXPECT_EQ(caller_->Call(BeginOf("order-1"))->done().complete_time().seconds(), kStart / kSecond);
  EXPECT_NEAR(Scrape(semeld_->Get("/metrics").body)["semel_clock_wall_offset_seconds"], -3600, 1);
}

TEST_F(TestClockTest, TheNextStartIsToldWhatTimeItIs) {
  Start(kStart);
  const auto begun = caller_->Call(BeginOf("order-1"));
  ASSERT_TRUE(caller_->Call(ResultOf("order-1", begun->acquired().token())).ok());
  ASSERT_EQ(semeld_->Stop(), 0);
  Start(kStart + 2 * 24 * 3600 * kSecond);
  EXPECT_TRUE(caller_->Call(BeginOf("order-1"))->has_expired());
}

TEST_F(TestClockTest, WrongStepsAreRefusedAndMoveNothing) {
  Start(kStart);
  ASSERT_TRUE(caller_->Call(BeginOf("order-1")).ok());
  for (const char* query : {"", "?by=", "?by=1s", "?by=-1", "?for=1", "?by=9223372036854775807"}) {
    const support::HttpAnswer answer = semeld_->Post(absl::StrCat("/testing/elapse", query));
    EXPECT_EQ(answer.code, 400) << query;
    EXPECT_NE(answer.body.find("microseconds"), std::string::npos) << query;
  }
  EXPECT_EQ(semeld_->Post("/testing/lapse?by=1").code, 405);
  EXPECT_EQ(semeld_->Get("/testing/elapse?by=1").code, 404);
  EXPECT_EQ(caller_->Call(LookupOf("order-1"))->record().lease_remaining().seconds(), 30);
}

TEST_F(TestClockTest, AServerForUsersHasNoSuchDoor) {
  semeld_.emplace(directory_);
  ASSERT_TRUE(semeld_->AwaitReady()) << semeld_->Log();
  EXPECT_EQ(Elapse(kSecond).code, 405);
}

}  // namespace
}  // namespace semel::e2e
