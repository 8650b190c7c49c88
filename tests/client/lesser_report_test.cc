// What is left of a report that is refused, and how often it is made: scripted answers, no server.

#include "client/cpp/lesser_report.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/cpp/error_details.h"
#include "semel/wire/v1/status.pb.h"

namespace semel {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

absl::Status Refusal(const std::vector<std::string>& fields, std::string_view reason = reason::kFieldInvalid) {
  v1::Error error;
  error.set_code(static_cast<int>(absl::StatusCode::kInvalidArgument));
  error.set_reason(std::string(reason));
  error.set_message("refused");
  for (const std::string& field : fields) {
    auto* violation = error.add_field_violations();
    violation->set_field(field);
    violation->set_description("its rule");
  }
  return ToStatus(error);
}

CompleteRequest FailureReport() {
  return {.key = "k",
          .token = 3,
          .outcome = Failure{.reason = "COMMAND_FAILED",
                             .message = "exit code 7",
                             .details = "much",
                             .retryable = true,
                             .retry_after = 3s},
          .retention = 1h};
}

CompleteRequest ResultReport() {
  return {.key = "k",
          .token = 3,
          .outcome = Result{.payload = "much", .content_type = "text/plain", .attributes = {{"exit_code", "0"}}},
          .retention = 1h};
}

TEST(LesserReportTest, LacksOnlyWhatTheRefusalNames) {
  CompleteRequest failure = FailureReport();
  EXPECT_THAT(TakeWhatIsRefused(failure, Refusal({"failure.retry_after", "retention"})),
              ElementsAre("retention", "failure.retry_after"));
  EXPECT_FALSE(failure.retention.has_value());
  EXPECT_EQ(std::get<Failure>(failure.outcome).retry_after, Duration::zero());
  EXPECT_EQ(std::get<Failure>(failure.outcome).details, "much");
  EXPECT_THAT(TakeWhatIsRefused(failure, Refusal({"failure.message"})), ElementsAre("failure.message"));
  EXPECT_EQ(std::get<Failure>(failure.outcome).message, "");

  CompleteRequest result = ResultReport();
  EXPECT_THAT(TakeWhatIsRefused(result, Refusal({"result.payload"}, reason::kResultTooLarge)),
              ElementsAre("result.payload"));
  EXPECT_TRUE(std::get<Result>(result.outcome).omitted);
  EXPECT_EQ(std::get<Result>(result.outcome).payload, "");
  EXPECT_EQ(std::get<Result>(result.outcome).attributes.at("exit_code"), "0");
  EXPECT_EQ(result.retention, 1h);
}

// A payload without what says how to read it might be taken for something else.
TEST(LesserReportTest, AResultWithAWrongFieldIsOmittedWhole) {
  for (const std::string field : {"result.content_type", "result.attributes"}) {
    CompleteRequest result = ResultReport();
    EXPECT_THAT(TakeWhatIsRefused(result, Refusal({field})),
                ElementsAre("result.payload", "result.content_type", "result.attributes"));
    EXPECT_TRUE(std::get<Result>(result.outcome).omitted);
    EXPECT_EQ(result.retention, 1h);
  }
}

TEST(LesserReportTest, EndsWithHowTheAttemptEnded) {
  const absl::Status unnamed = absl::InvalidArgumentError("whatever");
  CompleteRequest failure = FailureReport();
  EXPECT_THAT(TakeWhatIsRefused(failure, unnamed), ElementsAre("retention", "failure.details", "failure.retry_after"));
  const auto& left = std::get<Failure>(failure.outcome);
  EXPECT_EQ(left.message, "exit code 7");
  EXPECT_EQ(left.details, "");
  EXPECT_TRUE(left.retryable);
  EXPECT_EQ(left.retry_after, Duration::zero());
  EXPECT_FALSE(failure.retention.has_value());
  EXPECT_THAT(TakeWhatIsRefused(failure, unnamed), IsEmpty());

  CompleteRequest result = ResultReport();
  EXPECT_EQ(TakeWhatIsRefused(result, unnamed).size(), 4U);
  EXPECT_TRUE(std::get<Result>(result.outcome).omitted);
  EXPECT_TRUE(std::get<Result>(result.outcome).attributes.empty());
  EXPECT_THAT(TakeWhatIsRefused(result, unnamed), IsEmpty());
  EXPECT_EQ(result.token, 3);
}

// A server that refuses whatever it is brought.
TEST(LesserReportTest, IsNeverMadeTwiceAndTheFirstRefusalIsTold) {
  int made = 0;
  CompleteRequest report = FailureReport();
  const auto completed = CompleteOrLess(report, [&](const CompleteRequest&) -> absl::StatusOr<Completed> {
    return ++made == 1 ? Refusal({"failure.reason", "retention"}) : Refusal({"failure.reason"});
  });
  EXPECT_EQ(made, 3);  // whole, without retention, with nothing that can be spared
  EXPECT_EQ(DetailsOf(completed.status()).field_violations.size(), 2U);

  made = 0;
  CompleteRequest plain{.key = "k", .token = 3, .outcome = Failure{.reason = "not upper snake"}};
  const auto refused = CompleteOrLess(plain, [&](const CompleteRequest&) -> absl::StatusOr<Completed> {
    ++made;
    return Refusal({"failure.reason"});
  });
  EXPECT_EQ(made, 1);
  EXPECT_TRUE(absl::IsInvalidArgument(refused.status()));
}

TEST(LesserReportTest, WhatIsNoRefusalIsNotReportedAgain) {
  int made = 0;
  CompleteRequest report = ResultReport();
  const auto completed = CompleteOrLess(report, [&](const CompleteRequest&) -> absl::StatusOr<Completed> {
    return ++made == 1 ? Refusal({"retention"}) : absl::UnavailableError("gone");
  });
  EXPECT_EQ(made, 2);
  EXPECT_TRUE(absl::IsUnavailable(completed.status()));
}

TEST(LesserReportTest, TellsWhatWasRefusedAndWhatIsMissing) {
  int made = 0;
  CompleteRequest report = ResultReport();
  const auto completed = CompleteOrLess(report, [&](const CompleteRequest&) -> absl::StatusOr<Completed> {
    ++made;
    if (made == 1) return Refusal({"retention"});
    if (made == 2) return Refusal({"result.payload"}, reason::kResultTooLarge);
    return Completed();
  });
  ASSERT_TRUE(completed.ok()) << completed.status();
  EXPECT_TRUE(completed->omitted);
  EXPECT_EQ(
      completed->refused,
      "retention: its rule (recorded without retention); result.payload: its rule (recorded without result.payload)");
  EXPECT_TRUE(std::get<Result>(report.outcome).omitted);

  CompleteRequest taken{.key = "k", .token = 3, .outcome = Result{.omitted = true}};
  const auto whole = CompleteOrLess(taken, [](const CompleteRequest&) { return Completed(); });
  EXPECT_FALSE(whole->omitted);
  EXPECT_EQ(whole->refused, "");
}

}  // namespace
}  // namespace semel
