// What a stream's messages are made of, without a stream.

#include "client/cpp/session_operations.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace semel {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Cancelled = SessionOperations::Cancelled;

class SessionOperationsTest : public testing::Test {
 protected:
  SessionOperationsTest() { SetLimits(100, 1000); }

  void SetLimits(int max_operations, int max_unanswered) {
    v1::SessionLimits limits;
    limits.set_max_operations(max_operations);
    limits.set_max_unanswered(max_unanswered);
    operations_.SetLimits(limits);
  }

  uint64_t Add(const std::string& key, SessionOperations::Operation operation = {}) {
    if (operation.request_case() == SessionOperations::Operation::REQUEST_NOT_SET) {
      operation.mutable_lookup()->set_key(key);
    }
    return operations_.Add(operation, [this, key](const grpc::Status&, auto*) { done_.push_back(key); });
  }
  uint64_t AddWaiting(const std::string& key) {
    SessionOperations::Operation operation;
    operation.mutable_begin()->set_key(key);
    operation.mutable_begin()->mutable_wait()->set_seconds(1);
    return Add(key, operation);
  }

  // What the server would read; nothing: no message.
  v1::SessionRequest Take() {
    v1::SessionRequest request;
    grpc::ByteBuffer message;
    if (!operations_.TakeMessage(message)) return request;
    grpc::Slice slice;
    EXPECT_TRUE(message.DumpToSingleSlice(&slice).ok());
    EXPECT_LE(slice.size(), size_t{4} << 20);
    EXPECT_TRUE(request.ParseFromArray(slice.begin(), static_cast<int>(slice.size())));
    return request;
  }
  static std::vector<std::string> KeysOf(const v1::SessionRequest& request) {
    std::vector<std::string> keys;
    for (const auto& operation : request.operations()) {
      keys.push_back(operation.has_begin() ? operation.begin().key() : operation.lookup().key());
    }
    return keys;
  }
  bool Answer(uint64_t id) {
    SessionOperations::Done done = operations_.Answered(id);
    if (!done) return false;
    done(grpc::Status::OK, nullptr);
    return true;
  }

  SessionOperations operations_;
  std::vector<std::string> done_;
};

TEST_F(SessionOperationsTest, WhatWaitsSharesAMessageInOrder) {
  const uint64_t a = Add("a");
  const uint64_t b = Add("b");
  const v1::SessionRequest request = Take();
  EXPECT_THAT(KeysOf(request), ElementsAre("a", "b"));
  EXPECT_EQ(request.operations(0).id(), a);
  EXPECT_EQ(request.operations(1).id(), b);
  EXPECT_EQ(operations_.unanswered(), 2u);
  EXPECT_THAT(KeysOf(Take()), IsEmpty());
  EXPECT_EQ(operations_.messages_sent(), 1u);

  EXPECT_TRUE(Answer(b));
  EXPECT_TRUE(Answer(a));
  EXPECT_THAT(done_, ElementsAre("b", "a"));
}

