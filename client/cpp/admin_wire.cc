#include "client/cpp/admin_wire.h"

#include <utility>
#include <variant>

#include "client/cpp/from_wire.h"
#include "client/cpp/to_wire.h"

namespace semel {
namespace {

v1::State ToWire(State state) {
  switch (state) {
    case State::kInProgress: return v1::STATE_IN_PROGRESS;
    case State::kInDoubt: return v1::STATE_IN_DOUBT;
    case State::kDone: return v1::STATE_DONE;
    case State::kFailed: return v1::STATE_FAILED;
    case State::kExpired: return v1::STATE_EXPIRED;
  }
  return v1::STATE_UNSPECIFIED;
}

OpenKeys ToOpenKeys(const v1::OpenKeys& wire) {
  return {.in_progress = wire.in_progress(),
          .in_doubt = wire.in_doubt(),
          .bytes = wire.bytes(),
          .max_keys = wire.max_keys(),
          .max_bytes = wire.max_bytes()};
}

NamespaceFigures ToFigures(const v1::NamespaceFigures& wire) {
  return {.namespace_name = wire.namespace_(),
          .begins = {wire.begins().begin(), wire.begins().end()},
          .takeovers = wire.takeovers(),
          .stale_tokens = wire.stale_tokens(),
          .completed_done = wire.completed_done(),
          .completed_failed = wire.completed_failed()};
}

Backup ToBackup(const v1::Backup& wire) {
  return {.id = wire.id(), .create_time = ToTime(wire.create_time()), .size_bytes = wire.size_bytes()};
}

}  // namespace

v1::ListKeysRequest ToWire(const ListKeysRequest& request) {
  v1::ListKeysRequest wire;
  wire.set_namespace_(request.namespace_name);
  wire.set_key_prefix(request.key_prefix);
  if (request.state) wire.set_state(ToWire(*request.state));
  wire.set_page_size(request.page_size);
  wire.set_page_token(request.page_token);
  return wire;
}

v1::ResolveKeyRequest ToWire(const ResolveKeyRequest& request) {
  v1::ResolveKeyRequest wire;
  wire.set_namespace_(request.namespace_name);
  wire.set_key(request.key);
  if (const auto* result = std::get_if<Result>(&request.resolution)) *wire.mutable_result() = ToWire(*result);
  if (const auto* failure = std::get_if<Failure>(&request.resolution)) *wire.mutable_failure() = ToWire(*failure);
  if (std::holds_alternative<Absent>(request.resolution)) wire.mutable_absent();
  if (request.retention) *wire.mutable_retention() = ToWire(*request.retention);
  wire.set_reason(request.reason);
  wire.set_actor(request.actor);
  wire.set_attempt(request.attempt);
  return wire;
}

v1::DeleteKeyRequest ToWire(const DeleteKeyRequest& request) {
  v1::DeleteKeyRequest wire;
  wire.set_namespace_(request.namespace_name);
  wire.set_key(request.key);
  wire.set_reason(request.reason);
  wire.set_actor(request.actor);
  return wire;
}

v1::CreateBackupRequest ToWire(const CreateBackupRequest& request) {
  v1::CreateBackupRequest wire;
  wire.set_reason(request.reason);
  wire.set_actor(request.actor);
  return wire;
}

absl::StatusOr<KeysPage> ToKeysPage(const v1::ListKeysResponse& response) {
  KeysPage page{.next_page_token = response.next_page_token()};
  page.keys.reserve(static_cast<size_t>(response.keys_size()));
  for (const v1::ListedKey& wire : response.keys()) {
    absl::StatusOr<Record> record = ToRecord(wire.record());
    if (!record.ok()) return record.status();
    page.keys.push_back({.namespace_name = wire.namespace_(),
                         .key = wire.key(),
                         .record = *std::move(record),
                         .checkpoint_size = wire.checkpoint_size()});
  }
  return page;
}

absl::StatusOr<Resolved> ToResolved(const v1::ResolveKeyResponse& response) {
  Resolved resolved{.already_applied = response.already_applied()};
  if (response.has_expire_time()) resolved.expire_time = ToTime(response.expire_time());
  if (response.state() != v1::STATE_UNSPECIFIED) {
    resolved.state = ToState(response.state());
    if (!resolved.state) return NotUnderstood("a state");
  }
  return resolved;
}

absl::StatusOr<State> ToDeleted(const v1::DeleteKeyResponse& response) {
  const std::optional<State> state = ToState(response.state());
  if (!state) return NotUnderstood("a state");
  return *state;
}

Stats ToStats(const v1::GetStatsResponse& response) {
  Stats stats{.version = response.version(),
              .start_time = ToTime(response.start_time()),
              .server_time = ToTime(response.server_time()),
              .wall_clock_offset = ToDuration(response.wall_clock_offset()),
              .not_ready_reason = response.not_ready_reason(),
              .open_keys = ToOpenKeys(response.open_keys()),
              .waiters = response.waiters(),
              .calls_in_flight = response.calls_in_flight()};
  for (const v1::NamespaceFigures& figures : response.namespaces()) stats.namespaces.push_back(ToFigures(figures));
  stats.storage.insert(response.storage().begin(), response.storage().end());
  if (response.has_last_backup()) stats.last_backup = ToBackup(response.last_backup());
  return stats;
}

CreatedBackup ToCreatedBackup(const v1::CreateBackupResponse& response) {
  return {.backup = ToBackup(response.backup()),
          .copied_bytes = response.copied_bytes(),
          .duration = ToDuration(response.duration()),
          .backups_kept = response.backups_kept()};
}

}  // namespace semel
