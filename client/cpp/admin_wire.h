// Between the plain values of semel/admin_client.h and the messages of admin_service.proto. As to_wire.h and from_wire.h.

#ifndef SEMEL_CLIENT_CPP_ADMIN_WIRE_H_
#define SEMEL_CLIENT_CPP_ADMIN_WIRE_H_

#include "absl/status/statusor.h"
#include "semel/admin_client.h"
#include "semel/v1/admin_service.pb.h"

namespace semel {

v1::ListKeysRequest ToWire(const ListKeysRequest& request);
v1::ResolveKeyRequest ToWire(const ResolveKeyRequest& request);
v1::DeleteKeyRequest ToWire(const DeleteKeyRequest& request);
v1::CreateBackupRequest ToWire(const CreateBackupRequest& request);

absl::StatusOr<KeysPage> ToKeysPage(const v1::ListKeysResponse& response);
absl::StatusOr<Resolved> ToResolved(const v1::ResolveKeyResponse& response);
absl::StatusOr<State> ToDeleted(const v1::DeleteKeyResponse& response);
Stats ToStats(const v1::GetStatsResponse& response);
CreatedBackup ToCreatedBackup(const v1::CreateBackupResponse& response);

}  // namespace semel

#endif  // SEMEL_CLIENT_CPP_ADMIN_WIRE_H_
