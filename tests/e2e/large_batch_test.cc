// Batches that are decided beside the polling thread: while one is, others arrive, callers go, and the server ends.

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/e2e/local_server_test.h"
#include "tests/support/session_caller.h"

namespace semel::e2e {
namespace {

using support::Eventually;
using support::OperationOf;
using support::SessionCaller;

constexpr int kOperations = 1000;

std::string KeyOf(int round, int i) { return absl::StrCat("order-", round, "-", i); }

v1::SessionRequest BeginsOf(int round) {
  v1::SessionRequest request;
  for (int i = 0; i < kOperations; ++i) *request.add_operations() = OperationOf(i, BeginOf(KeyOf(round, i)));
  return request;
}

class LargeBatchTest : public LocalServerTest {
 protected:
  void ExpectNothingLeft() {
    EXPECT_TRUE(Eventually([&] { return server_.call_stats().sessions.open.value() == 0; }));
    EXPECT_EQ(server_.call_stats().live.value(), 0);
    EXPECT_EQ(server_.call_stats().held_bytes.value(), 0);
    EXPECT_EQ(server_.waiters(), 0);
  }
};

// Everybody wants the same keys, a thousand at a time; single calls go on between.
TEST_F(LargeBatchTest, EachKeyIsAcquiredOnce) {
  constexpr int kStreams = 4, kRounds = 5;
  std::atomic<int> acquired = 0;
  std::vector<std::thread> threads;
  for (int stream = 0; stream < kStreams; ++stream) {
    threads.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        SessionCaller session(server_.channel());
        ASSERT_TRUE(session.Send(BeginsOf(round)));
        v1::SessionRequest results;
        for (int i = 0; i < kOperations; ++i) {
          const v1::BeginResponse begun = session.Await(i).begin();
          ASSERT_NE(begun.answer_case(), v1::BeginResponse::ANSWER_NOT_SET) << KeyOf(round, i);
          if (!begun.has_acquired()) continue;
          ++acquired;
          const std::string key = KeyOf(round, i);
          *results.add_operations() = OperationOf(kOperations + i, ResultOf(key, begun.acquired().token(), key));
        }
        ASSERT_TRUE(Call(LookupOf(KeyOf(round, 0))).ok());
        ASSERT_TRUE(session.Send(results));
        for (const auto& result : results.operations()) {
          EXPECT_EQ(session.Await(result.id()).complete().state(), v1::STATE_DONE);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(acquired, kRounds * kOperations);
  for (int i = 0; i < kOperations; ++i) {
    ASSERT_EQ(Call(LookupOf(KeyOf(kRounds - 1, i)))->record().result().payload(), KeyOf(kRounds - 1, i));
  }
  ExpectNothingLeft();
}

TEST_F(LargeBatchTest, WhoGoesWhileItIsDecidedLeavesNothingBehind) {
  for (int round = 0; round < 20; ++round) {
    SessionCaller session(server_.NewChannel());
    ASSERT_TRUE(session.Send(BeginsOf(round)));
    ASSERT_TRUE(session.Send(BeginsOf(round)));
    session.Cancel(kOperations / 2);
    if (round % 2 == 0) session.Await(round);
    session.Break();
  }
  ExpectNothingLeft();
}

// What was acknowledged is there, whenever the end came: its owners can finish.
TEST_F(LargeBatchTest, TheServerEndsAmidIt) {
  std::map<std::string, int64_t> acquired;
  std::atomic<bool> began = false;
  std::thread caller([&] {
    SessionCaller session(server_.channel());
    for (int round = 0; session.Send(BeginsOf(round)); ++round) {
      while (const auto response = session.Read()) {
        for (const auto& answer : response->answers()) {
          if (answer.begin().has_acquired()) acquired[KeyOf(round, answer.id())] = answer.begin().acquired().token();
        }
        if (response->answers_size() > 0 && response->answers().rbegin()->id() == kOperations - 1) break;
      }
      began = true;
    }
    EXPECT_FALSE(session.Finish().ok());
  });
  EXPECT_TRUE(Eventually([&] { return began.load(); }));
  server_.server().Shutdown(engine::Duration::zero());
  caller.join();
  EXPECT_GE(acquired.size(), kOperations);
  ExpectNothingLeft();
  server_.Kill();
  Start();
  for (const auto& [key, token] : acquired) EXPECT_TRUE(Call(ResultOf(key, token, "paid")).ok()) << key;
}

}  // namespace
}  // namespace semel::e2e
