#include "tests/support/session_caller.h"

#include <chrono>
#include <utility>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tests/support/patience.h"

namespace semel::support {
namespace {

SessionOperation Numbered(uint64_t id) {
  SessionOperation operation;
  operation.set_id(id);
  return operation;
}

}  // namespace

SessionOperation OperationOf(uint64_t id, v1::BeginRequest request) {
  SessionOperation operation = Numbered(id);
  *operation.mutable_begin() = std::move(request);
  return operation;
}
SessionOperation OperationOf(uint64_t id, v1::CompleteRequest request) {
  SessionOperation operation = Numbered(id);
  *operation.mutable_complete() = std::move(request);
  return operation;
}
SessionOperation OperationOf(uint64_t id, v1::LookupRequest request) {
  SessionOperation operation = Numbered(id);
  *operation.mutable_lookup() = std::move(request);
  return operation;
}
SessionOperation OperationOf(uint64_t id, v1::RenewRequest request) {
  SessionOperation operation = Numbered(id);
  *operation.mutable_renew() = std::move(request);
  return operation;
}
SessionOperation OperationOf(uint64_t id, v1::ReleaseRequest request) {
  SessionOperation operation = Numbered(id);
  *operation.mutable_release() = std::move(request);
  return operation;
}
SessionOperation OperationOf(uint64_t id, v1::CheckpointRequest request) {
  SessionOperation operation = Numbered(id);
  *operation.mutable_checkpoint() = std::move(request);
  return operation;
}

SessionCaller::SessionCaller(const std::shared_ptr<grpc::Channel>& channel)
    : stub_(v1::IdempotencyService::NewStub(channel)), stream_([&] {
        context_.set_deadline(std::chrono::system_clock::now() + absl::ToChronoSeconds(kPatience));
        return stub_->Session(&context_);
      }()) {}

SessionCaller::~SessionCaller() {
  if (finished_) return;
  Break();
  Finish();
}

bool SessionCaller::Send(std::initializer_list<SessionOperation> operations) {
  v1::SessionRequest request;
  for (const SessionOperation& operation : operations) *request.add_operations() = operation;
  return Send(request);
}

bool SessionCaller::Cancel(uint64_t id) {
  v1::SessionRequest request;
  request.add_cancelled(id);
  return Send(request);
}

std::optional<v1::SessionResponse> SessionCaller::Read() {
  v1::SessionResponse response;
  if (!stream_->Read(&response)) return std::nullopt;
  if (response.has_limits()) {
    EXPECT_FALSE(limits_) << "limits are told once";
    limits_ = response.limits();
  }
  EXPECT_TRUE(limits_) << "limits are told first";
  for (const SessionAnswer& answer : response.answers()) {
    EXPECT_TRUE(answers_.emplace(answer.id(), answer).second) << "answered twice: " << answer.ShortDebugString();
    EXPECT_NE(answer.answer_case(), SessionAnswer::ANSWER_NOT_SET) << answer.id();
  }
  return response;
}

const SessionAnswer& SessionCaller::Await(uint64_t id) {
  static const SessionAnswer kNone;
  while (!IsAnswered(id)) {
    if (!Read()) {
      ADD_FAILURE() << "the stream ended before operation " << id << " was answered";
      return kNone;
    }
  }
  return answers_.at(id);
}

grpc::Status SessionCaller::Finish() {
  while (Read()) {
  }
  finished_ = true;
  return stream_->Finish();
}

}  // namespace semel::support
