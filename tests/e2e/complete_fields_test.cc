// The fields of Complete.

#include "tests/e2e/wrong_durations.h"

namespace semel::e2e {
namespace {

constexpr size_t kMiB = 1 << 20;

class CompleteFieldsTest : public RefusedFieldsTest {
 protected:
  using Complete = v1::CompleteRequest;

  Complete Result() const { return ResultOf(kHeld, token_); }
  Complete Failure() const { return FailureOf(kHeld, token_); }

  static std::function<void(Complete&)> Attribute(std::string name, std::string value) {
    return [=](Complete& complete) { (*complete.mutable_result()->mutable_attributes())[name] = value; };
  }
  static std::function<void(Complete&)> Attributes(int count, size_t value_bytes) {
    return [=](Complete& complete) {
      for (int i = 0; i < count; ++i) Attribute(absl::StrCat("name-", i), std::string(value_bytes, 'v'))(complete);
    };
  }
  static std::function<void(Complete&)> Reason(std::string reason) {
    return [=](Complete& complete) { complete.mutable_failure()->set_reason(reason); };
  }
};

TEST_F(CompleteFieldsTest, Token) {
  ExpectRefused<Complete>(
      Result(),
      {{"none", "token", [](Complete& complete) { complete.clear_token(); }},
       {"zero", "token", [](Complete& complete) { complete.set_token(0); }},
       {"-1", "token", [](Complete& complete) { complete.set_token(-1); }},
       {"the smallest", "token", [](Complete& complete) { complete.set_token(std::numeric_limits<int64_t>::min()); }}});
}

TEST_F(CompleteFieldsTest, Outcome) {
  ExpectRefused<Complete>(Result(), {{"none", "outcome", [](Complete& complete) { complete.clear_outcome(); }}});
}

TEST_F(CompleteFieldsTest, Retention) {
  const auto retention = [](Complete& complete) { return complete.mutable_retention(); };
  const int64_t most = int64_t{90} * 24 * 3600;
  ExpectRefused(Result(), WrongDurationsOf<Complete>("retention", retention,
                                                     {DurationOf(0), DurationOf(0, 1), DurationOf(0, 999'000),
                                                      DurationOf(most, 1), DurationOf(most + 1)}));
}

TEST_F(CompleteFieldsTest, LengthsOfTimeAreToldInTheirGreatestUnit) {
  const int64_t day = 24 * 3600;
  const std::vector<std::pair<google::protobuf::Duration, std::string>> came = {
      {DurationOf(91 * day), "91 d"},
      {DurationOf(91 * day + 3600), "2185 h"},
      {DurationOf(91 * day + 60), "131041 min"},
      {DurationOf(91 * day + 1), "7862401 s"},
      {DurationOf(91 * day, 1'000'000), "7862400001 ms"},
      {DurationOf(0), "0 s"},
      {DurationOf(0, 1), "1 us"},
      {DurationOf(-day), "-1 d"},
  };
  for (const auto& [duration, text] : came) {
    Complete complete = Result();
    *complete.mutable_retention() = duration;
    EXPECT_EQ(Call(complete).error().message, "retention: between 1 ms and 90 d; came " + text);
  }
}

TEST_F(CompleteFieldsTest, Results) {
  ExpectRefused<Complete>(
      Result(), {{"omitted with a payload", "result.payload",
                  [](Complete& complete) { complete.mutable_result()->set_omitted(true); }},
                 {"129 bytes", "result.content_type",
                  [](Complete& complete) { complete.mutable_result()->set_content_type(std::string(129, 't')); }},
                 {"33 attributes", "result.attributes", Attributes(33, 1)},
                 {"2,049 bytes of attributes", "result.attributes", Attributes(16, 256)},
                 {"a name of no bytes", "result.attributes", Attribute("", "value")},
                 {"a name of 65 bytes", "result.attributes", Attribute(std::string(65, 'n'), "value")},
                 {"a value of 257 bytes", "result.attributes", Attribute("name", std::string(257, 'v'))}});
}

TEST_F(CompleteFieldsTest, Failures) {
  ExpectRefused<Complete>(
      Failure(), {{"no reason", "failure.reason", Reason("")},
                  {"lower case", "failure.reason", Reason("declined")},
                  {"a digit first", "failure.reason", Reason("9LIVES")},
                  {"an underscore first", "failure.reason", Reason("_DECLINED")},
                  {"a hyphen", "failure.reason", Reason("CARD-DECLINED")},
                  {"a space", "failure.reason", Reason("CARD DECLINED")},
                  {"a letter beyond ASCII", "failure.reason", Reason("REFUS\xC3\x89")},
                  {"65 bytes", "failure.reason", Reason(std::string(65, 'R'))},
                  {"513 bytes", "failure.message",
                   [](Complete& complete) { complete.mutable_failure()->set_message(std::string(513, 'm')); }},
                  {"16,385 bytes", "failure.details",
                   [](Complete& complete) { complete.mutable_failure()->set_details(std::string(16'385, 'd')); }},
                  {"final, but try again in a second", "failure.retry_after",
                   [](Complete& complete) { *complete.mutable_failure()->mutable_retry_after() = DurationOf(1); }},
                  {"final, but try again at once", "failure.retry_after",
                   [](Complete& complete) { *complete.mutable_failure()->mutable_retry_after() = DurationOf(0); }}});
}

TEST_F(CompleteFieldsTest, RetryAfter) {
  Complete retryable = Failure();
  retryable.mutable_failure()->set_retryable(true);
  const auto retry_after = [](Complete& complete) { return complete.mutable_failure()->mutable_retry_after(); };
  ExpectRefused(retryable, WrongDurationsOf<Complete>("failure.retry_after", retry_after,
                                                      {DurationOf(7 * 24 * 3600, 1), DurationOf(7 * 24 * 3600 + 1)}));
}

TEST_F(CompleteFieldsTest, AResultTooLargeIsRefusedWithItsOwnReason) {
  ExpectUnchangedBy([&] {
    const support::WireError error = Call(ResultOf(kHeld, token_, std::string(kMiB + 1, 'x'))).error();
    EXPECT_EQ(error.code, grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(error.reason, "RESULT_TOO_LARGE");
    EXPECT_EQ(error.domain, "semel.v1");
    EXPECT_THAT(error.fields, testing::ElementsAre("result.payload"));
    EXPECT_THAT(error.metadata,
                testing::UnorderedElementsAre(testing::Pair("limit", "1048576"), testing::Pair("size", "1048577")));
    EXPECT_FALSE(error.retry_delay);
  });
  Complete omitted = ResultOf(kHeld, token_, "");
  omitted.mutable_result()->set_omitted(true);
  EXPECT_TRUE(Call(omitted).ok()) << "as the message advises";
}

// However much is wrong, the error still reaches the caller: gRPC clients take 8 KiB of it.
TEST_F(CompleteFieldsTest, AThousandMistakesAreToldBriefly) {
  Complete complete = Result();
  for (int i = 0; i < 1000; ++i) Attribute(absl::StrCat(std::string(70, 'n'), i), std::string(300, 'v'))(complete);
  ExpectUnchangedBy([&] {
    const support::WireError error = Call(complete).error();
    EXPECT_EQ(error.code, grpc::StatusCode::INVALID_ARGUMENT) << error;
    EXPECT_EQ(error.reason, "FIELD_INVALID");
    EXPECT_THAT(error.fields, testing::Contains("result.attributes"));
    v1::BatchCompleteRequest batch;
    for (int i = 0; i < 10; ++i) *batch.add_requests() = complete;
    const auto answered = Call(batch);
    ASSERT_TRUE(answered.ok()) << answered.error();
    for (const auto& item : answered->items()) EXPECT_LE(item.ByteSizeLong(), engine::kMaxBareItemBytes);
  });
}

TEST_F(CompleteFieldsTest, TheLimitsThemselvesAreTaken) {
  Complete result = ResultOf("result", Acquire("result"), std::string(kMiB, 'x'));
  result.mutable_result()->set_content_type(std::string(128, 't'));
  Attributes(31, 56)(result);
  Attribute(std::string(64, 'n'), "")(result);
  *result.mutable_retention() = DurationOf(int64_t{90} * 24 * 3600);
  Complete failure = FailureOf("failure", Acquire("failure"), "R" + std::string(63, '9'));
  failure.mutable_failure()->set_message(std::string(512, 'm'));
  failure.mutable_failure()->set_details(std::string(16'384, 'd'));
  failure.mutable_failure()->set_retryable(true);
  *failure.mutable_failure()->mutable_retry_after() = DurationOf(7 * 24 * 3600);
  *failure.mutable_retention() = DurationOf(0, 1'000'000);
  Complete value = ResultOf("value", Acquire("value"), "");
  Attribute("n", std::string(256, 'v'))(value);
  Complete nothing = ResultOf("nothing", Acquire("nothing"), "");
  Complete retryable = FailureOf("retryable", Acquire("retryable"), "R");
  retryable.mutable_failure()->set_retryable(true);
  *retryable.mutable_failure()->mutable_retry_after() = DurationOf(0);
  ExpectTaken<Complete>(
      {{"result", result}, {"failure", failure}, {"value", value}, {"nothing", nothing}, {"retryable", retryable}});
}

}  // namespace
}  // namespace semel::e2e
