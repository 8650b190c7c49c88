// Single calls over the stream are what they are by themselves: the same answers, the same errors.

#include <atomic>
#include <chrono>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/server_fixture.h"

namespace semel {
namespace {

// What can be compared of an error: all of it.
std::string Told(const absl::Status& status) {
  if (status.ok()) return "OK";
  const ErrorDetails details = DetailsOf(status);
  std::string text =
      absl::StatusCodeToString(status.code()) + ": " + std::string(status.message()) + " reason " + details.reason;
  for (const auto& [name, value] : details.metadata) text += " " + name + "=" + value;
  for (const auto& violation : details.field_violations) text += " " + violation.field + ": " + violation.description;
  if (details.retry_delay) text += " after " + std::to_string(details.retry_delay->count());
  return text + (details.outcome_unknown ? " unknown" : "");
}

// Of an answer: what does not differ from one key, or one moment, to the next.
std::string Told(const absl::StatusOr<BeginAnswer>& answer) {
  if (!answer.ok()) return Told(answer.status());
  if (const auto* acquired = std::get_if<Acquired>(&*answer)) {
    return "acquired, attempt " + std::to_string(acquired->attempt) + " checkpoint " + acquired->checkpoint +
           " lease " + std::to_string(acquired->lease.count());
  }
  if (const auto* done = std::get_if<Done>(&*answer)) {
    return "done: " + done->result.payload + " " + done->result.content_type + " " + done->result.attributes.at("a");
  }
  if (const auto* failed = std::get_if<Failed>(&*answer)) return "failed: " + failed->failure.reason;
  if (const auto* held = std::get_if<InProgress>(&*answer)) return "in progress at " + held->owner;
  if (const auto* doubt = std::get_if<InDoubt>(&*answer)) return "in doubt, " + doubt->checkpoint;
  return "expired";
}
std::string Told(const absl::StatusOr<Completed>& completed) {
  if (!completed.ok()) return Told(completed.status());
  return "completed " + std::to_string(static_cast<int>(completed->state)) +
         (completed->already_applied ? " again" : "");
}
std::string Told(const absl::StatusOr<Duration>& length) {
  return length.ok() ? std::to_string(length->count() > 0) : Told(length.status());
}
std::string Told(const absl::StatusOr<std::optional<Record>>& record) {
  if (!record.ok()) return Told(record.status());
  if (!record->has_value()) return "no record";
  return "state " + std::to_string(static_cast<int>((*record)->state)) + " of " + (*record)->owner;
}

class TransportTest : public ServerTest {
 protected:
  std::unique_ptr<Client> With(Transport transport) { return Direct({.owner = "till", .transport = transport}); }
};

// Every call, with every answer and most errors, in one order.
std::vector<std::string> Conversation(Client& client) {
  std::vector<std::string> told;
  const auto say = [&told](const auto& answer) { told.push_back(Told(answer)); };
  const AttemptId id = NewAttemptId();
  say(client.Lookup("k"));
  const absl::StatusOr<BeginAnswer> begun =
      client.Begin({.key = "k", .fingerprint = "f", .attempt_id = id, .lease = std::chrono::seconds(7)});
  say(begun);
  if (!begun.ok() || !std::holds_alternative<Acquired>(*begun)) return told;
  const int64_t token = std::get<Acquired>(*begun).token;
  say(client.Begin({.key = "k", .fingerprint = "f", .attempt_id = id}));
  say(client.Begin({.key = "k", .fingerprint = "f"}));
  say(client.Begin({.key = "k", .fingerprint = "other"}));
  say(client.Begin({.key = "k", .wait = std::chrono::milliseconds(20)}));
  say(client.Begin({.key = "bad "}));
  say(client.Begin({.key = "bad\xff"}));
  say(client.Begin({.key = "k2", .lease = std::chrono::milliseconds(1)}));
  say(client.Begin({.key = "k3", .fingerprint = std::string(5 << 20, 'x')}));  // more than a message carries
  say(client.Checkpoint("k", token, "half", false));
  say(client.Checkpoint("k", token, std::string(100'000, 'x'), false));
  say(client.Checkpoint("k", token - 1, "half", false));
  say(client.Checkpoint("none", token, "half", false));
  say(client.Renew({.key = "k", .token = token}));
  say(client.Renew({.key = "k", .token = token - 1}));
  say(client.Renew({.key = "k", .token = token, .lease = std::chrono::hours(10'000)}));
  say(client.Lookup("k"));
  say(client.Release("k", token - 1));
  say(client.Release("none", token));
  say(client.Complete({.key = "k", .token = token - 1, .outcome = Result{.payload = "r"}}));
  say(client.Complete({.key = "none", .token = token, .outcome = Result{.payload = "r"}}));
  say(client.Complete({.key = "k", .token = token, .outcome = Result{.payload = std::string(2 << 20, 'x')}}));
  say(client.Complete({.key = "k", .token = token, .outcome = Failure{.reason = "not upper"}}));
  const Result result{.payload = "r", .content_type = "text/plain", .attributes = {{"a", "b"}}};
  say(client.Complete({.key = "k", .token = token, .outcome = result}));
  say(client.Complete({.key = "k", .token = token, .outcome = result}));
  say(client.Complete({.key = "k", .token = token, .outcome = Result{.payload = "another"}}));
  say(client.Renew({.key = "k", .token = token}));
  say(client.Release("k", token));
  say(client.Begin({.key = "k", .fingerprint = "f"}));
  say(client.Lookup("k"));

  const absl::StatusOr<BeginAnswer> given_back = client.Begin({.key = "released"});
  if (given_back.ok()) say(client.Release("released", std::get<Acquired>(*given_back).token));
  say(client.Begin({.key = "released"}));
  const absl::StatusOr<BeginAnswer> fails = client.Begin({.key = "fails"});
  if (fails.ok()) {
    const Failure failure{.reason = "NO_STOCK", .message = "none", .details = std::string("\xff\0", 2)};
    say(client.Complete({.key = "fails", .token = std::get<Acquired>(*fails).token, .outcome = failure}));
  }
  say(client.Begin({.key = "fails"}));
  return told;
}

// All that may differ in what is said: tokens, which come from the clock, and how large a message is that names the namespace.
std::string WithoutTokens(const std::string& text) {
  static const std::regex kToken("[0-9]{7,}");
  return std::regex_replace(text, kToken, "#");
}

TEST_F(TransportTest, EveryCallSaysTheSameEitherWay) {
  const auto stream = Direct({.namespace_name = "stream", .owner = "till", .transport = Transport::kStream});
  const auto unary = Direct({.namespace_name = "calls", .owner = "till", .transport = Transport::kUnary});
  const std::vector<std::string> over_stream = Conversation(*stream);
  const std::vector<std::string> by_itself = Conversation(*unary);
  ASSERT_EQ(over_stream.size(), by_itself.size());
  EXPECT_GT(over_stream.size(), 30u) << "the first Begin failed: " << over_stream.back();
  for (size_t i = 0; i < over_stream.size(); ++i) {
    EXPECT_EQ(WithoutTokens(over_stream[i]), WithoutTokens(by_itself[i])) << "call " << i;
  }
  EXPECT_EQ(stream->transport_in_use(), Transport::kStream);
  EXPECT_EQ(unary->transport_in_use(), Transport::kUnary);
}

TEST_F(TransportTest, ABeginWaitsOnTheStreamUntilTheKeyIsDone) {
  const auto client = With(Transport::kStream);
  const Acquired owner = Acquire(*client, "k");
  absl::StatusOr<BeginAnswer> answer = absl::UnknownError("not yet");
  std::thread waiter([&] { answer = client->Begin({.key = "k", .wait = 60s}); });
  EXPECT_TRUE(AwaitWaiters(1));
  EXPECT_TRUE(client->Complete({.key = "k", .token = owner.token, .outcome = Result{.payload = "r"}}).ok());
  waiter.join();
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_TRUE(std::holds_alternative<Done>(*answer));
}

TEST_F(TransportTest, ARunAndItsLeaseGoOverTheStreamToo) {
  const auto client = With(Transport::kStream);
  const auto outcome = client->Run("k", [](Attempt& attempt) -> Outcome {
    EXPECT_TRUE(attempt.Checkpoint("half").ok());
    return Result{.payload = "r"};
  });
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->result()->payload, "r");
}

TEST_F(TransportTest, OverlappingCallsMoveToTheStreamAndASingleOneDoesNot) {
  const auto client = With(Transport::kAuto);
  Acquire(*client, "k");
  EXPECT_TRUE(client->Lookup("k").ok());
  EXPECT_EQ(client->transport_in_use(), Transport::kUnary);
  // One waits, the others overlap with it.
  std::thread waiter([&] { EXPECT_TRUE(client->Begin({.key = "k", .wait = 60s}).ok()); });
  EXPECT_TRUE(AwaitWaiters(1));
  EXPECT_TRUE(Eventually([&] {
    EXPECT_TRUE(client->Lookup("k").ok());
    return client->transport_in_use() == Transport::kStream;
  }));
  const auto record = client->Lookup("k");
  ASSERT_TRUE(record.ok() && record->has_value());
  const auto admin = AdminClient::Connect({.address = server().address()}).value();
  EXPECT_TRUE(admin->DeleteKey({.namespace_name = "shop", .key = "k", .reason = "test", .actor = "test"}).ok());
  waiter.join();
}

// 64 threads, each key wanted by several of them.
TEST_F(TransportTest, ManyThreadsOverOneStreamDoEachEffectOnce) {
  const auto client = With(Transport::kStream);
  constexpr int kThreads = 64;
  constexpr int kKeys = 200;
  std::vector<std::atomic<int>> effects(kKeys);
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = t % 4; i < kKeys; i += 4) {
        const auto outcome = client->Run("order/" + std::to_string(i),
                                         [&](Attempt&) -> Outcome {
                                           ++effects[i];
                                           return Result{.payload = std::to_string(i)};
                                         },
                                         {.wait = 60s});
        const bool right = outcome.ok() && outcome->result() && outcome->result()->payload == std::to_string(i);
        if (!right && ++failures == 1) ADD_FAILURE() << i << ": " << outcome.status();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  for (int i = 0; i < kKeys; ++i) EXPECT_EQ(effects[i], 1) << i;
}

}  // namespace
}  // namespace semel
