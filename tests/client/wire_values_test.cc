// Values as they go over the wire and come back.

#include <chrono>
#include <limits>

#include <gtest/gtest.h>

#include "client/cpp/from_wire.h"
#include "client/cpp/to_wire.h"

namespace semel {
namespace {

using namespace std::chrono_literals;

ClientOptions Options() {
  ClientOptions options;
  options.namespace_name = "shop";
  options.owner = "host:1";
  options.lease = 5s;
  return options;
}

TEST(WireValuesTest, DurationsKeepTheirNanosecondsAndTheirSign) {
  for (const Duration duration :
       {Duration(0), Duration(1), Duration(-1), Duration(1500ms), Duration(-1500ms), Duration(24h * 3660)}) {
    const google::protobuf::Duration wire = ToWire(duration);
    EXPECT_EQ(ToDuration(wire), duration);
    EXPECT_TRUE(wire.seconds() == 0 || wire.nanos() == 0 || (wire.seconds() > 0) == (wire.nanos() > 0));
  }
}

TEST(WireValuesTest, DurationsBeyondOurRangeSaturate) {
  google::protobuf::Duration wire;
  wire.set_seconds(std::numeric_limits<int64_t>::max());
  EXPECT_EQ(ToDuration(wire), Duration::max());
  wire.set_seconds(std::numeric_limits<int64_t>::min());
  EXPECT_EQ(ToDuration(wire), Duration::min());
}

TEST(WireValuesTest, ABeginTakesWhatItLeavesOpenFromTheOptions) {
  const v1::BeginRequest wire = ToWire(BeginRequest{.key = "k"}, Options());
  EXPECT_EQ(wire.namespace_(), "shop");
  EXPECT_EQ(wire.owner(), "host:1");
  EXPECT_EQ(ToDuration(wire.lease()), 5s);
  EXPECT_EQ(wire.attempt_id().size(), 16u);
  EXPECT_FALSE(wire.has_wait());
  EXPECT_NE(wire.attempt_id(), ToWire(BeginRequest{.key = "k"}, Options()).attempt_id());
}

TEST(WireValuesTest, ABeginKeepsWhatItSays) {
  const AttemptId id = NewAttemptId();
  const v1::BeginRequest wire =
      ToWire(BeginRequest{.key = "k", .fingerprint = "f", .attempt_id = id, .lease = 1s, .wait = 2s, .owner = "me"},
             Options());
  EXPECT_EQ(wire.attempt_id(), std::string(id.begin(), id.end()));
  EXPECT_EQ(ToDuration(wire.lease()), 1s);
  EXPECT_EQ(ToDuration(wire.wait()), 2s);
  EXPECT_EQ(wire.owner(), "me");
  EXPECT_EQ(wire.fingerprint(), "f");
}

TEST(WireValuesTest, AnOutcomeIsAResultOrAFailure) {
  const v1::CompleteRequest result =
      ToWire(CompleteRequest{.key = "k", .token = 3, .outcome = Result{.payload = "p", .attributes = {{"a", "b"}}}},
             Options());
  EXPECT_EQ(result.result().payload(), "p");
  EXPECT_EQ(result.result().attributes().at("a"), "b");
  EXPECT_FALSE(result.has_retention());
  const v1::CompleteRequest failure =
      ToWire(CompleteRequest{.key = "k",
                             .token = 3,
                             .outcome = Failure{.reason = "R", .retryable = true, .retry_after = 4s},
                             .retention = 1h},
             Options());
  EXPECT_EQ(failure.failure().reason(), "R");
  EXPECT_EQ(ToDuration(failure.failure().retry_after()), 4s);
  EXPECT_EQ(ToDuration(failure.retention()), 1h);
}

TEST(WireValuesTest, AnswersOfANewerServerAreErrorsNotGuesses) {
  EXPECT_EQ(ToBeginAnswer(v1::BeginResponse()).status().code(), absl::StatusCode::kInternal);
  v1::BeginResponse acquired;
  acquired.mutable_acquired()->set_token(1);
  EXPECT_EQ(ToBeginAnswer(acquired).status().code(), absl::StatusCode::kInternal);  // previous is not set
  acquired.mutable_acquired()->set_previous(static_cast<v1::Previous>(99));
  EXPECT_EQ(ToBeginAnswer(acquired).status().code(), absl::StatusCode::kInternal);
  acquired.mutable_acquired()->set_previous(v1::PREVIOUS_NONE);
  EXPECT_TRUE(ToBeginAnswer(acquired).ok());
  v1::CompleteResponse last;
  last.set_state(v1::STATE_FAILED);
  EXPECT_FALSE(ToCompleted(last)->made_final);
  last.set_made_final(true);
  EXPECT_TRUE(ToCompleted(last)->made_final);
  EXPECT_EQ(ToCompleted(v1::CompleteResponse()).status().code(), absl::StatusCode::kInternal);
}

TEST(WireValuesTest, NoRecordIsNoError) {
  const auto record = ToRecord(v1::LookupResponse());
  ASSERT_TRUE(record.ok());
  EXPECT_FALSE(record->has_value());
}

TEST(WireValuesTest, FingerprintsAreSha256) {
  const std::string digest = FingerprintOf("abc");  // FIPS 180-2, appendix B.1
  ASSERT_EQ(digest.size(), 32u);
  EXPECT_EQ(static_cast<uint8_t>(digest[0]), 0xba);
  EXPECT_EQ(static_cast<uint8_t>(digest[31]), 0xad);
}

}  // namespace
}  // namespace semel
