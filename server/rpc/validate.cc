#include "server/rpc/validate.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/rpc/field_check.h"
#include "server/rpc/validate_outcome.h"
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
  return operation.ns->policy();
}

template <class Wire>
std::optional<Duration> TakeLease(const Wire& wire, const Policy& policy, FieldCheck& check) {
  if (!wire.has_lease()) return std::nullopt;
  return check.Within("lease", wire.lease(), engine::kMinLease, policy.lease_max);
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
