// IdempotencyService on a completion queue: check, hand over, translate.

#ifndef SEMEL_SERVER_RPC_IDEMPOTENCY_SERVICE_H_
#define SEMEL_SERVER_RPC_IDEMPOTENCY_SERVICE_H_

#include "server/rpc/call.h"

namespace semel::rpc {

// Waits for callers of every method on the poller's queue, until the server shuts down. `surroundings` outlives the calls.
void ServeIdempotency(Surroundings& surroundings);

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_IDEMPOTENCY_SERVICE_H_
