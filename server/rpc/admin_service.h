// AdminService on a completion queue. ResolveKey and DeleteKey are operations like those of IdempotencyService; what looks
// through many keys or makes a backup runs on a thread beside the polling one.

#ifndef SEMEL_SERVER_RPC_ADMIN_SERVICE_H_
#define SEMEL_SERVER_RPC_ADMIN_SERVICE_H_

#include "server/rpc/administration.h"
#include "server/rpc/call.h"

namespace semel::rpc {

// Waits for callers of every method on the poller's queue, until the server shuts down. `surroundings` outlives the calls.
void ServeAdministration(Surroundings& surroundings);

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_ADMIN_SERVICE_H_
