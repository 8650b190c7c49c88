// AdminService: value to proto, once. As reply.h.

#ifndef SEMEL_SERVER_RPC_REPLY_ADMIN_H_
#define SEMEL_SERVER_RPC_REPLY_ADMIN_H_

#include <optional>
#include <string>

#include "semel/v1/admin_service.pb.h"
#include "server/engine/listing.h"
#include "server/engine/policy_table.h"
#include "server/engine/reply.h"
#include "server/engine/stats.h"
#include "server/rpc/administration.h"

namespace semel::rpc {

// nullopt: done. Otherwise the refusal that the reply is.
std::optional<engine::Refusal> ToResponse(engine::Reply reply, v1::ResolveKeyResponse& wire);
std::optional<engine::Refusal> ToResponse(engine::Reply reply, v1::DeleteKeyResponse& wire);

void ToResponse(const engine::ListRequest& listing, engine::ListPage page, v1::ListKeysResponse& wire);
void ToResponse(const BackupMade& made, v1::CreateBackupResponse& wire);

void ToResponse(const ServerFacts& facts, v1::GetStatsResponse& wire);
void ToResponse(const engine::EngineStats& stats, const engine::PolicyTable& policies, v1::GetStatsResponse& wire);

// What the audit log says of a change that was made.
std::string DetailsOf(const v1::ResolveKeyResponse& wire);
std::string DetailsOf(const v1::DeleteKeyResponse& wire);
std::string DetailsOf(const v1::CreateBackupResponse& wire);

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_REPLY_ADMIN_H_