TEST_F(SessionOperationsTest, AnOperationMayBeFilledAgainForTheNext) {
  SessionOperations::Operation operation;
  operation.mutable_lookup()->set_key(std::string(100'000, 'x'));
  operations_.Add(operation, nullptr);
  operation.mutable_lookup()->set_key("short");
  operation.mutable_timeout()->set_seconds(2);
  operations_.Add(operation, nullptr);
  const v1::SessionRequest request = Take();
  ASSERT_EQ(request.operations_size(), 2);
  EXPECT_EQ(request.operations(0).lookup().key().size(), 100'000u);
  EXPECT_FALSE(request.operations(0).has_timeout());
  EXPECT_EQ(request.operations(1).lookup().key(), "short");
  EXPECT_EQ(request.operations(1).timeout().seconds(), 2);
}

TEST_F(SessionOperationsTest, AnAnswerThatComesTwiceOrToNobodyIsIgnored) {
  const uint64_t a = Add("a");
  EXPECT_FALSE(Answer(a)) << "it was not sent";
  Take();
  EXPECT_TRUE(Answer(a));
  EXPECT_FALSE(Answer(a));
  const uint64_t again = Add("again");  // in the same slot
  Take();
  EXPECT_NE(again, a);
  EXPECT_FALSE(Answer(a));
  EXPECT_FALSE(Answer(12345));
  EXPECT_THAT(done_, ElementsAre("a"));
}

TEST_F(SessionOperationsTest, KeepsToTheOperationsThatAMessageMayCarry) {
  SetLimits(2, 1000);
  for (const char* key : {"a", "b", "c"}) Add(key);
  EXPECT_THAT(KeysOf(Take()), ElementsAre("a", "b"));
  EXPECT_THAT(KeysOf(Take()), ElementsAre("c"));
}

TEST_F(SessionOperationsTest, KeepsToTheBytesThatAMessageMayCarry) {
  for (int i = 0; i < 5; ++i) Add(std::string(1'500'000, 'x'));
  EXPECT_EQ(Take().operations_size(), 2);
  EXPECT_EQ(Take().operations_size(), 2);
  EXPECT_EQ(Take().operations_size(), 1);
}

TEST_F(SessionOperationsTest, WhatIsTooMuchForTheServerWaitsItsTurn) {
  SetLimits(100, 4);
  std::vector<uint64_t> ids;
  for (const char* key : {"a", "b", "c", "d"}) ids.push_back(Add(key));
  EXPECT_FALSE(operations_.HasRoomFor({}));
  Add("e");
  EXPECT_THAT(KeysOf(Take()), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(KeysOf(Take()), IsEmpty());
  EXPECT_TRUE(operations_.HasUnsent());
  Answer(ids[2]);
  EXPECT_THAT(KeysOf(Take()), ElementsAre("e"));
  EXPECT_FALSE(operations_.HasUnsent());
}

// Else the owner's report, for which they all wait, would wait for them.
TEST_F(SessionOperationsTest, ThoseWhoWaitForTheirKeyLeaveRoomForTheOthers) {
  SetLimits(100, 6);
  std::vector<uint64_t> waiting;
  for (const char* key : {"w1", "w2", "w3", "w4"}) waiting.push_back(AddWaiting(key));
  EXPECT_THAT(KeysOf(Take()), ElementsAre("w1", "w2", "w3"));
  EXPECT_EQ(operations_.due(), 0u);
  SessionOperations::Operation another;
  EXPECT_TRUE(operations_.HasRoomFor(another));
  another.mutable_begin()->mutable_wait()->set_nanos(1);
  EXPECT_FALSE(operations_.HasRoomFor(another));
  Add("report");
  EXPECT_THAT(KeysOf(Take()), ElementsAre("report"));
  Answer(waiting[1]);
  EXPECT_THAT(KeysOf(Take()), ElementsAre("w4"));
}

TEST_F(SessionOperationsTest, WhatIsCancelledBeforeItsTurnIsNotSent) {
  Add("a");
  const uint64_t b = Add("b");
  EXPECT_EQ(operations_.Cancel(b), Cancelled::kUnsent);
  EXPECT_EQ(operations_.Cancel(b), Cancelled::kTooLate);
  const v1::SessionRequest request = Take();
  EXPECT_THAT(KeysOf(request), ElementsAre("a"));
  EXPECT_THAT(request.cancelled(), IsEmpty());
}

TEST_F(SessionOperationsTest, WhatIsCancelledAfterwardsIsToldAndItsAnswerIgnored) {
  SetLimits(100, 2);
  const uint64_t a = AddWaiting("a");
  Take();
  EXPECT_EQ(operations_.Cancel(a), Cancelled::kSent);
  EXPECT_EQ(operations_.Cancel(a), Cancelled::kTooLate);
  EXPECT_EQ(operations_.unanswered(), 1u) << "as far as the server knows";
  EXPECT_THAT(Take().cancelled(), ElementsAre(a));
  EXPECT_FALSE(Answer(a));
  EXPECT_EQ(operations_.unanswered(), 0u);
  EXPECT_THAT(done_, IsEmpty());
}

TEST_F(SessionOperationsTest, TheEndOfAStreamLeavesNothingUnanswered) {
  const uint64_t sent = Add("sent");
  AddWaiting("waits");
  Take();
  operations_.Cancel(Add("cancelled"));
  operations_.Cancel(sent);
  Add("unsent");
  std::vector<SessionOperations::Done> lost = operations_.TakeSent();
  EXPECT_EQ(operations_.unanswered(), 0u);
  ASSERT_EQ(lost.size(), 1u);
  lost.front()(grpc::Status::CANCELLED, nullptr);
  EXPECT_THAT(done_, ElementsAre("waits"));
  EXPECT_EQ(operations_.TakeUnsent().size(), 1u);
  EXPECT_FALSE(operations_.HasUnsent());
  EXPECT_THAT(KeysOf(Take()), IsEmpty());
  EXPECT_EQ(operations_.Cancel(sent), Cancelled::kTooLate);
}

}  // namespace
}  // namespace semel
