#include "tests/support/requests.h"

#include <unistd.h>

#include <atomic>

#include "absl/strings/str_format.h"

namespace semel::support {
namespace {

template <class Request>
Request For(const std::string& key) {
  Request request;
  request.set_namespace_(kNamespace);
  request.set_key(key);
  return request;
}

template <class Request>
Request Owned(const std::string& key, int64_t token) {
  auto request = For<Request>(key);
  request.set_token(token);
  return request;
}

// Of an operator.
template <class Request>
Request Changing(const std::string& key) {
  auto request = For<Request>(key);
  request.set_reason("the bank says so");
  request.set_actor("ana");
  return request;
}

}  // namespace

google::protobuf::Duration ToWire(absl::Duration duration) {
  google::protobuf::Duration wire;
  wire.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &duration));
  wire.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(duration)));
  return wire;
}

std::string NewAttemptId() {
  static std::atomic<int64_t> last{0};
  return absl::StrFormat("%08x%08d", getpid(), ++last);
}

v1::BeginRequest BeginOf(const std::string& key) {
  auto request = For<v1::BeginRequest>(key);
  request.set_attempt_id(NewAttemptId());
  return request;
}

v1::BeginRequest WaitingBeginOf(const std::string& key, absl::Duration wait) {
  v1::BeginRequest request = BeginOf(key);
  *request.mutable_wait() = ToWire(wait);
  return request;
}

v1::CompleteRequest ResultOf(const std::string& key, int64_t token, const std::string& payload) {
  auto request = Owned<v1::CompleteRequest>(key, token);
  request.mutable_result()->set_payload(payload);
  return request;
}

v1::CompleteRequest FailureOf(const std::string& key, int64_t token, const std::string& reason) {
  auto request = Owned<v1::CompleteRequest>(key, token);
  request.mutable_failure()->set_reason(reason);
  return request;
}

v1::LookupRequest LookupOf(const std::string& key) { return For<v1::LookupRequest>(key); }
v1::RenewRequest RenewOf(const std::string& key, int64_t token) { return Owned<v1::RenewRequest>(key, token); }
v1::ReleaseRequest ReleaseOf(const std::string& key, int64_t token) { return Owned<v1::ReleaseRequest>(key, token); }

v1::ResolveKeyRequest ResolveToAbsentOf(const std::string& key) {
  auto request = Changing<v1::ResolveKeyRequest>(key);
  request.mutable_absent();
  return request;
}

v1::ResolveKeyRequest ResolveToResultOf(const std::string& key, const std::string& payload) {
  auto request = Changing<v1::ResolveKeyRequest>(key);
  request.mutable_result()->set_payload(payload);
  return request;
}

v1::ResolveKeyRequest ResolveToFailureOf(const std::string& key, const std::string& reason) {
  auto request = Changing<v1::ResolveKeyRequest>(key);
  request.mutable_failure()->set_reason(reason);
  return request;
}

v1::DeleteKeyRequest DeleteOf(const std::string& key) { return Changing<v1::DeleteKeyRequest>(key); }

v1::CheckpointRequest CheckpointOf(const std::string& key, int64_t token, const std::string& data) {
  auto request = Owned<v1::CheckpointRequest>(key, token);
  request.set_data(data);
  return request;
}

}  // namespace semel::support
