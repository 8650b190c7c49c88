#include "bench/load/semel_messages.h"

#include <chrono>

#include "absl/strings/str_cat.h"

namespace semel::bench {

namespace {

void Write(std::chrono::milliseconds duration, google::protobuf::Duration& message) {
  message.set_seconds(duration.count() / 1000);
  message.set_nanos(static_cast<int32_t>(duration.count() % 1000) * 1'000'000);
}

}  // namespace

void Write(const Operation& operation, const Item& item, const std::string& ns, semel::v1::BeginRequest& request) {
  request.set_namespace_(ns);
  request.set_key(item.key);
  request.set_fingerprint(item.fingerprint);
  request.set_attempt_id(item.attempt_id);
  Write(operation.lease, *request.mutable_lease());
  request.set_owner(kOwner.data(), kOwner.size());
}

void Write(const Operation& operation, const Item& item, const std::string& ns, semel::v1::CompleteRequest& request) {
  request.set_namespace_(ns);
  request.set_key(item.key);
  request.set_token(item.token);
  request.mutable_result()->set_payload(item.result.data(), item.result.size());
  Write(operation.retention, *request.mutable_retention());
}

void Read(const semel::v1::BeginResponse& response, Item& item) {
  switch (response.answer_case()) {
    case semel::v1::BeginResponse::kAcquired:
      item.answer = Answer::kAcquired;
      item.token = response.acquired().token();
      item.attempt = response.acquired().attempt();
      return;
    case semel::v1::BeginResponse::kDone:
      item.answer = Answer::kDone;
      item.stored = response.done().result().payload();
      return;
    case semel::v1::BeginResponse::kFailed:
    case semel::v1::BeginResponse::kInProgress:
    case semel::v1::BeginResponse::kInDoubt:
    case semel::v1::BeginResponse::kExpired:
    case semel::v1::BeginResponse::ANSWER_NOT_SET: item.answer = Answer::kOther;
  }
}

void Read(const semel::v1::CompleteResponse& response, Item& item) {
  bool stored = response.state() == semel::v1::STATE_DONE && !response.already_applied();
  item.answer = stored ? Answer::kStored : Answer::kOther;
}

void Read(const semel::v1::Error& error, Operation& operation) {
  operation.error = absl::StrCat(error.reason(), " ", error.message());
}

}  // namespace semel::bench
