// Batches that are decided beside the polling thread: while one is, others are heard, callers go, and the server ends.

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/e2e/local_server_test.h"
#include "tests/support/gated_storage.h"
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
  LargeBatchTest() : LargeBatchTest(std::make_shared<support::Gate>()) {}

  // Sends a batch, and returns while it is being committed. The stream has heard nothing but the limits.
  void SendAndHoldUp(SessionCaller& session, const v1::SessionRequest& batch) {
    ASSERT_TRUE(session.Send(v1::SessionRequest()));
    ASSERT_TRUE(session.Read());
    gate_->Close();
    ASSERT_TRUE(session.Send(batch));
    gate_->AwaitCommit();
  }
  void ExpectNothingLeft() {
    const rpc::CallStats& stats = server_.call_stats();
    EXPECT_TRUE(Eventually([&] { return stats.sessions.open.value() == 0; }));
    EXPECT_TRUE(Eventually([&] { return stats.live.value() == 0; }));
    EXPECT_TRUE(Eventually([&] { return stats.held_bytes.value() == 0; }));
    EXPECT_EQ(server_.waiters(), 0);
  }

 private:
  explicit LargeBatchTest(const std::shared_ptr<support::Gate>& gate)
      : LocalServerTest({}, support::Behind(gate, support::InMemory())), gate_(gate) {}

 protected:
  const std::shared_ptr<support::Gate> gate_;
};

TEST_F(LargeBatchTest, WhileItIsCommittedOthersAreHeardAndItIsNotAnswered) {
  SessionCaller session(server_.channel());
  SendAndHoldUp(session, BeginsOf(0));
  EXPECT_EQ(Call(BeginOf("")).error().reason, "FIELD_INVALID") << "refused at once, by the thread that polls";
  EXPECT_EQ(server_.call_stats().sessions.responses.value(), 1) << "only the limits were told";
  gate_->Open();
  for (int i = 0; i < kOperations; ++i) EXPECT_TRUE(session.Await(i).begin().has_acquired()) << i;
}

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

TEST_F(LargeBatchTest, WaitersWhoGoWhileItIsCommittedLeaveNothingBehind) {
  Acquire("order-1");
  v1::SessionRequest batch;
  *batch.add_operations() = OperationOf(kOperations, BeginOf("order-2"));  // something to commit
  for (int i = 1; i < kOperations; ++i) *batch.add_operations() = OperationOf(i, WaitingBeginOf("order-1"));
  SessionCaller session(server_.NewChannel());
  SendAndHoldUp(session, batch);
  ASSERT_TRUE(session.Cancel(1));
  session.Break();
  gate_->Open();
  ExpectNothingLeft();
  EXPECT_TRUE(Look("order-2").state() == v1::STATE_IN_PROGRESS) << "it was decided before its caller went";
}

// Whether the answers still arrive or not, what was being committed is there.
TEST_F(LargeBatchTest, AServerThatEndsMeanwhileCommitsItFirst) {
  SessionCaller session(server_.channel());
  SendAndHoldUp(session, BeginsOf(0));
  std::atomic<bool> ended = false;
  std::thread end([&] {
    server_.server().Shutdown(engine::Duration::zero());
    ended = true;
  });
  session.Finish();
  EXPECT_FALSE(ended) << "before what was begun";
  gate_->Open();
  end.join();
  ExpectNothingLeft();
  server_.Kill();
  Start();
  EXPECT_EQ(Look(KeyOf(0, 0)).state(), v1::STATE_IN_PROGRESS);
}

}  // namespace
}  // namespace semel::e2e
