// What a Session stream may take up, and how it ends with its server.

#include <gmock/gmock.h>

#include <atomic>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/e2e/local_server_test.h"
#include "tests/support/session_caller.h"

namespace semel::e2e {
namespace {

using support::Describe;
using support::Eventually;
using support::OperationOf;
using support::SessionCaller;

class SessionLimitsTest : public LocalServerTest {
 protected:
  explicit SessionLimitsTest(engine::Limits limits = {}) : LocalServerTest({.limits = limits}) {}

  const rpc::CallStats& stats() { return server_.call_stats(); }
};

class FewOperationsTest : public SessionLimitsTest {
 protected:
  FewOperationsTest() : SessionLimitsTest({.max_session_operations = 3}) {}
};

TEST_F(FewOperationsTest, WhatGoesBeyondIsRefusedAlone) {
  const int64_t token = Acquire("order-1");
  SessionCaller session(server_.channel());
  ASSERT_TRUE(session.Send({OperationOf(1, WaitingBeginOf("order-1")), OperationOf(2, WaitingBeginOf("order-1")),
                            OperationOf(3, WaitingBeginOf("order-1"))}));
  ASSERT_TRUE(Eventually([&] { return server_.waiters() == 3; }));
  ASSERT_TRUE(session.Send({OperationOf(4, BeginOf("order-2"))}));
  const support::WireError error = Describe(session.Await(4).error());
  EXPECT_EQ(error.reason, "OVERLOADED") << error;
  EXPECT_EQ(error.metadata.at("limit"), "max_session_operations");
  EXPECT_EQ(session.limits()->max_unanswered(), 3);

  SessionCaller other(server_.channel());
  ASSERT_TRUE(other.Send({OperationOf(1, ResultOf("order-1", token, "paid"))}));
  EXPECT_EQ(other.Await(1).complete().state(), v1::STATE_DONE) << "another stream has its own";
  for (uint64_t id = 1; id <= 3; ++id) EXPECT_TRUE(session.Await(id).begin().has_done()) << id;
}

class FewSessionsTest : public SessionLimitsTest {
 protected:
  FewSessionsTest() : SessionLimitsTest({.max_calls = 3, .max_sessions = 2}) {}
};

TEST_F(FewSessionsTest, OpenStreamsAreBoundedAndTakeNoPlaceOfCalls) {
  SessionCaller first(server_.channel()), second(server_.channel());
  for (SessionCaller* session : {&first, &second}) {
    ASSERT_TRUE(session->Send(v1::SessionRequest()));
    ASSERT_TRUE(session->Read());
  }
  {
    SessionCaller third(server_.channel());
    const support::WireError error = Describe(third.Finish());
    EXPECT_EQ(error.reason, "OVERLOADED") << error;
    EXPECT_EQ(error.metadata.at("limit"), "max_sessions");
  }
  EXPECT_GT(Acquire("order-1"), 0);
  ASSERT_TRUE(first.Send({OperationOf(1, WaitingBeginOf("order-1")), OperationOf(2, WaitingBeginOf("order-1")),
                          OperationOf(3, WaitingBeginOf("order-1")), OperationOf(4, WaitingBeginOf("order-1"))}));
  EXPECT_EQ(first.Await(4).error().metadata().at("limit"), "max_calls");
}

// What waits to be read is bounded over all streams too.
class LittleMemorySessionTest : public SessionLimitsTest {
 protected:
  LittleMemorySessionTest() : SessionLimitsTest({.max_inflight_bytes = 6 << 20}) {}
};

TEST_F(LittleMemorySessionTest, LargeAnswersBeyondTheLimitAreRefusedAlone) {
  const std::string payload(1 << 20, 'p');
  ASSERT_TRUE(Call(ResultOf("order-1", Acquire("order-1"), payload)).ok());
  SessionCaller session(server_.channel());
  v1::SessionRequest request;
  for (int i = 0; i < 20; ++i) *request.add_operations() = OperationOf(i, LookupOf("order-1"));
  ASSERT_TRUE(session.Send(request));
  int whole = 0, refused = 0;
  for (int i = 0; i < 20; ++i) {
    const support::SessionAnswer& answer = session.Await(i);
    answer.has_error() ? ++refused : ++whole;
    if (answer.has_error()) {
      EXPECT_EQ(answer.error().metadata().at("limit"), "max_inflight_bytes");
    }
  }
  EXPECT_GE(whole, 4);
  EXPECT_GE(refused, 10);
  EXPECT_TRUE(Eventually([&] { return stats().held_bytes.value() == 0; }));
  ASSERT_TRUE(session.Send({OperationOf(20, LookupOf("order-1"))}));
  EXPECT_TRUE(session.Await(20).has_lookup()) << "there is room again";
}

// The answers stay in the server, then its reading stops, then the peer's own writes come to rest.
TEST_F(SessionLimitsTest, APeerThatDoesNotReadIsNotReadFrom) {
  const std::string payload(512 << 10, 'p');
  ASSERT_TRUE(Call(ResultOf("order-1", Acquire("order-1"), payload)).ok());
  SessionCaller session(server_.NewChannel());
  const auto received = [&] { return stats().sessions.requests.value(); };
  uint64_t sent = 0;
  const auto send = [&] { ASSERT_TRUE(session.Send({OperationOf(sent++, LookupOf("order-1"))})); };
  while (stats().held_bytes.value() <= int64_t{engine::kMaxUnreadBytes}) {
    send();
    ASSERT_TRUE(Eventually([&] { return received() == sent; }));
    ASSERT_TRUE(Call(LookupOf("order-2")).ok()) << "others are served, and what stood in line before them is decided";
  }
  // Only what it had asked for before the answers were too many still comes in.
  for (int i = 0; i < 20; ++i) send();
  const uint64_t before = received();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(Call(LookupOf("order-2")).ok());
  EXPECT_LE(received(), before + 1);
  EXPECT_LT(received(), sent - 10);
  EXPECT_LT(stats().held_bytes.value(), engine::kMaxUnreadBytes + 4 * static_cast<int64_t>(payload.size()));
  for (uint64_t i = 0; i < sent; ++i)
    EXPECT_TRUE(session.Await(i).lookup().record().result().payload() == payload) << i;
}

TEST_F(SessionLimitsTest, AnswersThatDoNotFitInAMessageGoInSeveral) {
  const std::string payload(900 << 10, 'p');
  for (int i = 0; i < 10; ++i) {
    const std::string key = absl::StrCat("order-", i);
    ASSERT_TRUE(Call(ResultOf(key, Acquire(key), payload)).ok());
  }
  SessionCaller session(server_.channel());
  v1::SessionRequest request;
  for (int i = 0; i < 10; ++i) *request.add_operations() = OperationOf(i, LookupOf(absl::StrCat("order-", i)));
  ASSERT_TRUE(session.Send(request));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(session.Await(i).lookup().record().result().payload().size(), payload.size());
}

TEST_F(SessionLimitsTest, ADrainingServerLetsOwnersFinishThenEndsTheStream) {
  SessionCaller session(server_.channel());
  ASSERT_TRUE(session.Send({OperationOf(1, BeginOf("order-1")), OperationOf(2, WaitingBeginOf("order-1"))}));
  const int64_t token = session.Await(1).begin().acquired().token();
  ASSERT_TRUE(Eventually([&] { return server_.waiters() == 1; }));
  server_.server().Drain();
  EXPECT_TRUE(session.Await(2).begin().has_in_progress());
  ASSERT_TRUE(session.Send({OperationOf(3, BeginOf("order-2")), OperationOf(4, ResultOf("order-1", token, "paid"))}));
  EXPECT_EQ(session.Await(3).error().reason(), "DRAINING");
  EXPECT_EQ(session.Await(4).complete().state(), v1::STATE_DONE);

  std::thread shutdown([&] { server_.server().Shutdown(absl::ToChronoSeconds(support::kPatience)); });
  const support::WireError error = Describe(session.Finish());
  EXPECT_EQ(error.code, grpc::StatusCode::UNAVAILABLE) << error;
  EXPECT_EQ(error.reason, "DRAINING") << error;
  shutdown.join();
}

class TwoPollersSessionTest : public LocalServerTest {
 protected:
  TwoPollersSessionTest() : LocalServerTest({.polling_threads = 2}) {}
};

// Streams on two polling threads wake each other's waiters, and some of them break off amid it.
TEST_F(TwoPollersSessionTest, StreamsOfManyThreadsRunEachKeyOnce) {
  constexpr int kStreams = 8, kKeys = 60;
  std::atomic<int> acquired = 0;
  std::vector<std::thread> threads;
  for (int stream = 0; stream < kStreams; ++stream) {
    threads.emplace_back([&, stream] {
      SessionCaller session(server_.NewChannel());
      SessionCaller fickle(server_.NewChannel());
      for (int key = 0; key < kKeys; ++key) {
        const std::string name = absl::StrCat("order-", key);
        fickle.Send(
            {OperationOf(key, LookupOf(name)), OperationOf(1000 + key, WaitingBeginOf(absl::StrCat("shared-", key)))});
        if (key == kKeys / 2 + stream) fickle.Break();
        ASSERT_TRUE(session.Send({OperationOf(2 * key, WaitingBeginOf(name))}));
        const v1::BeginResponse begun = session.Await(2 * key).begin();
        if (!begun.has_acquired()) {
          EXPECT_EQ(begun.done().result().payload(), name) << begun.ShortDebugString();
          continue;
        }
        ++acquired;
        ASSERT_TRUE(session.Send({OperationOf(2 * key + 1, ResultOf(name, begun.acquired().token(), name))}));
        EXPECT_FALSE(session.Await(2 * key + 1).complete().already_applied());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(acquired, kKeys);
  EXPECT_TRUE(Eventually([&] { return server_.call_stats().sessions.open.value() == 0; }));
  EXPECT_EQ(server_.call_stats().live.value(), 0);
  EXPECT_EQ(server_.call_stats().held_bytes.value(), 0);
  EXPECT_EQ(server_.waiters(), 0);
}

}  // namespace
}  // namespace semel::e2e
