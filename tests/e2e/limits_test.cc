// What bounds the server: calls, open keys, bytes, messages, and the patience of its callers.

#include <gmock/gmock.h>

#include <list>

#include "absl/strings/str_cat.h"
#include "tests/e2e/local_server_test.h"
#include "tests/support/gated_storage.h"
#include "tests/support/raw_call.h"

namespace semel::e2e {
namespace {

using support::Eventually;
using support::PendingBegin;
using testing::Contains;
using testing::Pair;

void ExpectOverloaded(const support::WireError& error, const std::string& limit) {
  EXPECT_EQ(error.code, grpc::StatusCode::UNAVAILABLE) << error;
  EXPECT_EQ(error.reason, "OVERLOADED") << error;
  EXPECT_THAT(error.metadata, Contains(Pair("limit", limit))) << error;
  EXPECT_GT(error.retry_delay.value_or(absl::ZeroDuration()), absl::ZeroDuration()) << "waiting helps: say how long";
}

class LimitsTest : public LocalServerTest {
 protected:
  explicit LimitsTest(engine::Limits limits = {}) : LimitsTest(limits, std::make_shared<support::Gate>()) {}

 private:
  LimitsTest(engine::Limits limits, const std::shared_ptr<support::Gate>& gate)
      : LocalServerTest({.limits = limits}, support::Behind(gate, support::InMemory())), gate_(gate) {}

