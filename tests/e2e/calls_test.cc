// Every call once, over gRPC and RocksDB: each field arrives where it belongs. What the rules say is tested in client/scenarios.

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>

#include "tests/e2e/local_server_test.h"

namespace semel::e2e {
namespace {

using support::ToWire;
using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;

class CallsTest : public LocalServerTest {
 protected:
  CallsTest() : CallsTest(std::make_unique<support::TemporaryDirectory>()) {}
  ~CallsTest() override { server_.Kill(); }  // before its directory is removed

  void Restart() {
    server_.Stop();
    Start();
  }

 private:
  explicit CallsTest(std::unique_ptr<support::TemporaryDirectory> directory)
      : LocalServerTest({.namespaces = {{"careful", {.on_lapse = engine::LapsePolicy::kInDoubt}}}},
                        support::InDirectory(*directory / "data")),
        directory_(std::move(directory)) {}

  std::unique_ptr<support::TemporaryDirectory> directory_;
};

absl::Duration Length(const google::protobuf::Duration& wire) {
  return absl::Seconds(wire.seconds()) + absl::Nanoseconds(wire.nanos());
}
absl::Time At(const google::protobuf::Timestamp& wire) {
  return absl::FromUnixSeconds(wire.seconds()) + absl::Nanoseconds(wire.nanos());
}

v1::BeginRequest FullBegin(const std::string& key) {
  v1::BeginRequest begin = BeginOf(key);
  begin.set_fingerprint("sha256 of the request");
  begin.set_owner("worker-7");
  *begin.mutable_lease() = ToWire(absl::Seconds(45));
  return begin;
}

TEST_F(CallsTest, BeginIsAnsweredAcquired) {
  const auto begun = Call(FullBegin("order-1"));
  ASSERT_TRUE(begun.ok()) << begun.error();
  EXPECT_GT(begun->acquired().token(), 0);
  EXPECT_EQ(begun->acquired().attempt(), 1);
  EXPECT_EQ(Length(begun->acquired().lease()), absl::Seconds(45));
  EXPECT_EQ(begun->acquired().previous(), v1::PREVIOUS_NONE);
  EXPECT_EQ(begun->acquired().checkpoint(), "");
}

TEST_F(CallsTest, BeginOfAnotherIsAnsweredInProgress) {
  Acquire(FullBegin("order-1"));
  Elapse(absl::Seconds(5));
  const auto begun = Call(BeginOf("order-1"));
  EXPECT_EQ(begun->in_progress().owner(), "worker-7");
  EXPECT_EQ(begun->in_progress().attempt(), 1);
  EXPECT_EQ(Length(begun->in_progress().lease_remaining()), absl::Seconds(40));
  EXPECT_GT(Length(begun->in_progress().retry_after()), absl::ZeroDuration());
}

TEST_F(CallsTest, LookupShowsAnAttemptInProgress) {
  const int64_t token = Acquire(FullBegin("order-1"));
  v1::CheckpointRequest checkpoint = CheckpointOf("order-1", token, "half way");
  checkpoint.set_effects_began(true);
  ASSERT_TRUE(Call(checkpoint).ok());
  Elapse(absl::Seconds(5));
  const v1::Record record = Look("order-1");
  EXPECT_EQ(record.state(), v1::STATE_IN_PROGRESS);
  EXPECT_EQ(record.attempt(), 1);
  EXPECT_EQ(record.owner(), "worker-7");
  EXPECT_EQ(record.fingerprint(), "sha256 of the request");
  EXPECT_EQ(Length(record.lease_remaining()), absl::Seconds(40));
  EXPECT_TRUE(record.effects_began());
  EXPECT_EQ(record.checkpoint(), "half way");
  EXPECT_EQ(record.previous(), v1::PREVIOUS_NONE);
  EXPECT_EQ(At(record.forget_time()) - At(record.create_time()), absl::Seconds(45) + absl::Hours(24 * 30));
  EXPECT_FALSE(record.has_complete_time());
  EXPECT_FALSE(record.has_in_doubt_since());
}

TEST_F(CallsTest, AResultIsReplayedAlsoAfterARestart) {
  v1::CompleteRequest complete = ResultOf("order-1", Acquire(FullBegin("order-1")), "{\"charged\": 12}");
  complete.mutable_result()->set_content_type("application/json");
  (*complete.mutable_result()->mutable_attributes())["status"] = "201";
  (*complete.mutable_result()->mutable_attributes())["etag"] = "x";
  *complete.mutable_retention() = ToWire(absl::Hours(2));
  const auto completed = Call(complete);
  ASSERT_TRUE(completed.ok()) << completed.error();
  EXPECT_EQ(completed->state(), v1::STATE_DONE);
  EXPECT_FALSE(completed->already_applied());

  Restart();
  const auto begun = Call(FullBegin("order-1"));
  ASSERT_TRUE(begun->has_done()) << begun->ShortDebugString();
  const v1::Result& result = begun->done().result();
  EXPECT_EQ(result.payload(), "{\"charged\": 12}");
  EXPECT_EQ(result.payload_size(), 15);
  EXPECT_EQ(result.content_type(), "application/json");
  EXPECT_THAT(result.attributes(), UnorderedElementsAre(Pair("status", "201"), Pair("etag", "x")));
  EXPECT_FALSE(result.omitted());
  EXPECT_FALSE(result.payload_left_out());
  EXPECT_EQ(At(begun->done().expire_time()) - At(begun->done().complete_time()), absl::Hours(2));
  EXPECT_EQ(At(begun->done().expire_time()), At(completed->expire_time()));

  const auto again = Call(complete);
  EXPECT_TRUE(again->already_applied());
  EXPECT_EQ(At(again->expire_time()), At(completed->expire_time()));
  const v1::Record record = Look("order-1");
  EXPECT_EQ(record.state(), v1::STATE_DONE);
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(record.result(), result));
  EXPECT_EQ(At(record.forget_time()) - At(record.complete_time()), absl::Hours(24 * 7));
}

TEST_F(CallsTest, AnOmittedResultIsSaidToBe) {
  v1::CompleteRequest complete = ResultOf("order-1", Acquire("order-1"), "");
  complete.mutable_result()->set_omitted(true);
  ASSERT_TRUE(Call(complete).ok());
  const auto begun = Call(BeginOf("order-1"));
  EXPECT_TRUE(begun->done().result().omitted());
  EXPECT_FALSE(begun->done().result().payload_left_out());
}

TEST_F(CallsTest, AFailureIsReplayed) {
  v1::CompleteRequest complete = FailureOf("order-1", Acquire("order-1"), "CARD_DECLINED");
  complete.mutable_failure()->set_message("the bank said no");
  complete.mutable_failure()->set_details("code 51");
  const auto completed = Call(complete);
  EXPECT_EQ(completed->state(), v1::STATE_FAILED);
  const v1::Failed failed = Call(BeginOf("order-1"))->failed();
  EXPECT_EQ(failed.failure().reason(), "CARD_DECLINED");
  EXPECT_EQ(failed.failure().message(), "the bank said no");
  EXPECT_EQ(failed.failure().details(), "code 51");
  EXPECT_FALSE(failed.failure().retryable());
  EXPECT_FALSE(failed.has_retry_after());
  EXPECT_EQ(failed.attempt(), 1);
  EXPECT_EQ(Look("order-1").failure().reason(), "CARD_DECLINED");
}

TEST_F(CallsTest, ARetryableFailureHoldsBackTheNextAttempt) {
  const int64_t token = Acquire("order-1");
  ASSERT_TRUE(Call(CheckpointOf("order-1", token, "half way")).ok());
  v1::CompleteRequest complete = FailureOf("order-1", token, "BANK_DOWN");
  complete.mutable_failure()->set_retryable(true);
  *complete.mutable_failure()->mutable_retry_after() = ToWire(absl::Seconds(30));
  ASSERT_TRUE(Call(complete).ok());
  Elapse(absl::Seconds(10));
  const v1::Failed failed = Call(BeginOf("order-1"))->failed();
  EXPECT_TRUE(failed.failure().retryable());
  EXPECT_EQ(Length(failed.failure().retry_after()), absl::Seconds(30));
  EXPECT_EQ(Length(failed.retry_after()), absl::Seconds(20));
  Elapse(absl::Seconds(20));
  const v1::Acquired acquired = Call(BeginOf("order-1"))->acquired();
  EXPECT_EQ(acquired.attempt(), 2);
  EXPECT_EQ(acquired.previous(), v1::PREVIOUS_FAILED);
  EXPECT_EQ(acquired.checkpoint(), "half way");
  EXPECT_GT(acquired.token(), token);
}

TEST_F(CallsTest, RenewExtendsTheLease) {
  const int64_t token = Acquire(FullBegin("order-1"));
  Elapse(absl::Seconds(40));
  v1::RenewRequest renew = RenewOf("order-1", token);
  EXPECT_EQ(Length(Call(renew)->lease()), absl::Seconds(45));
  *renew.mutable_lease() = ToWire(absl::Seconds(90));
  EXPECT_EQ(Length(Call(renew)->lease()), absl::Seconds(90));
  Elapse(absl::Seconds(80));
  EXPECT_EQ(Length(Look("order-1").lease_remaining()), absl::Seconds(10));
}

TEST_F(CallsTest, ReleaseLetsAnotherTry) {
  const int64_t token = Acquire("order-1");
  ASSERT_TRUE(Call(ReleaseOf("order-1", token)).ok());
  EXPECT_TRUE(Call(ReleaseOf("order-1", token)).ok()) << "safe to retry";
  EXPECT_FALSE(Call(LookupOf("order-1"))->has_record());
  const v1::Acquired acquired = Call(BeginOf("order-1"))->acquired();
  EXPECT_EQ(acquired.previous(), v1::PREVIOUS_RELEASED);
  EXPECT_EQ(acquired.attempt(), 2);
  EXPECT_GT(acquired.token(), token);
  EXPECT_EQ(Call(ReleaseOf("order-1", token)).error().reason, "TOKEN_STALE");
}

TEST_F(CallsTest, ACheckpointIsHandedToTheNextAttempt) {
  const int64_t token = Acquire(FullBegin("order-1"));
  EXPECT_EQ(Length(Call(CheckpointOf("order-1", token, "half way"))->lease_remaining()), absl::Seconds(45));
  Elapse(absl::Seconds(45));
  const v1::Acquired acquired = Call(BeginOf("order-1"))->acquired();
  EXPECT_EQ(acquired.previous(), v1::PREVIOUS_ABANDONED);
  EXPECT_EQ(acquired.checkpoint(), "half way");
  const support::WireError stale = Call(RenewOf("order-1", token)).error();
  EXPECT_EQ(stale.code, grpc::StatusCode::ABORTED);
  EXPECT_EQ(stale.reason, "TOKEN_STALE");
  EXPECT_EQ(stale.domain, "semel.v1");
}

TEST_F(CallsTest, AKeyInDoubtSaysSinceWhen) {
  v1::BeginRequest begin = FullBegin("order-1");
  begin.set_namespace_("careful");
  const int64_t token = Acquire(begin);
  v1::CheckpointRequest checkpoint = CheckpointOf("order-1", token, "half way");
  checkpoint.set_namespace_("careful");
  ASSERT_TRUE(Call(checkpoint).ok());
  Elapse(absl::Minutes(10));
  v1::BeginRequest other = BeginOf("order-1");
  other.set_namespace_("careful");
  const v1::InDoubt in_doubt = Call(other)->in_doubt();
  EXPECT_EQ(in_doubt.owner(), "worker-7");
  EXPECT_EQ(in_doubt.checkpoint(), "half way");
  v1::LookupRequest lookup = LookupOf("order-1");
  lookup.set_namespace_("careful");
  const v1::Record record = Call(lookup)->record();
  EXPECT_EQ(record.state(), v1::STATE_IN_DOUBT);
  EXPECT_EQ(At(record.in_doubt_since()), At(in_doubt.since()));
  EXPECT_EQ(At(record.in_doubt_since()) - At(record.create_time()), absl::Seconds(45));
}

TEST_F(CallsTest, AnExpiredResultIsSaidToBe) {
  v1::CompleteRequest complete = ResultOf("order-1", Acquire("order-1"));
  *complete.mutable_retention() = ToWire(absl::Hours(1));
  const auto completed = Call(complete);
  Elapse(absl::Hours(1));
  const auto begun = Call(BeginOf("order-1"));
  ASSERT_TRUE(begun->has_expired()) << begun->ShortDebugString();
  EXPECT_EQ(At(begun->expired().complete_time()), At(completed->expire_time()) - absl::Hours(1));
  EXPECT_EQ(Look("order-1").state(), v1::STATE_EXPIRED);
}

// The table of 2-protocol.md, as far as one call after another can reach it.
TEST_F(CallsTest, RefusalsSayWhy) {
  const auto code_and_reason = [](const support::WireError& error) { return std::pair(error.code, error.reason); };
  const int64_t token = Acquire(FullBegin("order-1"));
  v1::BeginRequest mismatch = FullBegin("order-1");
  mismatch.set_fingerprint("another request");
  EXPECT_THAT(code_and_reason(Call(mismatch).error()),
              Pair(grpc::StatusCode::FAILED_PRECONDITION, "FINGERPRINT_MISMATCH"));
  EXPECT_THAT(code_and_reason(Call(ResultOf("order-2", token)).error()),
              Pair(grpc::StatusCode::NOT_FOUND, "KEY_NOT_FOUND"));
  EXPECT_THAT(code_and_reason(Call(ResultOf("order-1", token - 1)).error()),
              Pair(grpc::StatusCode::ABORTED, "TOKEN_STALE"));
  ASSERT_TRUE(Call(ResultOf("order-1", token)).ok());
  EXPECT_THAT(code_and_reason(Call(ResultOf("order-1", token, "another")).error()),
              Pair(grpc::StatusCode::FAILED_PRECONDITION, "OUTCOME_CONFLICT"));
  EXPECT_THAT(code_and_reason(Call(RenewOf("order-1", token)).error()),
              Pair(grpc::StatusCode::FAILED_PRECONDITION, "NOT_IN_PROGRESS"));
}

}  // namespace
}  // namespace semel::e2e
