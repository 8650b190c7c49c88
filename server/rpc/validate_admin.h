// AdminService: proto to value, once. As validate.h.

#ifndef SEMEL_SERVER_RPC_VALIDATE_ADMIN_H_
#define SEMEL_SERVER_RPC_VALIDATE_ADMIN_H_

#include "semel/v1/admin_service.pb.h"
#include "server/engine/listing.h"
#include "server/rpc/validate.h"

namespace semel::rpc {

// Leave namespace, key, reason and actor in the message: the audit log tells them.
Refused Validate(v1::ResolveKeyRequest& wire, const engine::PolicyTable& policies, engine::Operation& operation);
Refused Validate(v1::DeleteKeyRequest& wire, const engine::PolicyTable& policies, engine::Operation& operation);

Refused Validate(const v1::ListKeysRequest& wire, engine::ListRequest& listing);
Refused Validate(const v1::CreateBackupRequest& wire);

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_VALIDATE_ADMIN_H_
