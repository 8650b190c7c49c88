// The Session stream: every operation as the call of its name, many to a message, each answered for itself.

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "tests/e2e/local_server_test.h"
#include "tests/support/session_caller.h"

namespace semel::e2e {
namespace {

using support::Describe;
using support::Eventually;
using support::OperationOf;
using support::SessionCaller;
using support::SessionOperation;
using testing::ElementsAre;

class SessionTest : public LocalServerTest {
 protected:
  explicit SessionTest(support::LocalServer::Options options = {}) : LocalServerTest(std::move(options)) {}

  SessionCaller session_{server_.channel()};
};

TEST_F(SessionTest, TheFirstMessageOfTheServerTellsItsLimits) {
  ASSERT_TRUE(session_.Send(v1::SessionRequest()));
  const auto first = session_.Read();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->answers_size(), 0);
  EXPECT_EQ(first->limits().max_operations(), 1000);
  EXPECT_EQ(first->limits().max_unanswered(), 16'384);
}

TEST_F(SessionTest, EveryKindIsAnsweredAsTheCallOfItsName) {
  ASSERT_TRUE(session_.Send({OperationOf(1, BeginOf("order-1")), OperationOf(2, BeginOf("order-2"))}));
  const int64_t first = session_.Await(1).begin().acquired().token();
  const int64_t second = session_.Await(2).begin().acquired().token();
  ASSERT_GT(first, 0);
  ASSERT_TRUE(session_.Send({OperationOf(3, RenewOf("order-1", first)),
                             OperationOf(4, CheckpointOf("order-1", first, "half way")),
                             OperationOf(5, ReleaseOf("order-2", second)), OperationOf(6, LookupOf("order-1")),
                             OperationOf(7, ResultOf("order-1", first, "paid")), OperationOf(8, BeginOf("order-1")),
                             OperationOf(9, BeginOf("order-2"))}));
  EXPECT_GT(session_.Await(3).renew().lease().seconds(), 0);
  EXPECT_GT(session_.Await(4).checkpoint().lease_remaining().seconds(), 0);
  EXPECT_TRUE(session_.Await(5).has_release());
  EXPECT_EQ(session_.Await(6).lookup().record().checkpoint(), "half way");
  EXPECT_EQ(session_.Await(7).complete().state(), v1::STATE_DONE);
  EXPECT_EQ(session_.Await(8).begin().done().result().payload(), "paid");
  EXPECT_EQ(session_.Await(9).begin().acquired().previous(), v1::PREVIOUS_RELEASED);
}

TEST_F(SessionTest, OneMessageIsOneGroupCommitAndOneMessageBack) {
  constexpr int kOperations = 500;
  ASSERT_TRUE(session_.Send(v1::SessionRequest()));
  ASSERT_TRUE(session_.Read());
  const uint64_t commits = server_.engine_stats().commits.value();
  v1::SessionRequest request;
  for (int i = 0; i < kOperations; ++i) *request.add_operations() = OperationOf(i, BeginOf(absl::StrCat("order-", i)));
  ASSERT_TRUE(session_.Send(request));
  for (int i = 0; i < kOperations; ++i) EXPECT_TRUE(session_.Await(i).begin().has_acquired()) << i;
  EXPECT_EQ(server_.engine_stats().commits.value() - commits, 1);
  EXPECT_EQ(server_.call_stats().sessions.requests.value(), 2);
  EXPECT_EQ(server_.call_stats().sessions.responses.value(), 2);
}

TEST_F(SessionTest, ABadOperationFailsAlone) {
  SessionOperation empty, late = OperationOf(4, BeginOf("order-2"));
  empty.set_id(2);
  late.mutable_timeout()->set_seconds(-1);
  ASSERT_TRUE(session_.Send({OperationOf(1, BeginOf(" spaced ")), empty, OperationOf(3, RenewOf("nobody's", 5)), late,
                             OperationOf(5, BeginOf("order-1"))}));
  EXPECT_TRUE(session_.Await(5).begin().has_acquired());
  const auto error = [&](uint64_t id) { return Describe(session_.Await(id).error()); };
  EXPECT_EQ(error(1).reason, "FIELD_INVALID");
  EXPECT_THAT(error(1).fields, ElementsAre("key"));
  EXPECT_THAT(error(2).fields, ElementsAre("request"));
  EXPECT_EQ(error(3).code, grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(error(4).fields, ElementsAre("timeout"));
}

TEST_F(SessionTest, ABeginThatWaitsHoldsUpNobody) {
  const int64_t token = Acquire("order-1");
  ASSERT_TRUE(session_.Send({OperationOf(1, WaitingBeginOf("order-1")), OperationOf(2, BeginOf("order-2"))}));
  EXPECT_TRUE(session_.Await(2).begin().has_acquired());
  ASSERT_TRUE(Eventually([&] { return server_.waiters() == 1; }));
  EXPECT_FALSE(session_.IsAnswered(1));
  ASSERT_TRUE(session_.Send({OperationOf(3, ResultOf("order-1", token, "paid"))}));
  EXPECT_EQ(session_.Await(1).begin().done().result().payload(), "paid");
  EXPECT_EQ(session_.Await(3).complete().state(), v1::STATE_DONE);
}

TEST_F(SessionTest, AWaitEndsWhenItIsCancelled) {
  Acquire("order-1");
  ASSERT_TRUE(session_.Send({OperationOf(1, WaitingBeginOf("order-1")), OperationOf(2, WaitingBeginOf("order-1"))}));
  ASSERT_TRUE(Eventually([&] { return server_.waiters() == 2; }));
  ASSERT_TRUE(session_.Cancel(1));
  EXPECT_EQ(session_.Await(1).error().code(), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(server_.waiters(), 1);
  EXPECT_FALSE(session_.IsAnswered(2));
}

TEST_F(SessionTest, WhatIsCancelledBeforeItsTurnChangesNothing) {
  Acquire("order-1");
  v1::SessionRequest request;
  *request.add_operations() = OperationOf(1, WaitingBeginOf("order-1"));
  *request.add_operations() = OperationOf(2, BeginOf("order-2"));
  *request.add_operations() = OperationOf(3, BeginOf("order-3"));
  request.add_cancelled(1);
  request.add_cancelled(2);
  request.add_cancelled(2);
  request.add_cancelled(77);  // nobody's
  ASSERT_TRUE(session_.Send(request));
  EXPECT_EQ(session_.Await(1).error().code(), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(session_.Await(2).error().code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(session_.Await(3).begin().has_acquired());
  EXPECT_EQ(server_.waiters(), 0);
  const auto found = Call(LookupOf("order-2"));
  EXPECT_FALSE(found->has_record());
}

TEST_F(SessionTest, ATimeoutEndsAWaitAndNothingElse) {
  Acquire("order-1");
  SessionOperation brief = OperationOf(1, WaitingBeginOf("order-1"));
  *brief.mutable_timeout() = support::ToWire(absl::Seconds(10));
  SessionOperation none = OperationOf(2, BeginOf("order-2"));
  none.mutable_timeout();
  ASSERT_TRUE(session_.Send({brief, none}));
  EXPECT_EQ(Describe(session_.Await(2).error()).code, grpc::StatusCode::DEADLINE_EXCEEDED) << "undecided";
  ASSERT_TRUE(Eventually([&] { return server_.waiters() == 1; }));
  Elapse(absl::Milliseconds(9'850));  // an answer needs its time to arrive
  EXPECT_TRUE(session_.Await(1).begin().has_in_progress());
  ASSERT_TRUE(session_.Send({OperationOf(3, LookupOf("order-2"))}));
  EXPECT_FALSE(session_.Await(3).lookup().has_record());
}

TEST_F(SessionTest, AStreamThatSendsTooManyAtOnceEndsAfterItsAnswers) {
  ASSERT_TRUE(session_.Send({OperationOf(1, BeginOf("order-1"))}));
  v1::SessionRequest request;
  for (int i = 0; i <= 1000; ++i) request.add_operations()->set_id(i + 2);
  ASSERT_TRUE(session_.Send(request));
  const support::WireError error = Describe(session_.Finish());
  EXPECT_EQ(error.code, grpc::StatusCode::INVALID_ARGUMENT) << error;
  EXPECT_EQ(error.reason, "BATCH_TOO_LARGE") << error;
  EXPECT_EQ(error.metadata.at("size"), "1001");
  EXPECT_TRUE(session_.Await(1).begin().has_acquired());
  EXPECT_EQ(session_.answers(), 1);
}

TEST_F(SessionTest, AStreamThatSendsWhatCannotBeParsedEndsWithAnError) {
  ASSERT_TRUE(session_.Send({OperationOf(1, BeginOf("order-1"))}));
  ASSERT_TRUE(session_.Send({OperationOf(2, BeginOf("order\xff"))}));
  const support::WireError error = Describe(session_.Finish());
  EXPECT_EQ(error.code, grpc::StatusCode::INTERNAL) << error << ": as for a call of its own, and no orderly end";
  EXPECT_TRUE(session_.Await(1).begin().has_acquired());
  EXPECT_EQ(session_.answers(), 1);
}

TEST_F(SessionTest, WhoHalfClosesGetsAllAnswersThenOk) {
  const int64_t token = Acquire("order-1");
  ASSERT_TRUE(session_.Send({OperationOf(1, BeginOf("order-2")), OperationOf(2, WaitingBeginOf("order-1"))}));
  session_.HalfClose();
  EXPECT_TRUE(session_.Await(1).begin().has_acquired());
  ASSERT_TRUE(Eventually([&] { return server_.waiters() == 1; }));
  ASSERT_TRUE(Call(ResultOf("order-1", token, "paid")).ok());
  const grpc::Status status = session_.Finish();
  EXPECT_TRUE(status.ok()) << Describe(status);
  EXPECT_TRUE(session_.Await(2).begin().has_done());
  EXPECT_TRUE(Eventually([&] { return server_.call_stats().sessions.open.value() == 0; }));
  EXPECT_EQ(server_.call_stats().live.value(), 0);
  EXPECT_EQ(server_.call_stats().held_bytes.value(), 0);
}

TEST_F(SessionTest, WhoeverGoesLeavesNoWaiterBehind) {
  Acquire("order-1");
  ASSERT_TRUE(session_.Send({OperationOf(1, WaitingBeginOf("order-1")), OperationOf(2, WaitingBeginOf("order-1"))}));
  ASSERT_TRUE(Eventually([&] { return server_.waiters() == 2; }));
  session_.Break();
  EXPECT_TRUE(Eventually([&] { return server_.waiters() == 0; }));
  EXPECT_TRUE(Eventually([&] { return server_.call_stats().sessions.open.value() == 0; }));
  EXPECT_EQ(server_.call_stats().live.value(), 0);
  EXPECT_EQ(server_.call_stats().held_bytes.value(), 0);
}

TEST_F(SessionTest, CountsAsTheCallsThatItCarries) {
  ASSERT_TRUE(session_.Send({OperationOf(1, BeginOf("order-1")), OperationOf(2, RenewOf("nobody's", 5))}));
  session_.Await(2);
  session_.Await(1);
  const rpc::CallStats& stats = server_.call_stats();
  EXPECT_EQ(stats.methods[0].by_code[grpc::StatusCode::OK].value(), 1);
  EXPECT_EQ(stats.methods[3].by_code[grpc::StatusCode::NOT_FOUND].value(), 1);
  EXPECT_EQ(stats.sessions.open.value(), 1);
  EXPECT_TRUE(Eventually([&] { return stats.live.value() == 0; })) << "an answer counts until it has left";
}

}  // namespace
}  // namespace semel::e2e
