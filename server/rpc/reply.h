// Value to proto, once.

#ifndef SEMEL_SERVER_RPC_REPLY_H_
#define SEMEL_SERVER_RPC_REPLY_H_

#include <optional>

#include "semel/v1/idempotency_service.pb.h"
#include "server/engine/reply.h"

namespace semel::rpc {

// Fills the response, moving large fields out of the reply. nullopt: done. Otherwise the refusal that the reply is.
std::optional<engine::Refusal> ToResponse(engine::Reply reply, v1::BeginResponse& wire);
std::optional<engine::Refusal> ToResponse(engine::Reply reply, v1::CompleteResponse& wire);
std::optional<engine::Refusal> ToResponse(engine::Reply reply, v1::LookupResponse& wire);
std::optional<engine::Refusal> ToResponse(engine::Reply reply, v1::RenewResponse& wire);
std::optional<engine::Refusal> ToResponse(engine::Reply reply, v1::ReleaseResponse& wire);
std::optional<engine::Refusal> ToResponse(engine::Reply reply, v1::CheckpointResponse& wire);

// What Lookup and ListKeys show.
void RecordToWire(engine::Found found, v1::Record* wire);
v1::State StateToWire(engine::VisibleState state);

// Rule 19: removes from an item of a batch what Lookup can fetch, and says so in the item.
void LeaveOutWhatLookupFetches(v1::BeginResponse& wire);

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_REPLY_H_
