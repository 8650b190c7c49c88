// Servers that die, drain or stand still while calls are on the stream.

#include <signal.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/cpp/session_stream.h"
#include "tests/client/server_fixture.h"

namespace semel {
namespace {

class StreamLossTest : public ServerTest, public testing::WithParamInterface<Transport> {
 protected:
  StreamLossTest() : ServerTest("shutdown: {drain_delay: 200ms}\n") {}

  ~StreamLossTest() override { StopTraffic(); }

  // Threads that do effects, each wanted twice, until the test has seen enough.
  void StartTraffic() {
    client_ = ThroughProxy({.call_timeout = 60s,
                            .try_timeout = 5s,
                            .complete_timeout = 60s,
                            .retry = {.max_tries = 100'000, .max_backoff = 100ms},
                            .transport = GetParam()});
    for (int t = 0; t < kThreads; ++t) {
      threads_.emplace_back([this, t] {
        for (int i = 0; !stopping_; ++i) PlaceTwice("order/" + std::to_string(t) + "/" + std::to_string(i));
      });
    }
  }
  void StopTraffic() {
    stopping_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  bool AwaitOrders(int more) {
    const int enough = orders_ + more;
    return Eventually([&] { return orders_ >= enough; });
  }

  static constexpr int kThreads = 16;
  std::unique_ptr<Client> client_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> orders_ = 0;
  std::atomic<int> wrong_ = 0;

 private:
  void PlaceTwice(const std::string& key) {
    int effects = 0;
    const auto place = [&] {
      const auto outcome = client_->Run(key,
                                        [&](Attempt&) -> Outcome {
                                          ++effects;
                                          return Result{.payload = key};
                                        },
                                        {.wait = 30s});
      const bool right = outcome.ok() && outcome->result() && outcome->result()->payload == key;
      if (!right && ++wrong_ == 1) ADD_FAILURE() << key << ": " << outcome.status();
    };
    place();
    place();
    if (effects != 1 && ++wrong_ == 1) ADD_FAILURE() << key << " was placed " << effects << " times";
    ++orders_;
  }
};

TEST_P(StreamLossTest, KilledServersLoseNoCallAndDoNoEffectTwice) {
  StartTraffic();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(AwaitOrders(50));
    RestartServer();
  }
  EXPECT_TRUE(AwaitOrders(50));
  // Calls by themselves may have placed all of these while the stream paused. It is not left alone for longer than that.
  EXPECT_TRUE(Eventually([&] { return client_->transport_in_use() == Transport::kStream; }));
  StopTraffic();
  EXPECT_EQ(wrong_, 0);
}

TEST_P(StreamLossTest, ADrainingServerIsLeftForTheNext) {
  StartTraffic();
  ASSERT_TRUE(AwaitOrders(50));
  server().process().Signal(SIGTERM);
  EXPECT_EQ(server().process().Wait(), 0);
  StartServer();
  proxy().SetBackend(server().address());
  EXPECT_TRUE(AwaitOrders(50));
  StopTraffic();
  EXPECT_EQ(wrong_, 0);
}

TEST_P(StreamLossTest, LostAnswersOfManyCallsAreAskedForAgain) {
  StartTraffic();
  for (int i = 1; i <= 20; ++i) {
    proxy().LoseReplies(1);
    ASSERT_TRUE(proxy().AwaitRepliesLost(i, Patience()));
  }
  EXPECT_TRUE(AwaitOrders(20));
  StopTraffic();
  EXPECT_EQ(wrong_, 0);
}

INSTANTIATE_TEST_SUITE_P(, StreamLossTest, testing::Values(Transport::kAuto, Transport::kStream),
                         [](const auto& test) { return test.param == Transport::kAuto ? "Auto" : "Stream"; });

class StoppedServerTest : public ServerTest {
 protected:
  ~StoppedServerTest() override { Continue(); }  // or it could not end
  void Stop() {
    server().process().Signal(SIGSTOP);
    server().process().AwaitStopped();
  }
  void Continue() { server().process().Signal(SIGCONT); }
};

TEST_F(StoppedServerTest, ATryThatEndsOnTheStreamIsUnknownAndIsMadeAgainWhenItGoesOn) {
  const auto once =
      Direct({.call_timeout = 20s, .try_timeout = 300ms, .retry = {.max_tries = 1}, .transport = Transport::kStream});
  const auto patient = Direct({.call_timeout = 60s, .try_timeout = 300ms, .transport = Transport::kStream});
  ASSERT_TRUE(once->Lookup("k").ok());
  ASSERT_TRUE(patient->Lookup("k").ok());

  Stop();
  const AttemptId id = NewAttemptId();
  const auto silence = once->Begin({.key = "k", .attempt_id = id});
  EXPECT_EQ(silence.status().code(), absl::StatusCode::kDeadlineExceeded) << silence.status();
  EXPECT_TRUE(DetailsOf(silence.status()).outcome_unknown);
  absl::StatusOr<BeginAnswer> answer = absl::UnknownError("not yet");
  std::thread caller([&] { answer = patient->Begin({.key = "other"}); });
  // As long as several of its tries take.
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(once->Lookup("k").ok());
  Continue();
  caller.join();
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_TRUE(std::holds_alternative<Acquired>(*answer));
  EXPECT_EQ(std::get<Acquired>(*answer).attempt, 1);
  EXPECT_EQ(Acquire(*patient, "k", {.attempt_id = id}).attempt, 1);
}

// Nothing breaks the connection; where an answer is overdue for too long, the stream is given up for another.
TEST_F(StoppedServerTest, AStreamThatFellSilentIsReplaced) {
  ClientOptions options;
  options.address = server().address();
  Connection connection(options);
  std::atomic<int> ends = 0;
  SessionStream stream(connection, [&ends](const SessionStream::End&) { ++ends; });
  stream.Open();
  ASSERT_TRUE(Eventually([&] { return stream.is_open(); }));
  Stop();
  SessionStream::Operation lookup;
  lookup.mutable_lookup()->set_key("k");
  EXPECT_TRUE(Eventually([&] {
    stream.Cancel(stream.Submit(lookup, [](const grpc::Status&, SessionStream::Answer*) {}));
    return ends > 0;
  }));
  Continue();
  stream.Open();
  EXPECT_TRUE(Eventually([&] { return stream.is_open(); }));
}

}  // namespace
}  // namespace semel
