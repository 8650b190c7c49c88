// The effect has happened, and the server refuses a part of the report: it is recorded all the same, and does not happen twice.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/server_fixture.h"

namespace semel {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class RefusedReportTest : public ServerTest {
 protected:
  // Of an effect that leaves `left` behind and counts itself.
  RunOutcome Run(const Outcome& left, const RunOptions& options = {}) {
    const auto outcome = client_->Run(
        "k",
        [&](Attempt&) {
          ++effects_;
          return left;
        },
        options);
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    return outcome.value_or(RunOutcome{});
  }

  const std::unique_ptr<Client> client_ = Direct();
  int effects_ = 0;
};

// The namespace keeps outcomes for 90 days at most.
constexpr auto kTooLong = std::chrono::hours(24 * 91);

TEST_F(RefusedReportTest, ARefusedRetentionIsLeftOut) {
  const Result placed{.payload = "placed", .content_type = "text/plain"};
  const RunOutcome first = Run(placed, {.lease = 1s, .retention = kTooLong});
  EXPECT_THAT(first.refused, AllOf(HasSubstr("retention: between"), HasSubstr("recorded without retention")));
  EXPECT_FALSE(first.omitted);
  const RunOutcome second = Run(placed, {.wait = 60s, .retention = kTooLong});  // past the lease, were it not recorded
  EXPECT_EQ(effects_, 1);
  EXPECT_TRUE(second.replayed);
  EXPECT_EQ(second.refused, "");
  ASSERT_NE(second.result(), nullptr);
  EXPECT_EQ(second.result()->payload, "placed");
  EXPECT_EQ(second.result()->content_type, "text/plain");
}

TEST_F(RefusedReportTest, ARefusedRetentionAndATooLargeResultAreBothLeftOut) {
  const Result large{.payload = std::string(2'000'000, 'x'), .attributes = {{"status", "200"}}};
  const RunOutcome first = Run(large, {.lease = 1s, .retention = kTooLong});
  EXPECT_TRUE(first.omitted);
  EXPECT_THAT(first.refused, AllOf(HasSubstr("retention: "), HasSubstr("result.payload: ")));
  const RunOutcome second = Run(large, {.wait = 60s});
  EXPECT_EQ(effects_, 1);
  ASSERT_NE(second.result(), nullptr);
  EXPECT_TRUE(second.result()->omitted);
  EXPECT_EQ(second.result()->attributes.at("status"), "200");
}

// Otherwise the lease would lapse, and the next attempt be told that it was abandoned.
TEST_F(RefusedReportTest, AFailureWithARefusedPauseIsRecorded) {
  const RunOutcome final = Run(Failure{.reason = "CARD_DECLINED", .details = "51", .retry_after = 3s}, {.lease = 1s});
  EXPECT_THAT(final.refused, HasSubstr("failure.retry_after: only with retryable"));
  EXPECT_FALSE(std::get<Failed>(final.answer).retry_after.has_value());
  const RunOutcome second = Run(Result{}, {.wait = 60s});
  EXPECT_EQ(effects_, 1);
  ASSERT_NE(second.failure(), nullptr);
  EXPECT_EQ(second.failure()->reason, "CARD_DECLINED");
  EXPECT_EQ(second.failure()->details, "51");
}

TEST_F(RefusedReportTest, APauseThatDoesNotCountIsNotTold) {
  const RunOutcome failed =
      Run(Failure{.reason = "BANK_DOWN", .message = "no line", .retryable = true, .retry_after = 24h * 8});
  EXPECT_THAT(failed.refused, HasSubstr("failure.retry_after: between"));
  ASSERT_NE(failed.failure(), nullptr);
  EXPECT_EQ(failed.failure()->message, "no line");
  EXPECT_EQ(std::get<Failed>(failed.answer).retry_after, 0s);
  const auto next = client_->Acquire({.key = "k"});
  ASSERT_TRUE(next.ok() && std::holds_alternative<Lease>(*next));
  EXPECT_EQ(std::get<Lease>(*next).previous(), Previous::kFailed);
}

TEST_F(RefusedReportTest, AFailureThatSaysTooMuchIsRecordedWithoutThat) {
  const RunOutcome first =
      Run(Failure{.reason = "CARD_DECLINED", .message = std::string(600, 'm'), .details = std::string(20'000, 'd')});
  EXPECT_THAT(first.refused, HasSubstr("(recorded without failure.message, failure.details)"));
  EXPECT_EQ(first.failure()->message.size(), 600U);
  const RunOutcome second = Run(Result{});
  EXPECT_EQ(effects_, 1);
  ASSERT_NE(second.failure(), nullptr);
  EXPECT_EQ(second.failure()->reason, "CARD_DECLINED");
}

// More than a message may hold: the server could not even say which field it was.
TEST_F(RefusedReportTest, WhatNoMessageHoldsIsLeftOut) {
  const RunOutcome first = Run(
      Failure{.reason = "CARD_DECLINED", .message = std::string(5 << 20, 'm'), .details = std::string(5 << 20, 'd')});
  EXPECT_THAT(first.left_out, testing::ElementsAre("failure.message", "failure.details"));
  EXPECT_EQ(Run(Result{}).failure()->reason, "CARD_DECLINED");
  EXPECT_EQ(effects_, 1);

  effects_ = 0;
  const auto large = client_->Run("large", [&](Attempt&) {
    ++effects_;
    return Result{.payload = std::string(1000, 'x'), .attributes = {{"dump", std::string(5 << 20, 'a')}}};
  });
  ASSERT_TRUE(large.ok()) << large.status();
  EXPECT_THAT(large->left_out, testing::ElementsAre("result.payload", "result.attributes"));
  const auto again = client_->Run("large", [&](Attempt&) {
    ++effects_;
    return Result{};
  });
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->result()->omitted);
  EXPECT_EQ(effects_, 1);
}

// Refused by the client itself: no server can read it.
TEST_F(RefusedReportTest, WhatIsNoTextIsLeftOut) {
  const RunOutcome first = Run(Failure{.reason = "CARD_DECLINED", .message = "caf\xe9", .details = "\xe9"});
  EXPECT_THAT(first.refused, HasSubstr("failure.message: has to be UTF-8"));
  const RunOutcome second = Run(Result{});
  EXPECT_EQ(effects_, 1);
  ASSERT_NE(second.failure(), nullptr);
  EXPECT_EQ(second.failure()->message, "");
  EXPECT_EQ(second.failure()->details, "\xe9");
}

TEST_F(RefusedReportTest, AnAttributeThatIsNoTextOmitsTheResult) {
  const RunOutcome first = Run(Result{.payload = "placed", .attributes = {{"name", "caf\xe9"}}});
  EXPECT_TRUE(first.omitted);
  EXPECT_THAT(first.refused, HasSubstr("result.attributes: has to be UTF-8"));
  EXPECT_TRUE(Run(Result{}).result()->omitted);
  EXPECT_EQ(effects_, 1);
}

TEST_F(RefusedReportTest, ALeaseRecordsTheRestToo) {
  auto answer = client_->Acquire({.key = "k"});
  ASSERT_TRUE(answer.ok()) << answer.status();
  const auto completed = std::get<Lease>(*answer).Complete({.payload = "placed"}, kTooLong);
  ASSERT_TRUE(completed.ok()) << completed.status();
  EXPECT_FALSE(completed->omitted);
  EXPECT_THAT(completed->refused, HasSubstr("retention"));
  EXPECT_TRUE(std::get<Lease>(*answer).ended());
}

}  // namespace
}  // namespace semel
