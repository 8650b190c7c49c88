// One operation of a Session stream: proto to value and back, as the call of its own has it.

#ifndef SEMEL_SERVER_RPC_SESSION_WIRE_H_
#define SEMEL_SERVER_RPC_SESSION_WIRE_H_

#include <cstddef>

#include "semel/v1/idempotency_service.pb.h"
#include "server/engine/operation.h"
#include "server/rpc/call_stats.h"
#include "server/rpc/validate.h"

namespace semel::rpc {

using SessionKind = v1::SessionRequest::Operation::RequestCase;

// Which of kMethods the operation would be as a call of its own. Not for REQUEST_NOT_SET.
size_t MethodOf(SessionKind kind);

// Whether it is refused while too much waits.
bool IsNewWork(SessionKind kind);

// As Validate of a call of its own; `now` is what a timeout counts from.
Refused Validate(v1::SessionRequest::Operation& wire, const engine::PolicyTable& policies, engine::Time now,
                 engine::Operation& operation);

// Fills the answer, but for its id; returns the code that the call of its own would have ended with.
grpc::StatusCode ToAnswer(SessionKind kind, engine::Reply reply, RefusalStats& stats,
                          v1::SessionResponse::Answer& answer);
grpc::StatusCode ToAnswer(const engine::Refusal& refusal, RefusalStats& stats, v1::SessionResponse::Answer& answer);

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_SESSION_WIRE_H_
