// The request arrives, the answer does not; to a call of its own, and to one that goes over the stream.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/server_fixture.h"

namespace semel {
namespace {

class LostReplyTest : public ServerTest, public testing::WithParamInterface<Transport> {
 protected:
  std::unique_ptr<Client> ThroughProxy(ClientOptions options = {}) const {
    options.transport = GetParam();
    return ServerTest::ThroughProxy(std::move(options));
  }
};

TEST_P(LostReplyTest, OfABeginDoesNotLockTheCallerOut) {
  const auto client = ThroughProxy();
  proxy().LoseReplies(1);
  const Acquired acquired = Acquire(*client, "k");
  EXPECT_EQ(proxy().replies_lost(), 1);
  EXPECT_EQ(acquired.attempt, 1);
  EXPECT_EQ(acquired.previous, Previous::kNone);
}

TEST_P(LostReplyTest, OfACompleteIsNoConflict) {
  const auto client = ThroughProxy();
  const Acquired acquired = Acquire(*client, "k");
  proxy().LoseReplies(1);
  const auto completed = client->Complete({.key = "k", .token = acquired.token, .outcome = Result{.payload = "r"}});
  ASSERT_TRUE(completed.ok()) << completed.status();
  EXPECT_TRUE(completed->already_applied);
  EXPECT_EQ(proxy().replies_lost(), 1);
}

TEST_P(LostReplyTest, OfAnyOtherCallIsSurvived) {
  const auto client = ThroughProxy();
  const Acquired acquired = Acquire(*client, "k");
  const auto lose = [&] { proxy().LoseReplies(1); };
  lose();
  EXPECT_TRUE(client->Renew({.key = "k", .token = acquired.token}).ok());
  lose();
  EXPECT_TRUE(client->Checkpoint("k", acquired.token, "data", false).ok());
  lose();
  EXPECT_TRUE(client->Lookup("k").ok());
  lose();
  EXPECT_TRUE(client->BatchRenew({{.key = "k", .token = acquired.token}}).ok());
  lose();
  EXPECT_TRUE(client->Release("k", acquired.token).ok());
  EXPECT_EQ(proxy().replies_lost(), 5);
}

TEST_P(LostReplyTest, OfBothCallsOfARunDoesNotRunItTwice) {
  const auto client = ThroughProxy();
  int runs = 0;
  proxy().LoseReplies(1);
  const auto outcome = client->Run("k", [&](Attempt& attempt) -> Outcome {
    ++runs;
    EXPECT_EQ(attempt.number(), 1);
    proxy().LoseReplies(1);
    return Result{.payload = "r"};
  });
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_FALSE(outcome->replayed);
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(proxy().replies_lost(), 2);
}

TEST_P(LostReplyTest, SeveralInARowAreSurvived) {
  const auto client = ThroughProxy();
  proxy().LoseReplies(5);
  EXPECT_EQ(Acquire(*client, "k").attempt, 1);
  EXPECT_EQ(proxy().replies_lost(), 5);
}

TEST_P(LostReplyTest, OfAWaitingBeginIsSurvived) {
  const auto client = ThroughProxy();
  const auto direct = Direct();
  const Acquired owner = Acquire(*direct, "k");
  proxy().LoseReplies(1);
  ASSERT_TRUE(direct->Complete({.key = "k", .token = owner.token, .outcome = Result{.payload = "r"}}).ok());
  const auto answer = client->Begin({.key = "k", .wait = 30s});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_TRUE(std::holds_alternative<Done>(*answer));
}

// The connection stays up and says nothing: each try ends at its own deadline.
TEST_P(LostReplyTest, SilenceIsReportedAsUnknownAndCanBeAskedAgain) {
  ClientOptions options;
  options.try_timeout = 300ms;
  options.retry.max_tries = 2;
  options.retry.max_backoff = options.retry.initial_backoff = 1ms;
  const auto client = ThroughProxy(options);
  ASSERT_TRUE(client->Lookup("k").ok());  // connected

  proxy().Swallow();
  const AttemptId id = NewAttemptId();
  const auto silence = client->Begin({.key = "k", .attempt_id = id});
  EXPECT_EQ(silence.status().code(), absl::StatusCode::kDeadlineExceeded) << silence.status();
  EXPECT_TRUE(DetailsOf(silence.status()).outcome_unknown);
  EXPECT_THAT(std::string(silence.status().message()), testing::HasSubstr("same attempt id"));

  proxy().Restore();
  ClientOptions patient;
  const Acquired acquired = Acquire(*ThroughProxy(patient), "k", {.attempt_id = id});
  EXPECT_EQ(acquired.attempt, 1);
}

TEST_P(LostReplyTest, AServerThatIsNotThereHasChangedNothing) {
  ClientOptions options;
  options.call_timeout = 200ms;
  options.address = "127.0.0.1:1";  // a reserved port: nobody listens
  options.transport = GetParam();
  options.namespace_name = "shop";
  const auto nobody = Client::Connect(options).value();
  const auto answer = nobody->Begin({.key = "k"});
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(DetailsOf(answer.status()).outcome_unknown) << answer.status();
}

TEST_P(LostReplyTest, ARestartOfTheServerIsSurvived) {
  const auto client = ThroughProxy();
  const Acquired acquired = Acquire(*client, "k");
  RestartServer();
  const auto completed = client->Complete({.key = "k", .token = acquired.token, .outcome = Result{.payload = "r"}});
  ASSERT_TRUE(completed.ok()) << completed.status();
  RestartServer();
  const auto replayed = client->Begin({.key = "k"});
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  EXPECT_TRUE(std::holds_alternative<Done>(*replayed));
}

// The far end is there no more, and nothing says so: only the unanswered ping tells, long before the try is over.
TEST_P(LostReplyTest, AHalfOpenConnectionIsNoticedByItsPing) {
  const auto client = ThroughProxy({.call_timeout = 60s,
                                    .try_timeout = 60s,
                                    .retry = {.max_tries = 1},
                                    .keepalive_time = 1s,
                                    .keepalive_timeout = 1s});
  ASSERT_TRUE(client->Lookup("k").ok());
  proxy().Swallow();
  const auto answer = client->Begin({.key = "k"});
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable) << answer.status();
  EXPECT_TRUE(DetailsOf(answer.status()).outcome_unknown);
}

TEST_P(LostReplyTest, OneCallMayHaveATimeoutOfItsOwn) {
  const auto client = ThroughProxy({.call_timeout = 1h, .try_timeout = 1h});
  proxy().Swallow();
  const auto answer = client->Lookup("k", {.timeout = 300ms});
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kDeadlineExceeded) << answer.status();
}

INSTANTIATE_TEST_SUITE_P(, LostReplyTest, testing::Values(Transport::kUnary, Transport::kStream),
                         [](const auto& test) { return test.param == Transport::kUnary ? "Unary" : "Stream"; });

}  // namespace
}  // namespace semel
