#include "client/cpp/error_details.h"

#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "semel/wire/v1/status.pb.h"

namespace semel {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

void Add(const std::string& type_url, const google::protobuf::MessageLite& message, wire::v1::Status& status) {
  auto* detail = status.add_details();
  detail->set_type_url(type_url);
  detail->set_value(message.SerializeAsString());
}

wire::v1::ErrorInfo TokenStale() {
  wire::v1::ErrorInfo info;
  info.set_reason("TOKEN_STALE");
  info.set_domain("semel.v1");
  (*info.mutable_metadata())["token"] = "17";
  return info;
}

grpc::Status Failed(grpc::StatusCode code, const wire::v1::Status& details) {
  return grpc::Status(code, "what was wrong", details.SerializeAsString());
}

TEST(ErrorDetailsTest, OkStaysOk) { EXPECT_TRUE(ToStatus(grpc::Status::OK).ok()); }

TEST(ErrorDetailsTest, ReadsReasonMetadataAndRetryDelay) {
  wire::v1::Status details;
  Add("type.googleapis.com/google.rpc.ErrorInfo", TokenStale(), details);
  wire::v1::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(1);
  retry.mutable_retry_delay()->set_nanos(500'000'000);
  Add("type.googleapis.com/google.rpc.RetryInfo", retry, details);

  const absl::Status status = ToStatus(Failed(grpc::StatusCode::ABORTED, details));
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(status.message(), "what was wrong");
  const ErrorDetails read = DetailsOf(status);
  EXPECT_EQ(read.reason, reason::kTokenStale);
  EXPECT_THAT(read.metadata, UnorderedElementsAre(Pair("token", "17")));
  EXPECT_EQ(read.retry_delay, 1500ms);
  EXPECT_FALSE(read.outcome_unknown);
  EXPECT_FALSE(read.fn_ran);
}

TEST(ErrorDetailsTest, ReadsFieldViolations) {
  wire::v1::BadRequest bad_request;
  auto* violation = bad_request.add_field_violations();
  violation->set_field("key");
  violation->set_description("is empty");
  wire::v1::Status details;
  Add("type.googleapis.com/google.rpc.BadRequest", bad_request, details);
  const ErrorDetails read = DetailsOf(ToStatus(Failed(grpc::StatusCode::INVALID_ARGUMENT, details)));
  ASSERT_EQ(read.field_violations.size(), 1u);
  EXPECT_EQ(read.field_violations[0].field, "key");
  EXPECT_EQ(read.field_violations[0].description, "is empty");
}

TEST(ErrorDetailsTest, TheHostOfATypeUrlDoesNotMatter) {
  for (const char* type_url : {"google.rpc.ErrorInfo", "types.example.com/v2/google.rpc.ErrorInfo"}) {
    wire::v1::Status details;
    Add(type_url, TokenStale(), details);
    EXPECT_EQ(DetailsOf(ToStatus(Failed(grpc::StatusCode::ABORTED, details))).reason, "TOKEN_STALE") << type_url;
  }
}

TEST(ErrorDetailsTest, OtherDetailsAreIgnored) {
  wire::v1::Status details;
  Add("type.googleapis.com/notgoogle.rpc.ErrorInfo", TokenStale(), details);
  Add("type.googleapis.com/google.rpc.DebugInfo", TokenStale(), details);
  Add("", TokenStale(), details);
  EXPECT_THAT(DetailsOf(ToStatus(Failed(grpc::StatusCode::ABORTED, details))).reason, IsEmpty());
}

TEST(ErrorDetailsTest, WhatCannotBeDecodedLeavesTheCodeAndTheMessage) {
  const absl::Status broken =
      ToStatus(grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone", std::string("\xff\xff\xff", 3)));
  EXPECT_EQ(broken.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(broken.message(), "gone");
  EXPECT_THAT(DetailsOf(broken).reason, IsEmpty());

  wire::v1::Status details;
  auto* detail = details.add_details();
  detail->set_type_url("type.googleapis.com/google.rpc.ErrorInfo");
  detail->set_value("\xff\xff\xff");
  EXPECT_THAT(DetailsOf(ToStatus(Failed(grpc::StatusCode::ABORTED, details))).reason, IsEmpty());
}

TEST(ErrorDetailsTest, AnUnknownCodeIsNoSuccess) {
  v1::Error item;  // without a code
  EXPECT_EQ(ToStatus(item).code(), absl::StatusCode::kUnknown);
  item.set_code(99);
  EXPECT_EQ(ToStatus(item).code(), absl::StatusCode::kUnknown);
}

TEST(ErrorDetailsTest, ItemsOfABatchSayTheSame) {
  v1::Error error;
  error.set_code(static_cast<int>(absl::StatusCode::kUnavailable));
  error.set_reason("OVERLOADED");
  error.set_message("later");
  (*error.mutable_metadata())["limit"] = "7";
  error.mutable_retry_delay()->set_seconds(3);
  auto* violation = error.add_field_violations();
  violation->set_field("lease");
  violation->set_description("too long");

  const absl::Status status = ToStatus(error);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "later");
  const ErrorDetails read = DetailsOf(status);
  EXPECT_EQ(read.reason, reason::kOverloaded);
  EXPECT_THAT(read.metadata, UnorderedElementsAre(Pair("limit", "7")));
  EXPECT_EQ(read.retry_delay, 3s);
  ASSERT_EQ(read.field_violations.size(), 1u);
  EXPECT_EQ(read.field_violations[0].field, "lease");
}

TEST(ErrorDetailsTest, OperationsOfAStreamFailAsCallsDo) {
  v1::Error error;
  error.set_code(static_cast<int>(absl::StatusCode::kInvalidArgument));
  error.set_reason("RESULT_TOO_LARGE");
  error.set_message("too much");
  (*error.mutable_metadata())["limit"] = "7";
  error.mutable_retry_delay()->set_seconds(3);
  error.add_field_violations()->set_field("result.payload");

  const grpc::Status call = ToGrpcStatus(error);
  EXPECT_EQ(call.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_FALSE(call.error_details().empty()) << "what comes from the server has details";
  EXPECT_EQ(ToStatus(call), ToStatus(error));
  error.set_code(99);
  EXPECT_EQ(ToGrpcStatus(error).error_code(), grpc::StatusCode::UNKNOWN);
}

TEST(ErrorDetailsTest, FactsOfTheClientSurviveANewMessage) {
  const absl::Status local =
      LocalError(absl::StatusCode::kInvalidArgument, "RESULT_TOO_LARGE", "too much", {{"a", "b"}});
  const absl::Status renamed = WithMessage(WithFnRan(WithOutcomeUnknown(local)), "more clearly");
  EXPECT_EQ(renamed.message(), "more clearly");
  const ErrorDetails read = DetailsOf(renamed);
  EXPECT_EQ(read.reason, reason::kResultTooLarge);
  EXPECT_THAT(read.metadata, UnorderedElementsAre(Pair("a", "b")));
  EXPECT_TRUE(read.outcome_unknown);
  EXPECT_TRUE(read.fn_ran);
}

TEST(ErrorDetailsTest, ErrorsOfOthersHaveNoDetails) {
  const ErrorDetails read = DetailsOf(absl::InternalError("of another library"));
  EXPECT_THAT(read.reason, IsEmpty());
  EXPECT_FALSE(read.outcome_unknown);
  EXPECT_FALSE(read.retry_delay.has_value());
}

}  // namespace
}  // namespace semel
