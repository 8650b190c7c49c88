// Proto to value, once: every field is checked here and nowhere else. All that is wrong with a request is told at once.

#ifndef SEMEL_SERVER_RPC_VALIDATE_H_
#define SEMEL_SERVER_RPC_VALIDATE_H_

#include <optional>

#include "semel/v1/idempotency_service.pb.h"
#include "server/engine/operation.h"
#include "server/engine/policy_table.h"
#include "server/engine/reply.h"

namespace semel::rpc {

// Whether a request stands alone or in a batch, where it cannot wait.
enum class Place { kAlone, kInBatch };

// Fills key, ns and request of `operation`, moving large fields out of the message; or says what is wrong, and then the
// operation must not be used.
using Refused = std::optional<engine::Refusal>;
Refused Validate(v1::BeginRequest& wire, const engine::PolicyTable& policies, Place place,
                 engine::Operation& operation);
Refused Validate(v1::CompleteRequest& wire, const engine::PolicyTable& policies, Place place,
                 engine::Operation& operation);
Refused Validate(v1::LookupRequest& wire, const engine::PolicyTable& policies, Place place,
                 engine::Operation& operation);
Refused Validate(v1::RenewRequest& wire, const engine::PolicyTable& policies, Place place,
                 engine::Operation& operation);
Refused Validate(v1::ReleaseRequest& wire, const engine::PolicyTable& policies, Place place,
                 engine::Operation& operation);
Refused Validate(v1::CheckpointRequest& wire, const engine::PolicyTable& policies, Place place,
                 engine::Operation& operation);

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_VALIDATE_H_
