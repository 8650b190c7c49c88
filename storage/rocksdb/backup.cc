// Making and listing backups; restore.cc puts them back.

#include "storage/rocksdb/backup.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/rocksdb/backup_directory.h"
#include "storage/rocksdb/rocksdb_storage.h"

namespace semel::storage {
namespace {

std::set<std::string> FilesOf(const rocksdb::BackupEngine& engine) {
  std::vector<rocksdb::BackupInfo> backups;
  engine.GetBackupInfo(&backups, /*include_file_details=*/true);
  std::set<std::string> names;
  for (const rocksdb::BackupInfo& backup : backups) {
    for (const rocksdb::BackupFileInfo& file : backup.file_details) names.insert(file.relative_filename);
  }
  return names;
}

absl::StatusOr<BackupInfo> InfoOfNew(const rocksdb::BackupEngine& engine, uint32_t id,
                                     const std::set<std::string>& files_before) {
  rocksdb::BackupInfo backup;
  const rocksdb::Status status = engine.GetBackupInfo(id, &backup, /*include_file_details=*/true);
  if (!status.ok()) return BackupError(status, "cannot read the new backup back");
  BackupInfo info = InfoOf(backup);
  for (const rocksdb::BackupFileInfo& file : backup.file_details) {
    if (!files_before.contains(file.relative_filename)) info.copied_bytes += file.size;
  }
  return info;
}

}  // namespace

absl::StatusOr<BackupInfo> RocksDbStorage::CreateBackup(const BackupOptions& options) const {
  if (latch_->failed()) return latch_->status();
  if (options.directory.empty()) return absl::InvalidArgumentError("no backup directory was named");
  if (options.keep == 0) return absl::InvalidArgumentError("at least one backup must be kept");
  if (absl::Status status = CheckApart(options.directory, directory_.path()); !status.ok()) return status;
  std::string identity;
  rocksdb::Status status = (*database_)->GetDbIdentity(identity);
  if (!status.ok()) return BackupError(status, "cannot read the database's identity");
  absl::StatusOr<BackupDirectory> directory = BackupDirectory::AcquireForWriting(options.directory, identity);
  if (!directory.ok()) return directory.status();

  const std::string doing = absl::StrCat("cannot make a backup in ", options.directory);
  rocksdb::BackupEngine* opened = nullptr;
  status = rocksdb::BackupEngine::Open(EngineOptions(options.directory), (*database_)->GetEnv(), &opened);
  const std::unique_ptr<rocksdb::BackupEngine> engine(opened);
  if (!status.ok()) return BackupError(status, doing);
  const std::set<std::string> files_before = FilesOf(*engine);

  // Flushed, so that what is copied is in files that the next backup shares, and hardly anything in the log, which it cannot.
  rocksdb::CreateBackupOptions creating;
  creating.flush_before_backup = true;
  uint32_t id = 0;
  {
    const absl::MutexLock no_reclaim(&backup_or_reclaim_);
    status = engine->CreateNewBackupWithMetadata(creating, database_->get(), DataDirectory::FormatLine(), &id);
  }
  if (!status.ok()) return BackupError(status, doing);
  absl::StatusOr<BackupInfo> info = InfoOfNew(*engine, id, files_before);
  if (!info.ok()) return info;

  // The new one is on disk. That an old one cannot be removed does not make it a worse backup.
  status = engine->PurgeOldBackups(static_cast<uint32_t>(options.keep));
  if (!status.ok() && options_.log) {
    options_.log(absl::StrCat("old backups in ", options.directory,
                              " cannot be removed, and fill its disk: ", status.ToString()));
  }
  std::vector<rocksdb::BackupInfo> kept;
  engine->GetBackupInfo(&kept);
  info->backups_kept = kept.size();
  return info;
}

absl::StatusOr<std::vector<BackupInfo>> ListBackups(const std::string& path) {
  const absl::StatusOr<BackupDirectory> directory = BackupDirectory::AcquireForReading(path);
  if (!directory.ok()) return directory.status();
  const auto engine = OpenForReading(*directory);
  if (!engine.ok()) return engine.status();
  std::vector<rocksdb::BackupInfo> backups;
  (*engine)->GetBackupInfo(&backups);
  std::vector<rocksdb::BackupID> damaged;
  (*engine)->GetCorruptedBackups(&damaged);
  std::vector<BackupInfo> list;
  for (const rocksdb::BackupInfo& backup : backups) list.push_back(InfoOf(backup));
  for (const rocksdb::BackupID id : damaged) list.push_back({.id = id, .damaged = true});
  for (BackupInfo& info : list) info.backups_kept = backups.size();
  std::sort(list.begin(), list.end(), [](const BackupInfo& a, const BackupInfo& b) { return a.id < b.id; });
  return list;
}

}  // namespace semel::storage
