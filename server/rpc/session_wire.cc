#include "server/rpc/session_wire.h"

#include <utility>
#include <variant>

#include "server/rpc/errors.h"
#include "server/rpc/field_check.h"
#include "server/rpc/reply.h"

namespace semel::rpc {
namespace {

using Operation = v1::SessionRequest::Operation;

Refused ValidateRequest(Operation& wire, const engine::PolicyTable& policies, engine::Operation& operation) {
  switch (wire.request_case()) {
    case Operation::kBegin: return Validate(*wire.mutable_begin(), policies, Place::kAlone, operation);
    case Operation::kComplete: return Validate(*wire.mutable_complete(), policies, Place::kAlone, operation);
    case Operation::kLookup: return Validate(*wire.mutable_lookup(), policies, Place::kAlone, operation);
    case Operation::kRenew: return Validate(*wire.mutable_renew(), policies, Place::kAlone, operation);
    case Operation::kRelease: return Validate(*wire.mutable_release(), policies, Place::kAlone, operation);
    case Operation::kCheckpoint: return Validate(*wire.mutable_checkpoint(), policies, Place::kAlone, operation);
    case Operation::REQUEST_NOT_SET: break;
  }
  FieldCheck check;
  check.Fail("request", "required: begin, complete, lookup, renew, release or checkpoint");
  return check.Verdict();
}

Refused FillResponse(SessionKind kind, engine::Reply reply, v1::SessionResponse::Answer& answer) {
  switch (kind) {
    case Operation::kBegin: return ToResponse(std::move(reply), *answer.mutable_begin());
    case Operation::kComplete: return ToResponse(std::move(reply), *answer.mutable_complete());
    case Operation::kLookup: return ToResponse(std::move(reply), *answer.mutable_lookup());
    case Operation::kRenew: return ToResponse(std::move(reply), *answer.mutable_renew());
    case Operation::kRelease: return ToResponse(std::move(reply), *answer.mutable_release());
    case Operation::kCheckpoint: return ToResponse(std::move(reply), *answer.mutable_checkpoint());
    case Operation::REQUEST_NOT_SET: break;
  }
  return std::get<engine::Refusal>(std::move(reply));
}

}  // namespace

// The methods stand in kMethods in the order of the fields.
size_t MethodOf(SessionKind kind) { return static_cast<size_t>(kind) - static_cast<size_t>(Operation::kBegin); }

bool IsNewWork(SessionKind kind) { return kind == Operation::kBegin || kind == Operation::kLookup; }

Refused Validate(Operation& wire, const engine::PolicyTable& policies, engine::Time now, engine::Operation& operation) {
  FieldCheck check;
  operation.deadline = engine::Time::max();
  if (wire.has_timeout()) {
    operation.deadline = now + check.Within("timeout", wire.timeout(), engine::Duration::zero(), engine::kMaxTimeout);
  }
  if (Refused refused = check.Verdict()) return refused;
  return ValidateRequest(wire, policies, operation);
}

grpc::StatusCode ToAnswer(SessionKind kind, engine::Reply reply, RefusalStats& stats,
                          v1::SessionResponse::Answer& answer) {
  const Refused refused = FillResponse(kind, std::move(reply), answer);
  return refused ? ToAnswer(*refused, stats, answer) : grpc::StatusCode::OK;
}

grpc::StatusCode ToAnswer(const engine::Refusal& refusal, RefusalStats& stats, v1::SessionResponse::Answer& answer) {
  *answer.mutable_error() = ToError(refusal, stats);
  return OnWire(refusal.reason).code;
}

}  // namespace semel::rpc
