#include "client/cpp/to_wire.h"

#include <variant>

namespace semel {

google::protobuf::Duration ToWire(Duration duration) {
  // Truncated towards zero, so that seconds and nanos have the same sign, as google/protobuf/duration.proto asks.
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  google::protobuf::Duration wire;
  wire.set_seconds(seconds.count());
  wire.set_nanos(static_cast<int32_t>((duration - seconds).count()));
  return wire;
}

v1::Result ToWire(const Result& result) {
  v1::Result wire;
  wire.set_payload(result.payload);
  wire.set_content_type(result.content_type);
  wire.mutable_attributes()->insert(result.attributes.begin(), result.attributes.end());
  wire.set_omitted(result.omitted);
  return wire;
}

v1::Failure ToWire(const Failure& failure) {
  v1::Failure wire;
  wire.set_reason(failure.reason);
  wire.set_message(failure.message);
  wire.set_details(failure.details);
  wire.set_retryable(failure.retryable);
  if (failure.retry_after != Duration::zero()) *wire.mutable_retry_after() = ToWire(failure.retry_after);
  return wire;
}

v1::BeginRequest ToWire(const BeginRequest& request, const ClientOptions& options) {
  v1::BeginRequest wire;
  wire.set_namespace_(options.namespace_name);
  wire.set_key(request.key);
  wire.set_fingerprint(request.fingerprint);
  const AttemptId id = request.attempt_id ? *request.attempt_id : NewAttemptId();
  wire.set_attempt_id(id.data(), id.size());
  const std::optional<Duration> lease = request.lease ? request.lease : options.lease;
  if (lease) *wire.mutable_lease() = ToWire(*lease);
  if (request.wait != Duration::zero()) *wire.mutable_wait() = ToWire(request.wait);
  wire.set_owner(request.owner.empty() ? options.owner : request.owner);
  return wire;
}

v1::CompleteRequest ToWire(const CompleteRequest& request, const ClientOptions& options) {
  v1::CompleteRequest wire;
  wire.set_namespace_(options.namespace_name);
  wire.set_key(request.key);
  wire.set_token(request.token);
  if (const auto* result = std::get_if<Result>(&request.outcome)) *wire.mutable_result() = ToWire(*result);
  if (const auto* failure = std::get_if<Failure>(&request.outcome)) *wire.mutable_failure() = ToWire(*failure);
  if (request.retention) *wire.mutable_retention() = ToWire(*request.retention);
  return wire;
}

v1::RenewRequest ToWire(const RenewRequest& request, const ClientOptions& options) {
  v1::RenewRequest wire;
  wire.set_namespace_(options.namespace_name);
  wire.set_key(request.key);
  wire.set_token(request.token);
  if (request.lease) *wire.mutable_lease() = ToWire(*request.lease);
  return wire;
}

}  // namespace semel
