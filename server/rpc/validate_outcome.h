// The outcomes that Complete and ResolveKey bring, proto to value.

#ifndef SEMEL_SERVER_RPC_VALIDATE_OUTCOME_H_
#define SEMEL_SERVER_RPC_VALIDATE_OUTCOME_H_

#include "semel/v1/record.pb.h"
#include "server/engine/policy.h"
#include "server/engine/reply.h"
#include "server/rpc/field_check.h"

namespace semel::rpc {

// Move the large fields out of the message, and note what is wrong. The fields are called result.* and failure.*.
storage::Result TakeResult(v1::Result& wire, FieldCheck& check);
storage::Failure TakeFailure(v1::Failure& wire, FieldCheck& check);

// For a payload of `size` bytes, where the namespace keeps fewer.
engine::Refusal ResultTooLarge(size_t size, const engine::Policy& policy);

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_VALIDATE_OUTCOME_H_
