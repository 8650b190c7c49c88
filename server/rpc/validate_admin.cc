#include "server/rpc/validate_admin.h"

#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/engine/names.h"
#include "server/rpc/field_check.h"
#include "server/rpc/page_token.h"
#include "server/rpc/validate_outcome.h"

namespace semel::rpc {
namespace {

using engine::Operation;
using engine::Policy;
using engine::PolicyTable;
using engine::VisibleState;

constexpr size_t kDefaultPageKeys = 100;

template <class Wire>
const Policy& TakeKey(const Wire& wire, const PolicyTable& policies, FieldCheck& check, Operation& operation) {
  check.Namespace(wire.namespace_());
  check.Key(wire.key());
  operation.ns = &policies.For(wire.namespace_());
  operation.key = {.ns = wire.namespace_(), .name = wire.key()};
  return operation.ns->policy();
}

template <class Wire>
void CheckWhoAndWhy(const Wire& wire, FieldCheck& check) {
  check.Required("reason", wire.reason().size(), engine::kMaxAuditReasonBytes);
  check.Required("actor", wire.actor().size(), engine::kMaxActorBytes);
}

void TakeResolution(v1::ResolveKeyRequest& wire, const Policy& policy, FieldCheck& check, engine::Resolve& resolve) {
  switch (wire.resolution_case()) {
    case v1::ResolveKeyRequest::kResult: resolve.outcome = TakeResult(*wire.mutable_result(), check); break;
    case v1::ResolveKeyRequest::kFailure: resolve.outcome = TakeFailure(*wire.mutable_failure(), check); break;
    case v1::ResolveKeyRequest::kAbsent: break;
    case v1::ResolveKeyRequest::RESOLUTION_NOT_SET:
      check.Fail("resolution", "required: a result, a failure, or absent");
      break;
  }
  resolve.retention = policy.result_retention;
  if (!wire.has_retention()) return;
  if (wire.has_absent()) {
    check.Fail("retention", "only with a result or a failure: of a key that is free nothing is replayed");
  } else {
    resolve.retention = check.Within("retention", wire.retention(), engine::kMinRetention, policy.result_retention_max);
  }
}

void TakeState(const v1::ListKeysRequest& wire, FieldCheck& check, engine::ListRequest& listing) {
  switch (wire.state()) {
    case v1::STATE_UNSPECIFIED: return;
    case v1::STATE_IN_PROGRESS: listing.state = VisibleState::kInProgress; return;
    case v1::STATE_IN_DOUBT: listing.state = VisibleState::kInDoubt; return;
    case v1::STATE_DONE: listing.state = VisibleState::kDone; return;
    case v1::STATE_FAILED: listing.state = VisibleState::kFailed; return;
    case v1::STATE_EXPIRED: listing.state = VisibleState::kExpired; return;
    default: check.Fail("state", absl::StrCat("one of State; came ", static_cast<int>(wire.state())));  // open enum
  }
}

void TakePrefix(const v1::ListKeysRequest& wire, FieldCheck& check, engine::ListRequest& listing) {
  const std::string& prefix = wire.key_prefix();
  if (prefix.size() > engine::kMaxKeyBytes || !engine::IsPrintableAscii(prefix)) {
    check.Fail("key_prefix", absl::StrCat("at most ", engine::kMaxKeyBytes, " bytes of printable ASCII; came ",
                                          prefix.size(), " bytes"));
  } else if (!prefix.empty() && wire.namespace_().empty()) {
    check.Fail("key_prefix", "only with a namespace: say whose keys");
  }
  listing.name_prefix = prefix;
}

}  // namespace

Refused Validate(v1::ResolveKeyRequest& wire, const PolicyTable& policies, Operation& operation) {
  FieldCheck check;
  const Policy& policy = TakeKey(wire, policies, check, operation);
  CheckWhoAndWhy(wire, check);
  if (wire.attempt() < 0) check.Fail("attempt", absl::StrCat("from 1, or 0 for any; came ", wire.attempt()));
  const size_t size = wire.result().payload().size();
  engine::Resolve resolve{.attempt = static_cast<uint32_t>(wire.attempt())};
  TakeResolution(wire, policy, check, resolve);
  if (Refused refused = check.Verdict()) return refused;
  if (size > policy.max_result_bytes) return ResultTooLarge(size, policy);
  resolve.outcome_digest = engine::DigestOf(resolve.outcome.value_or(engine::Outcome{}));
  operation.request = std::move(resolve);
  return std::nullopt;
}

Refused Validate(v1::DeleteKeyRequest& wire, const PolicyTable& policies, Operation& operation) {
  FieldCheck check;
  TakeKey(wire, policies, check, operation);
  CheckWhoAndWhy(wire, check);
  operation.request = engine::Delete{};
  return check.Verdict();
}

Refused Validate(const v1::ListKeysRequest& wire, engine::ListRequest& listing) {
  FieldCheck check;
  if (!wire.namespace_().empty()) check.Namespace(wire.namespace_());
  listing.ns = wire.namespace_();
  TakePrefix(wire, check, listing);
  TakeState(wire, check, listing);
  if (wire.page_size() < 0 || static_cast<size_t>(wire.page_size()) > engine::kMaxPageKeys) {
    check.Fail("page_size", absl::StrCat("1 to ", engine::kMaxPageKeys, ", or 0 for ", kDefaultPageKeys, "; came ",
                                         wire.page_size()));
  }
  listing.limit = wire.page_size() == 0 ? kDefaultPageKeys : static_cast<size_t>(wire.page_size());
  if (!wire.page_token().empty()) {
    std::optional<std::string> cursor = FromPageToken(listing, wire.page_token());
    if (!cursor) check.Fail("page_token", "not one of this listing: send it with all other fields as they were");
    listing.cursor = std::move(cursor).value_or("");
  }
  return check.Verdict();
}

Refused Validate(const v1::CreateBackupRequest& wire) {
  FieldCheck check;
  check.Size("reason", wire.reason().size(), engine::kMaxAuditReasonBytes);
  check.Required("actor", wire.actor().size(), engine::kMaxActorBytes);
  return check.Verdict();
}

}  // namespace semel::rpc
