#include "server/rpc/validate.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/rpc/field_check.h"
#include "server/rpc/wire_time.h"

namespace semel::rpc {
namespace {

using engine::Duration;
using engine::Operation;
using engine::Policy;
using engine::PolicyTable;

// What every request has: whose key. The policy is looked up even if the namespace is wrong, for the checks that follow.
template <class Wire>
const Policy& TakeKey(Wire& wire, const PolicyTable& policies, FieldCheck& check, Operation& operation) {
  check.Namespace(wire.namespace_());
  check.Key(wire.key());
  operation.ns = &policies.For(wire.namespace_());
  operation.key.ns = std::move(*wire.mutable_namespace_());
  operation.key.name = std::move(*wire.mutable_key());
  return operation.ns->policy;
}

template <class Wire>
std::optional<Duration> TakeLease(const Wire& wire, const Policy& policy, FieldCheck& check) {
  if (!wire.has_lease()) return std::nullopt;
  return check.Within("lease", wire.lease(), engine::kMinLease, policy.lease_max);
}

bool IsReason(std::string_view reason) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  return !reason.empty() && reason.size() <= engine::kMaxReasonBytes && upper(reason.front()) &&
         std::all_of(reason.begin(), reason.end(),
                     [&](char c) { return upper(c) || (c >= '0' && c <= '9') || c == '_'; });
}

storage::Attributes TakeAttributes(const google::protobuf::Map<std::string, std::string>& wire, FieldCheck& check) {
  storage::Attributes attributes(wire.begin(), wire.end());
  std::sort(attributes.begin(), attributes.end());  // the order of a map on the wire is arbitrary
  if (attributes.size() > engine::kMaxAttributes) {
    check.Fail("result.attributes",
               absl::StrCat("at most ", engine::kMaxAttributes, " of them; came ", attributes.size()));
  }
  size_t bytes = 0;
  for (const auto& [name, value] : attributes) {
    bytes += name.size() + value.size();
    if (name.empty() || name.size() > engine::kMaxAttributeNameBytes) {
      check.Fail("result.attributes",
                 absl::StrCat("names of 1 to ", engine::kMaxAttributeNameBytes, " bytes; came ", name.size()));
    }
    if (value.size() > engine::kMaxAttributeValueBytes) {
      check.Fail("result.attributes",
                 absl::StrCat("values of at most ", engine::kMaxAttributeValueBytes, " bytes; came ", value.size()));
    }
  }
  check.Size("result.attributes", bytes, engine::kMaxAttributesBytes);
  return attributes;
}

storage::Result TakeResult(v1::Result& wire, FieldCheck& check) {
  if (wire.omitted() && !wire.payload().empty()) {
    check.Fail("result.payload",
               absl::StrCat("must be empty where omitted is true; came ", wire.payload().size(), " bytes"));
  }
  check.Size("result.content_type", wire.content_type().size(), engine::kMaxContentTypeBytes);
  storage::Result result;
  result.attributes = TakeAttributes(wire.attributes(), check);
  result.omitted = wire.omitted();
  result.payload_size = wire.payload().size();
  result.payload = std::move(*wire.mutable_payload());
  result.content_type = std::move(*wire.mutable_content_type());
  return result;
}

storage::Failure TakeFailure(v1::Failure& wire, FieldCheck& check) {
  if (!IsReason(wire.reason())) {
    check.Fail("failure.reason", "required, [A-Z][A-Z0-9_]{0,63}, for example CARD_DECLINED");
  }
  check.Size("failure.message", wire.message().size(), engine::kMaxFailureMessageBytes);
  check.Size("failure.details", wire.details().size(), engine::kMaxFailureDetailsBytes);
  storage::Failure failure;
  if (wire.has_retry_after()) {
    failure.retry_after =
        check.Within("failure.retry_after", wire.retry_after(), Duration::zero(), engine::kMaxRetryAfter);
    if (!wire.retryable())
      check.Fail("failure.retry_after", "only with retryable: a final failure is never tried again");
  }
  failure.reason = std::move(*wire.mutable_reason());
  failure.message = std::move(*wire.mutable_message());
  failure.details = std::move(*wire.mutable_details());
  failure.retryable = wire.retryable();
  return failure;
}

engine::Refusal ResultTooLarge(size_t size, const Policy& policy) {
  const std::string limit = absl::StrCat(policy.max_result_bytes);
  return {.reason = engine::Reason::kResultTooLarge,
          .message = absl::StrCat("the result has ", size, " bytes, this namespace keeps at most ", limit,
                                  "; nothing changed: complete with `omitted`, so that the effect stays done"),
          .metadata = {{"limit", limit}, {"size", absl::StrCat(size)}},
          .violations = {{"result.payload", absl::StrCat("at most ", limit, " bytes; came ", size)}}};
}

}  // namespace

