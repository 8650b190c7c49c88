#include "server/backups.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace semel {

using ops::LogLevel;

Backups::Backups(const storage::RocksDbStorage& storage, storage::BackupOptions options, const ops::Logger& log)
    : storage_(storage), options_(std::move(options)), log_(log) {
  if (!configured()) return;
  figures_.configured.Set(1);
  // A directory that is not there yet, or is in use, is the next backup's business.
  const absl::StatusOr<std::vector<storage::BackupInfo>> made = storage::ListBackups(options_.directory);
  if (!made.ok()) return;
  for (const storage::BackupInfo& info : *made) {
    if (!info.damaged) Remember(info);
  }
}

absl::StatusOr<rpc::BackupMade> Backups::Create() {
  const auto start = std::chrono::steady_clock::now();
  const absl::StatusOr<storage::BackupInfo> info = storage_.CreateBackup(options_);
  const auto took = std::chrono::duration_cast<engine::Duration>(std::chrono::steady_clock::now() - start);
  if (!info.ok()) {
    figures_.failed.Add();
    log_.Log(LogLevel::kError, "no backup was made", {{"reason", std::string(info.status().message())}});
    return info.status();
  }
  figures_.made.Add();
  figures_.last_duration_micros.Set(took.count());
  Remember(*info);
  return rpc::BackupMade{
      .backup = *last(), .copied_bytes = info->copied_bytes, .took = took, .kept = info->backups_kept};
}

std::optional<rpc::BackupFacts> Backups::last() const {
  absl::MutexLock lock(&mutex_);
  return last_;
}

void Backups::Remember(const storage::BackupInfo& info) {
  absl::MutexLock lock(&mutex_);
  last_ = rpc::BackupFacts{.id = info.id, .create_time = info.create_time, .size_bytes = info.size_bytes};
  figures_.last_success_seconds.Set(storage::Micros(info.create_time) / 1'000'000);
}

}  // namespace semel