 protected:
  const std::shared_ptr<support::Gate> gate_;
};

class FewCallsTest : public LimitsTest {
 protected:
  FewCallsTest() : LimitsTest({.max_calls = 2, .max_waiters = 2, .max_waiters_per_key = 2}) {}
};

TEST_F(FewCallsTest, OneTooManyIsRefusedAndNothingChanges) {
  const int64_t token = Acquire("order-1");
  std::list<PendingBegin> waiters;
  for (int i = 0; i < 2; ++i) waiters.emplace_back(*caller_, WaitingBeginOf("order-1"));
  ASSERT_TRUE(Eventually([&] { return server_.waiters() == 2; }));
  ExpectOverloaded(Call(ReleaseOf("order-1", token)).error(), "max_calls");
  ExpectOverloaded(Call(BeginOf("order-2")).error(), "max_calls");
  ExpectOverloaded(Call(v1::BatchBeginRequest()).error(), "max_calls");
  waiters.pop_back();  // gives up
  ASSERT_TRUE(Eventually([&] { return server_.waiters() == 1; }));
  EXPECT_EQ(Look("order-1").state(), v1::STATE_IN_PROGRESS);
  EXPECT_FALSE(Call(LookupOf("order-2"))->has_record());
}

class LittleMemoryTest : public LimitsTest {
 protected:
  LittleMemoryTest() : LimitsTest({.max_inflight_bytes = 100 * engine::kKiB}) {}
};

// A caller that sends a thousand of them and reads no answer must not make the server hold what nobody counted.
TEST_F(LittleMemoryTest, ItemsWithoutContentWeighWhatTheyBecome) {
  v1::BatchRenewRequest batch;
  for (size_t i = 0; i < engine::kMaxBatchItems; ++i) batch.add_requests();
  ASSERT_LT(batch.ByteSizeLong(), engine::kSmallMessageBytes);
  ExpectOverloaded(Call(batch).error(), "max_inflight_bytes");
  while (batch.requests_size() > 100) batch.mutable_requests()->RemoveLast();
  EXPECT_EQ(Call(batch)->items_size(), 100);
}

class FewOpenKeysTest : public LimitsTest {
 protected:
  FewOpenKeysTest() : LimitsTest({.max_open_keys = 2}) {}
};

TEST_F(FewOpenKeysTest, ClosingOneMakesRoom) {
  const v1::BeginRequest begin = BeginOf("order-1");
  const int64_t token = Acquire(begin);
  Acquire("order-2");
  ExpectOverloaded(Call(BeginOf("order-3")).error(), "max_open_keys");
  EXPECT_FALSE(Call(LookupOf("order-3"))->has_record());
  EXPECT_EQ(Acquire(begin), token) << "what is open may go on";
  EXPECT_TRUE(Call(RenewOf("order-1", token)).ok());
  v1::BatchBeginRequest batch;
  for (int i = 3; i < 5; ++i) *batch.add_requests() = BeginOf(absl::StrCat("order-", i));
  EXPECT_EQ(Call(batch)->items(1).error().reason(), "OVERLOADED");
  ASSERT_TRUE(Call(ResultOf("order-1", token)).ok());
  Acquire("order-3");
}

class FewOpenBytesTest : public LimitsTest {
 protected:
  FewOpenBytesTest() : LimitsTest({.max_open_bytes = 2'000}) {}
};

TEST_F(FewOpenBytesTest, ACheckpointThatDoesNotFitIsRefused) {
  const int64_t token = Acquire("order-1");
  ASSERT_TRUE(Call(CheckpointOf("order-1", token, std::string(1'000, 'a'))).ok());
  ExpectOverloaded(Call(CheckpointOf("order-1", token, std::string(2'001, 'b'))).error(), "max_open_bytes");
  EXPECT_EQ(Look("order-1").checkpoint(), std::string(1'000, 'a'));
  EXPECT_TRUE(Call(CheckpointOf("order-1", token, "c")).ok()) << "less is always taken";
  EXPECT_TRUE(Call(ResultOf("order-1", token)).ok());
}

TEST_F(LimitsTest, AMessageOfFourMebibytesIsTakenAndALargerOneRefused) {
  v1::BatchCompleteRequest batch;
  for (int i = 0; i < 5; ++i) {
    const std::string key = absl::StrCat("order-", i);
    *batch.add_requests() = ResultOf(key, Acquire(key), std::string(1 << 20, 'x'));
  }
  EXPECT_EQ(Call(batch).error().code, grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(Look("order-0").state(), v1::STATE_IN_PROGRESS);
  batch.mutable_requests()->RemoveLast();
  const auto completed = Call(batch);
  ASSERT_TRUE(completed.ok()) << completed.error();
  for (const auto& item : completed->items()) EXPECT_EQ(item.response().state(), v1::STATE_DONE);
}

TEST_F(LimitsTest, AnUnknownMethodIsUnimplemented) {
  const support::RawAnswer answer = support::CallRaw(server_.channel(), "/semel.v1.IdempotencyService/Guess", "");
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

// While the disk is slow, callers lose patience: what they did not wait for is not done behind their back.
TEST_F(LimitsTest, WhatNobodyWaitsForIsNotDecided) {
  const int64_t token = Acquire("order-1");
  gate_->Close();
  PendingBegin held(*caller_, BeginOf("order-2"));
  gate_->AwaitCommit();
  {
    PendingBegin impatient(*caller_, BeginOf("order-3"), absl::Milliseconds(50));
    EXPECT_EQ(impatient.Await().status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
    support::Pending<v1::CompleteRequest, v1::CompleteResponse> impatient_owner(
        *caller_, &v1::IdempotencyService::StubInterface::async_interface::Complete, ResultOf("order-1", token),
        absl::Milliseconds(50));
    EXPECT_EQ(impatient_owner.Await().status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  }
  // The server counts a deadline from when it hears of the call, a little later than the caller: once the patience of this one
  // is over, which came after them and had more, theirs is over there too.
  PendingBegin patient(*caller_, BeginOf("order-4"), absl::Milliseconds(500));
  EXPECT_EQ(patient.Await().status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  gate_->Open();
  EXPECT_TRUE(held.Await()->has_acquired());
  EXPECT_EQ(Look("order-1").state(), v1::STATE_IN_PROGRESS);
  EXPECT_FALSE(Call(LookupOf("order-3"))->has_record());
}

}  // namespace
}  // namespace semel::e2e
