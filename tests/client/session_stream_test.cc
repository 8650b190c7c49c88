// The stream itself, against a real server.

#include "client/cpp/session_stream.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "semel/request.h"
#include "tests/client/server_fixture.h"
#include "tests/support/http.h"
#include "tests/support/scrape.h"

namespace semel {
namespace {

using Operation = SessionStream::Operation;
using Answer = SessionStream::Answer;
using Cancelled = SessionStream::Cancelled;

// Counts what has come, and waits for it.
class Tally {
 public:
  void Add() {
    std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  bool Await(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, Patience(), [&] { return count_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

Operation BeginOf(const std::string& key, std::chrono::seconds wait = {}) {
  Operation operation;
  v1::BeginRequest& begin = *operation.mutable_begin();
  begin.set_namespace_("shop");
  begin.set_key(key);
  const AttemptId id = NewAttemptId();
  begin.set_attempt_id(id.data(), id.size());
  begin.mutable_wait()->set_seconds(wait.count());
  return operation;
}
Operation CompleteOf(const std::string& key, int64_t token, const std::string& payload) {
  Operation operation;
  v1::CompleteRequest& complete = *operation.mutable_complete();
  complete.set_namespace_("shop");
  complete.set_key(key);
  complete.set_token(token);
  complete.mutable_result()->set_payload(payload);
  return operation;
}
Operation LookupOf(const std::string& key) {
  Operation operation;
  operation.mutable_lookup()->set_namespace_("shop");
  operation.mutable_lookup()->set_key(key);
  return operation;
}

class SessionStreamTest : public ServerTest {
 protected:
  SessionStreamTest() : ServerTest("default_policy: {max_result_bytes: 3MiB}\n") {
    options_.address = server().address();
    connection_.emplace(options_);
    stream_.emplace(*connection_);
  }

  // One operation, and its answer; an error of the stream fails the test.
  Answer Ask(Operation operation) {
    Answer copy;
    Tally answered;
    stream_->Submit(operation, [&](const grpc::Status& end, Answer* answer) {
      EXPECT_TRUE(end.ok()) << end.error_message();
      if (answer != nullptr) copy.Swap(answer);
      answered.Add();
    });
    EXPECT_TRUE(answered.Await(1));
    return copy;
  }

  // What the server says that it has read or written.
  double MessagesAtTheServer(const std::string& direction) {
    const std::string& address = server().admin_address();
    const int port = std::stoi(address.substr(address.rfind(':') + 1));
    support::Scrape scrape(support::HttpGet(port, "/metrics").body);
    return scrape["semel_session_messages_total{direction=\"" + direction + "\"}"];
  }

  ClientOptions options_;
  std::optional<Connection> connection_;
  std::optional<SessionStream> stream_;
};

TEST_F(SessionStreamTest, IsOpenedByTheFirstOperation) {
  EXPECT_FALSE(stream_->is_open());
  EXPECT_TRUE(Ask(BeginOf("k")).begin().has_acquired());
  EXPECT_TRUE(stream_->is_open());
  EXPECT_TRUE(stream_->HasRoomFor(LookupOf("k")));
}

TEST_F(SessionStreamTest, MayBeOpenedAhead) {
  stream_->Open();
  EXPECT_TRUE(Eventually([&] { return stream_->is_open(); }));
  EXPECT_EQ(stream_->figures().messages_sent, 0u);
}

// 256 pairs in flight from the answers themselves, as a program does that never blocks.
TEST_F(SessionStreamTest, WhatAnswersSubmitSharesMessages) {
  constexpr int kInFlight = 256;
  constexpr int kPairs = 5000;
  std::atomic<int> next = 0;
  std::atomic<int> wrong = 0;
  Tally finished;
  std::function<void()> begin_next = [&] {
    const int i = next++;
    if (i >= kPairs) return finished.Add();
    const std::string key = "k/" + std::to_string(i);
    Operation operation = BeginOf(key);
    stream_->Submit(operation, [&, key](const grpc::Status&, Answer* begun) {
      if (begun == nullptr || !begun->begin().has_acquired()) ++wrong;
      Operation report = CompleteOf(key, begun == nullptr ? 0 : begun->begin().acquired().token(), key);
      stream_->Submit(report, [&](const grpc::Status&, Answer* completed) {
        if (completed == nullptr || !completed->has_complete()) ++wrong;
        begin_next();
      });
    });
  };
  for (int i = 0; i < kInFlight; ++i) begin_next();
  ASSERT_TRUE(finished.Await(kInFlight));
  EXPECT_EQ(wrong, 0);
  const SessionStream::Figures figures = stream_->figures();
  EXPECT_EQ(figures.operations_sent, 2u * kPairs);
  EXPECT_LT(figures.messages_sent * 8, figures.operations_sent);
  EXPECT_EQ(MessagesAtTheServer("received"), static_cast<double>(figures.messages_sent) + 1) << "the first is empty";
  EXPECT_LT(MessagesAtTheServer("sent") * 8, static_cast<double>(figures.operations_sent));
  EXPECT_EQ(Ask(LookupOf("k/4321")).lookup().record().result().payload(), "k/4321");
}

TEST_F(SessionStreamTest, OneBadOperationFailsAlone) {
  Operation none;
  EXPECT_EQ(Ask(none).error().code(), static_cast<int>(grpc::StatusCode::INVALID_ARGUMENT));
  EXPECT_EQ(Ask(BeginOf("bad ")).error().reason(), "FIELD_INVALID");
  EXPECT_TRUE(Ask(BeginOf("k")).begin().has_acquired());
}

TEST_F(SessionStreamTest, ACancelledWaitIsOverAtTheServerToo) {
  ASSERT_TRUE(Ask(BeginOf("k")).begin().has_acquired());
  Operation waits = BeginOf("k", std::chrono::seconds(3600));
  const uint64_t id = stream_->Submit(waits, [](const grpc::Status&, Answer*) { ADD_FAILURE() << "it was cancelled"; });
  ASSERT_TRUE(AwaitWaiters(1));
  EXPECT_EQ(stream_->Cancel(id), Cancelled::kSent);
  EXPECT_EQ(stream_->Cancel(id), Cancelled::kTooLate);
  EXPECT_TRUE(AwaitWaiters(0));
  EXPECT_TRUE(Ask(LookupOf("k")).lookup().has_record());
}

TEST_F(SessionStreamTest, TheDeadlineOfOneOperationIsItsOwn) {
  ASSERT_TRUE(Ask(BeginOf("k")).begin().has_acquired());
  Operation waits = BeginOf("k", std::chrono::seconds(3600));
  waits.mutable_timeout()->set_nanos(300'000'000);
  EXPECT_TRUE(Ask(waits).begin().has_in_progress());
  EXPECT_TRUE(AwaitWaiters(0));
}

TEST_F(SessionStreamTest, LargeResultsComeAndGo) {
  const std::string payload(size_t{3} << 20, 'x');
  constexpr int kKeys = 12;
  for (int i = 0; i < kKeys; ++i) {
    const std::string key = "k" + std::to_string(i);
    const int64_t token = Ask(BeginOf(key)).begin().acquired().token();
    const Answer completed = Ask(CompleteOf(key, token, payload));
    ASSERT_TRUE(completed.has_complete()) << completed.DebugString();
  }
  // All at once, each nearly as much as a message may have.
  Tally answered;
  std::atomic<int> right = 0;
  for (int i = 0; i < kKeys; ++i) {
    Operation replay = BeginOf("k" + std::to_string(i));
    stream_->Submit(replay, [&](const grpc::Status&, Answer* answer) {
      if (answer != nullptr && answer->begin().done().result().payload() == payload) ++right;
      answered.Add();
    });
  }
  ASSERT_TRUE(answered.Await(kKeys));
  EXPECT_EQ(right, kKeys);
}

TEST_F(SessionStreamTest, ManyLargeReportsAtOnceAreSentInSeveralMessages) {
  constexpr int kKeys = 10;
  std::map<std::string, int64_t> tokens;
  for (int i = 0; i < kKeys; ++i) {
    const std::string key = "k" + std::to_string(i);
    tokens[key] = Ask(BeginOf(key)).begin().acquired().token();
  }
  Tally answered;
  std::atomic<int> right = 0;
  for (const auto& [key, token] : tokens) {
    Operation report = CompleteOf(key, token, std::string(size_t{2} << 20, 'y'));
    stream_->Submit(report, [&](const grpc::Status&, Answer* answer) {
      if (answer != nullptr && answer->has_complete()) ++right;
      answered.Add();
    });
  }
  ASSERT_TRUE(answered.Await(kKeys));
  EXPECT_EQ(right, kKeys);
}

// The thread that submits is the stream's own, and others'.
TEST_F(SessionStreamTest, TakesOperationsFromManyThreads) {
  constexpr int kThreads = 16;
  constexpr int kEach = 300;
  Tally answered;
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        Operation operation = BeginOf(std::to_string(t) + "/" + std::to_string(i));
        stream_->Submit(operation, [&](const grpc::Status&, Answer* answer) {
          if (answer != nullptr && answer->begin().has_acquired()) ++right;
          answered.Add();
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(answered.Await(kThreads * kEach));
  EXPECT_EQ(right, kThreads * kEach);
}

TEST_F(SessionStreamTest, ItsEndIsToldToAllWhoWait) {
  ASSERT_TRUE(Ask(BeginOf("k")).begin().has_acquired());
  std::vector<grpc::Status> ends;
  for (int i = 0; i < 3; ++i) {
    Operation waits = BeginOf("k", std::chrono::seconds(3600));
    stream_->Submit(waits, [&ends](const grpc::Status& end, Answer* answer) {
      EXPECT_EQ(answer, nullptr);
      ends.push_back(end);
    });
  }
  ASSERT_TRUE(AwaitWaiters(3));
  stream_.reset();
  ASSERT_EQ(ends.size(), 3u);
  EXPECT_TRUE(AwaitWaiters(0));
}

TEST_F(SessionStreamTest, MayBeDestroyedUnusedAndIdleAndWhileItConnects) {
  SessionStream(*connection_).figures();
  stream_->Open();
  stream_.reset();
  ClientOptions nowhere;
  nowhere.address = "127.0.0.1:1";
  Connection connection(nowhere);
  SessionStream stream(connection);
  stream.Open();
  Tally told;
  Operation operation = LookupOf("k");
  stream.Submit(operation, [&told](const grpc::Status& end, Answer*) {
    EXPECT_EQ(end.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_THAT(end.error_message(), testing::StartsWith(kNotSent));
    told.Add();
  });
  EXPECT_TRUE(told.Await(1));
  stream.Open();  // and goes away amid the pause, or the next attempt
}

}  // namespace
}  // namespace semel
