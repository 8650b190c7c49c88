// Every single call against a real server.

#include <chrono>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/cpp/connection.h"
#include "semel/v1/idempotency_service.grpc.pb.h"
#include "tests/client/server_fixture.h"

namespace semel {
namespace {

class CallsTest : public ServerTest {
 protected:
  std::unique_ptr<Client> client_ = Direct();
};

TEST_F(CallsTest, AConversation) {
  const Acquired acquired = Acquire(*client_, "order/1", {.lease = 7s});
  EXPECT_GT(acquired.token, 0);
  EXPECT_EQ(acquired.attempt, 1);
  EXPECT_EQ(acquired.lease, 7s);
  EXPECT_EQ(acquired.previous, Previous::kNone);

  const auto again = client_->Begin({.key = "order/1"});
  ASSERT_TRUE(again.ok()) << again.status();
  const auto* in_progress = std::get_if<InProgress>(&*again);
  ASSERT_NE(in_progress, nullptr);
  EXPECT_EQ(in_progress->owner, client_->options().owner);
  EXPECT_LE(in_progress->lease_remaining, 7s);

  const auto completed = client_->Complete(
      {.key = "order/1",
       .token = acquired.token,
       .outcome = Result{.payload = "placed", .content_type = "text/plain", .attributes = {{"status", "201"}}}});
  ASSERT_TRUE(completed.ok()) << completed.status();
  EXPECT_EQ(completed->state, State::kDone);
  EXPECT_FALSE(completed->already_applied);

  const auto replayed = client_->Begin({.key = "order/1"});
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  const auto* done = std::get_if<Done>(&*replayed);
  ASSERT_NE(done, nullptr);
  EXPECT_EQ(done->result.payload, "placed");
  EXPECT_EQ(done->result.content_type, "text/plain");
  EXPECT_EQ(done->result.attributes.at("status"), "201");
  EXPECT_EQ(done->expire_time, completed->expire_time);
}

TEST_F(CallsTest, TheSameAttemptIdIsTheSameAttempt) {
  const AttemptId id = NewAttemptId();
  const Acquired first = Acquire(*client_, "k", {.attempt_id = id});
  const Acquired second = Acquire(*client_, "k", {.attempt_id = id});
  EXPECT_EQ(first.token, second.token);
  EXPECT_EQ(second.attempt, 1);
}

TEST_F(CallsTest, AnotherFingerprintIsAnotherRequest) {
  Acquire(*client_, "k", {.fingerprint = FingerprintOf("a")});
  const auto other = client_->Begin({.key = "k", .fingerprint = FingerprintOf("b")});
  EXPECT_EQ(other.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(DetailsOf(other.status()).reason, reason::kFingerprintMismatch);
  EXPECT_FALSE(DetailsOf(other.status()).outcome_unknown);
}

TEST_F(CallsTest, LookupShowsTheRecordAndChangesNothing) {
  const auto nothing = client_->Lookup("k");
  ASSERT_TRUE(nothing.ok()) << nothing.status();
  EXPECT_FALSE(nothing->has_value());

  const Acquired acquired = Acquire(*client_, "k", {.fingerprint = "f", .owner = "me"});
  const auto open = client_->Lookup("k");
  ASSERT_TRUE(open.ok() && open->has_value());
  EXPECT_EQ((*open)->state, State::kInProgress);
  EXPECT_EQ((*open)->owner, "me");
  EXPECT_EQ((*open)->fingerprint, "f");
  EXPECT_GT((*open)->lease_remaining, 0s);
  EXPECT_FALSE((*open)->complete_time.has_value());

  ASSERT_TRUE(client_->Complete({.key = "k", .token = acquired.token, .outcome = Failure{.reason = "NO_TEA"}}).ok());
  const auto failed = client_->Lookup("k");
  ASSERT_TRUE(failed.ok() && failed->has_value());
  EXPECT_EQ((*failed)->state, State::kFailed);
  EXPECT_TRUE((*failed)->complete_time.has_value());
  ASSERT_TRUE(std::holds_alternative<Failure>((*failed)->outcome));
  EXPECT_EQ(std::get<Failure>((*failed)->outcome).reason, "NO_TEA");
}

TEST_F(CallsTest, ARetryableFailureIsHeldBackAndThenRunAgain) {
  const Acquired first = Acquire(*client_, "k");
  const Failure failure{
      .reason = "BANK_DOWN", .message = "later", .details = "\x01\x02", .retryable = true, .retry_after = 1h};
  ASSERT_TRUE(client_->Complete({.key = "k", .token = first.token, .outcome = failure}).ok());
  const auto held_back = client_->Begin({.key = "k"});
  ASSERT_TRUE(held_back.ok()) << held_back.status();
  const auto* failed = std::get_if<Failed>(&*held_back);
  ASSERT_NE(failed, nullptr);
  EXPECT_EQ(failed->failure.message, "later");
  EXPECT_EQ(failed->failure.details, "\x01\x02");
  EXPECT_EQ(failed->attempt, 1);
  ASSERT_TRUE(failed->retry_after.has_value());
  EXPECT_LE(*failed->retry_after, 1h);

  const Acquired other = Acquire(*client_, "k2");
  const Failure at_once{.reason = "BANK_DOWN", .retryable = true};
  ASSERT_TRUE(client_->Complete({.key = "k2", .token = other.token, .outcome = at_once}).ok());
  const Acquired second = Acquire(*client_, "k2");
  EXPECT_EQ(second.attempt, 2);
  EXPECT_EQ(second.previous, Previous::kFailed);
  EXPECT_GT(second.token, other.token);
}

TEST_F(CallsTest, ReleaseLetsAnotherTryAtOnce) {
  const Acquired first = Acquire(*client_, "k");
  EXPECT_TRUE(client_->Release("k", first.token).ok());
  EXPECT_TRUE(client_->Release("k", first.token).ok());
  const Acquired second = Acquire(*client_, "k");
  EXPECT_EQ(second.previous, Previous::kReleased);
  EXPECT_EQ(DetailsOf(client_->Release("k", first.token)).reason, reason::kTokenStale);
}

TEST_F(CallsTest, RenewAnswersTheLengthOfTheLease) {
  const Acquired acquired = Acquire(*client_, "k", {.lease = 5s});
  EXPECT_EQ(client_->Renew({.key = "k", .token = acquired.token}).value(), 5s);
  EXPECT_EQ(client_->Renew({.key = "k", .token = acquired.token, .lease = 90s}).value(), 90s);
  const auto stale = client_->Renew({.key = "k", .token = acquired.token - 1});
  EXPECT_EQ(stale.status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(DetailsOf(stale.status()).reason, reason::kTokenStale);
  EXPECT_EQ(DetailsOf(client_->Renew({.key = "none", .token = 1}).status()).reason, reason::kKeyNotFound);
}

TEST_F(CallsTest, CheckpointsAreHandedOver) {
  const Acquired acquired = Acquire(*client_, "k", {.lease = 60s});
  const auto remaining = client_->Checkpoint("k", acquired.token, "half way", false);
  ASSERT_TRUE(remaining.ok()) << remaining.status();
  EXPECT_GT(*remaining, 0s);
  EXPECT_LE(*remaining, 60s);
  ASSERT_TRUE(
      client_
          ->Complete(
              {.key = "k", .token = acquired.token, .outcome = Failure{.reason = "BANK_DOWN", .retryable = true}})
          .ok());
  EXPECT_EQ(Acquire(*client_, "k").checkpoint, "half way");
}

TEST_F(CallsTest, CompleteSaysWhatIsStoredAlready) {
  const Acquired acquired = Acquire(*client_, "k");
  const CompleteRequest report{.key = "k", .token = acquired.token, .outcome = Result{.payload = "a"}};
  ASSERT_TRUE(client_->Complete(report).ok());
  EXPECT_TRUE(client_->Complete(report).value().already_applied);
  const auto conflict = client_->Complete({.key = "k", .token = acquired.token, .outcome = Result{.payload = "b"}});
  EXPECT_EQ(DetailsOf(conflict.status()).reason, reason::kOutcomeConflict);
}

TEST_F(CallsTest, TooLargeAResultIsRefusedWithTheSameReasonHereAndThere) {
  const Acquired acquired = Acquire(*client_, "k");
  for (const size_t size : {size_t{2'000'000}, size_t{5'000'000}}) {
    const auto refused =
        client_->Complete({.key = "k", .token = acquired.token, .outcome = Result{.payload = std::string(size, 'x')}});
    EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument) << refused.status();
    EXPECT_EQ(DetailsOf(refused.status()).reason, reason::kResultTooLarge);
  }
}

TEST_F(CallsTest, AWrongFieldIsNamed) {
  const auto refused = client_->Begin({.key = "space at the end "});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  const ErrorDetails details = DetailsOf(refused.status());
  EXPECT_EQ(details.reason, reason::kFieldInvalid);
  ASSERT_EQ(details.field_violations.size(), 1u);
  EXPECT_EQ(details.field_violations[0].field, "key");
}

// No server can read such a message, however often it is sent.
TEST_F(CallsTest, WhatIsNoTextIsRefusedBeforeItIsSent) {
  const std::string bytes = "caf\xe9";
  const auto field_of = [](const absl::Status& status) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    const ErrorDetails details = DetailsOf(status);
    EXPECT_EQ(details.reason, reason::kFieldInvalid);
    return details.field_violations.empty() ? std::string() : details.field_violations[0].field;
  };
  EXPECT_EQ(field_of(client_->Begin({.key = bytes}).status()), "key");
  EXPECT_EQ(field_of(client_->Begin({.key = "k", .owner = bytes}).status()), "owner");
  EXPECT_EQ(field_of(client_->Lookup("k", {.namespace_name = bytes}).status()), "namespace");
  EXPECT_EQ(field_of(client_->Release(bytes, 1)), "key");
  EXPECT_EQ(field_of(client_->Renew({.key = bytes, .token = 1}).status()), "key");
  EXPECT_EQ(field_of(client_->Checkpoint(bytes, 1, "", false).status()), "key");
  const auto completed =
      client_->Complete({.key = "k", .token = 1, .outcome = Failure{.reason = "BAD", .message = bytes}});
  EXPECT_EQ(field_of(completed.status()), "failure.message");
  EXPECT_EQ(completed.status().message(), "failure.message: has to be UTF-8; came \"caf\\xe9\"");

  const auto batch = client_->BatchBegin({{.key = "good"}, {.key = "k", .owner = bytes}, {.key = "good too"}});
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_TRUE((*batch)[0].ok() && (*batch)[2].ok());
  EXPECT_EQ(field_of((*batch)[1].status()), "owner");
}

TEST_F(CallsTest, WhatTheServerCannotReadIsSentOnce) {
  Connection connection(ClientOptions{.address = server().address()});
  const auto stub = v1::IdempotencyService::NewStub(connection.channel());
  v1::LookupRequest request;
  request.set_namespace_("shop");
  request.set_key("caf\xe9");
  int tries = 0;
  const absl::Status status = connection.Call("Lookup", {30s, 30s}, [&](grpc::ClientContext& context) {
    ++tries;
    v1::LookupResponse response;
    return stub->Lookup(&context, request, &response);
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << status;
  EXPECT_EQ(tries, 1);
}

TEST_F(CallsTest, AWaitingBeginIsAnsweredWithTheResult) {
  const Acquired acquired = Acquire(*client_, "k");
  absl::StatusOr<BeginAnswer> answer = absl::UnknownError("none yet");
  std::thread waiter([&] { answer = client_->Begin({.key = "k", .wait = 60s}); });
  EXPECT_TRUE(AwaitWaiters(1));
  EXPECT_TRUE(client_->Complete({.key = "k", .token = acquired.token, .outcome = Result{.payload = "r"}}).ok());
  waiter.join();
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_TRUE(std::holds_alternative<Done>(*answer));
}

TEST_F(CallsTest, AWaitThatIsOverSaysInProgress) {
  Acquire(*client_, "k");
  const auto begin = std::chrono::steady_clock::now();
  const auto answer = client_->Begin({.key = "k", .wait = 50ms});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_TRUE(std::holds_alternative<InProgress>(*answer));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 50ms);
}

TEST_F(CallsTest, AttemptIdsAreNeverTheSame) {
  std::set<AttemptId> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(NewAttemptId());
  EXPECT_EQ(ids.size(), 1000u);
}

}  // namespace
}  // namespace semel