Refused Validate(v1::BeginRequest& wire, const PolicyTable& policies, Place place, Operation& operation) {
  FieldCheck check;
  const Policy& policy = TakeKey(wire, policies, check, operation);
  engine::Begin begin;
  check.Size("fingerprint", wire.fingerprint().size(), engine::kMaxFingerprintBytes);
  if (policy.require_fingerprint && wire.fingerprint().empty()) {
    check.Fail("fingerprint", "required in this namespace: send what identifies the request's content");
  }
  if (wire.attempt_id().size() != engine::kAttemptIdBytes) {
    check.Fail("attempt_id", absl::StrCat("required, exactly ", engine::kAttemptIdBytes, " random bytes; came ",
                                          wire.attempt_id().size()));
  } else {
    std::copy(wire.attempt_id().begin(), wire.attempt_id().end(), begin.attempt_id.begin());
  }
  begin.lease = TakeLease(wire, policy, check).value_or(policy.lease_default);
  if (wire.has_wait()) {
    const Duration max = place == Place::kInBatch ? Duration::zero() : engine::kMaxWait;
    begin.wait = check.Within("wait", wire.wait(), Duration::zero(), max);
  }
  check.Size("owner", wire.owner().size(), engine::kMaxOwnerBytes);
  begin.fingerprint = std::move(*wire.mutable_fingerprint());
  begin.owner = std::move(*wire.mutable_owner());
  operation.request = std::move(begin);
  return check.Verdict();
}

Refused Validate(v1::CompleteRequest& wire, const PolicyTable& policies, Place, Operation& operation) {
  FieldCheck check;
  const Policy& policy = TakeKey(wire, policies, check, operation);
  check.Token(wire.token());
  engine::Complete complete{.token = wire.token(), .retention = policy.result_retention};
  if (wire.has_retention()) {
    complete.retention =
        check.Within("retention", wire.retention(), engine::kMinRetention, policy.result_retention_max);
  }
  const size_t size = wire.result().payload().size();
  switch (wire.outcome_case()) {
    case v1::CompleteRequest::kResult: complete.outcome = TakeResult(*wire.mutable_result(), check); break;
    case v1::CompleteRequest::kFailure: complete.outcome = TakeFailure(*wire.mutable_failure(), check); break;
    case v1::CompleteRequest::OUTCOME_NOT_SET: check.Fail("outcome", "required: a result or a failure"); break;
  }
  if (Refused refused = check.Verdict()) return refused;
  if (size > policy.max_result_bytes) return ResultTooLarge(size, policy);
  complete.outcome_digest = engine::DigestOf(complete.outcome);
  operation.request = std::move(complete);
  return std::nullopt;
}

Refused Validate(v1::LookupRequest& wire, const PolicyTable& policies, Place, Operation& operation) {
  FieldCheck check;
  TakeKey(wire, policies, check, operation);
  operation.request = engine::Lookup{};
  return check.Verdict();
}

Refused Validate(v1::RenewRequest& wire, const PolicyTable& policies, Place, Operation& operation) {
  FieldCheck check;
  const Policy& policy = TakeKey(wire, policies, check, operation);
  check.Token(wire.token());
  operation.request = engine::Renew{.token = wire.token(), .lease = TakeLease(wire, policy, check)};
  return check.Verdict();
}

Refused Validate(v1::ReleaseRequest& wire, const PolicyTable& policies, Place, Operation& operation) {
  FieldCheck check;
  TakeKey(wire, policies, check, operation);
  check.Token(wire.token());
  operation.request = engine::Release{.token = wire.token()};
  return check.Verdict();
}

Refused Validate(v1::CheckpointRequest& wire, const PolicyTable& policies, Place, Operation& operation) {
  FieldCheck check;
  const Policy& policy = TakeKey(wire, policies, check, operation);
  check.Token(wire.token());
  check.Size("data", wire.data().size(), policy.max_checkpoint_bytes);
  operation.request = engine::Checkpoint{
      .token = wire.token(), .data = std::move(*wire.mutable_data()), .effects_began = wire.effects_began()};
  return check.Verdict();
}

}  // namespace semel::rpc
