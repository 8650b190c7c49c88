#include "server/rpc/reply_admin.h"

#include <array>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/rpc/page_token.h"
#include "server/rpc/reply.h"
#include "server/rpc/wire_time.h"

namespace semel::rpc {
namespace {

using engine::Refusal;

constexpr std::array<const char*, engine::kBeginOutcomes> kOutcomeNames = {
    "acquired", "done", "failed", "in_progress", "in_doubt", "expired", "mismatch", "refused"};

v1::State ToWire(storage::State state) {
  switch (state) {
    case storage::State::kInProgress: return v1::STATE_IN_PROGRESS;
    case storage::State::kInDoubt: return v1::STATE_IN_DOUBT;
    case storage::State::kDone: return v1::STATE_DONE;
    case storage::State::kFailed: return v1::STATE_FAILED;
    case storage::State::kVacant: return v1::STATE_UNSPECIFIED;
  }
  return v1::STATE_UNSPECIFIED;
}

// "STATE_DONE" -> "DONE".
std::string NameOf(v1::State state) { return v1::State_Name(state).substr(std::string_view("STATE_").size()); }

void BackupToWire(const BackupFacts& backup, v1::Backup* wire) {
  wire->set_id(backup.id);
  rpc::ToWire(backup.create_time, wire->mutable_create_time());
  wire->set_size_bytes(static_cast<int64_t>(backup.size_bytes));
}

void FiguresToWire(const std::string& label, const engine::NamespaceStats& stats, v1::NamespaceFigures* wire) {
  wire->set_namespace_(label);
  for (size_t i = 0; i < kOutcomeNames.size(); ++i) {
    (*wire->mutable_begins())[kOutcomeNames[i]] = static_cast<int64_t>(stats.begins[i].value());
  }
  wire->set_takeovers(static_cast<int64_t>(stats.takeovers.value()));
  wire->set_stale_tokens(static_cast<int64_t>(stats.stale_tokens.value()));
  wire->set_completed_done(static_cast<int64_t>(stats.completed_done.value()));
  wire->set_completed_failed(static_cast<int64_t>(stats.completed_failed.value()));
}

}  // namespace

std::optional<Refusal> ToResponse(engine::Reply reply, v1::ResolveKeyResponse& wire) {
  if (auto* refusal = std::get_if<Refusal>(&reply)) return std::move(*refusal);
  const auto& resolved = std::get<engine::Resolved>(reply);
  wire.set_state(ToWire(resolved.state));
  if (resolved.state != storage::State::kVacant) rpc::ToWire(resolved.expire_time, wire.mutable_expire_time());
  wire.set_already_applied(resolved.already_applied);
  return std::nullopt;
}

std::optional<Refusal> ToResponse(engine::Reply reply, v1::DeleteKeyResponse& wire) {
  if (auto* refusal = std::get_if<Refusal>(&reply)) return std::move(*refusal);
  wire.set_state(StateToWire(std::get<engine::Deleted>(reply).state));
  return std::nullopt;
}

void ToResponse(const engine::ListRequest& listing, engine::ListPage page, v1::ListKeysResponse& wire) {
  for (engine::ListedKey& listed : page.keys) {
    v1::ListedKey* key = wire.add_keys();
    key->set_namespace_(std::move(listed.key.ns));
    key->set_key(std::move(listed.key.name));
    key->set_checkpoint_size(static_cast<int32_t>(listed.checkpoint_size));
    RecordToWire(std::move(listed.found), key->mutable_record());
    if (listed.details_left_out) key->mutable_record()->mutable_failure()->set_details_left_out(true);
  }
  if (!page.next_cursor.empty()) wire.set_next_page_token(ToPageToken(listing, page.next_cursor));
}

void ToResponse(const BackupMade& made, v1::CreateBackupResponse& wire) {
  BackupToWire(made.backup, wire.mutable_backup());
  wire.set_copied_bytes(static_cast<int64_t>(made.copied_bytes));
  rpc::ToWire(made.took, wire.mutable_duration());
  wire.set_backups_kept(static_cast<int32_t>(made.kept));
}

void ToResponse(const ServerFacts& facts, v1::GetStatsResponse& wire) {
  wire.set_not_ready_reason(facts.not_ready_reason);
  rpc::ToWire(facts.wall_clock_offset, wire.mutable_wall_clock_offset());
  v1::OpenKeys* open = wire.mutable_open_keys();
  open->set_in_progress(static_cast<int64_t>(facts.open.in_progress));
  open->set_in_doubt(static_cast<int64_t>(facts.open.in_doubt));
  open->set_bytes(static_cast<int64_t>(facts.open.bytes));
  for (const storage::Property& property : facts.storage) (*wire.mutable_storage())[property.name] = property.value;
  if (facts.last_backup) BackupToWire(*facts.last_backup, wire.mutable_last_backup());
}

void ToResponse(const engine::EngineStats& stats, const engine::PolicyTable& policies, v1::GetStatsResponse& wire) {
  wire.set_waiters(stats.waiters.value());
  for (const engine::PolicyTable::Entry* entry : policies.Entries()) {
    if (entry->index >= stats.namespaces.size()) continue;
    FiguresToWire(entry->label, stats.namespaces[entry->index], wire.add_namespaces());
  }
}

std::string DetailsOf(const v1::ResolveKeyResponse& wire) {
  const std::string state = wire.state() == v1::STATE_UNSPECIFIED ? std::string("ABSENT") : NameOf(wire.state());
  return wire.already_applied() ? absl::StrCat(state, " already") : state;
}

std::string DetailsOf(const v1::DeleteKeyResponse& wire) { return absl::StrCat("was ", NameOf(wire.state())); }

std::string DetailsOf(const v1::CreateBackupResponse& wire) { return absl::StrCat("backup ", wire.backup().id()); }

}  // namespace semel::rpc
