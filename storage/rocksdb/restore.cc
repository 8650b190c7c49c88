// Putting a backup back.

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/rocksdb/backup.h"
#include "storage/rocksdb/backup_directory.h"
#include "storage/rocksdb/data_directory.h"
#include "storage/rocksdb/durable_file.h"

namespace semel::storage {
namespace {

std::string Ids(const std::vector<rocksdb::BackupInfo>& backups) {
  std::string ids;
  for (const rocksdb::BackupInfo& backup : backups) absl::StrAppend(&ids, ids.empty() ? "" : ", ", backup.backup_id);
  return ids.empty() ? "none" : ids;
}

absl::StatusOr<rocksdb::BackupInfo> Choose(const rocksdb::BackupEngineReadOnly& engine, std::optional<uint32_t> id,
                                           const std::string& path) {
  std::vector<rocksdb::BackupInfo> backups;
  engine.GetBackupInfo(&backups);
  for (auto backup = backups.rbegin(); backup != backups.rend(); ++backup) {
    if (!id || backup->backup_id == *id) return *backup;
  }
  std::vector<rocksdb::BackupID> damaged;
  engine.GetCorruptedBackups(&damaged);
  const bool is_damaged = id && std::find(damaged.begin(), damaged.end(), *id) != damaged.end();
  const std::string choice = absl::StrCat("whole ones: ", Ids(backups));
  if (is_damaged) {
    return absl::DataLossError(
        absl::StrCat("backup ", *id, " in ", path, " is damaged: files of it are missing (", choice, ")"));
  }
  if (id) return absl::NotFoundError(absl::StrCat("there is no backup ", *id, " in ", path, " (", choice, ")"));
  return absl::NotFoundError(
      absl::StrCat("there is no whole backup in ", path, " (damaged ones: ", damaged.size(), ")"));
}

// The engine compares the checksum of every file with that of the time when it was backed up.
absl::Status Fetch(const rocksdb::BackupEngineReadOnly& engine, uint32_t id, const std::string& from,
                   DataDirectory& into) {
  const std::string path = into.restored_path();
  const rocksdb::Status status = engine.RestoreDBFromBackup(rocksdb::RestoreOptions(), id, path, path);
  const std::string doing = absl::StrCat("cannot restore backup ", id, " in ", from);
  // The engine does not name the file that it finds damaged on the way; asked for it, it does.
  if (status.IsCorruption()) {
    const rocksdb::Status damage = engine.VerifyBackup(id, /*verify_with_checksum=*/true);
    return BackupError(damage.ok() ? status : damage, doing);
  }
  if (!status.ok()) return BackupError(status, doing);
  if (absl::Status synced = SyncTree(path); !synced.ok()) return synced;
  return into.MarkRestored();
}

// Damage, with the backups that may be whole where that one is not.
absl::Status WithOthers(const absl::Status& failure, const rocksdb::BackupEngineReadOnly& engine, uint32_t id) {
  if (!absl::IsDataLoss(failure)) return failure;
  std::vector<rocksdb::BackupInfo> backups;
  engine.GetBackupInfo(&backups);
  std::string others;
  for (auto backup = backups.rbegin(); backup != backups.rend(); ++backup) {
    if (backup->backup_id != id) absl::StrAppend(&others, others.empty() ? "" : " or ", "--backup ", backup->backup_id);
  }
  return absl::DataLossError(
      absl::StrCat(failure.message(), others.empty() ? "; there is no other backup" : "; try ", others));
}

// The directory was to hold a database: no server may begin an empty one there instead.
absl::Status Unfinished(const absl::Status& failure, const std::string& data_dir) {
  const absl::StatusOr<DataDirectory> marked = DataDirectory::AcquireForRestore(data_dir);
  return marked.ok() ? failure : absl::DataLossError(absl::StrCat(failure.message(), "; ", marked.status().message()));
}

}  // namespace

absl::StatusOr<BackupInfo> RestoreBackup(const std::string& path, std::optional<uint32_t> id,
                                         const std::string& data_dir) {
  const absl::StatusOr<BackupDirectory> directory = BackupDirectory::AcquireForReading(path);
  if (!directory.ok()) return directory.status();
  auto engine = OpenForReading(*directory);
  if (!engine.ok()) return engine.status();
  if (absl::Status status = CheckApart(path, data_dir); !status.ok()) return status;
  const absl::StatusOr<rocksdb::BackupInfo> backup = Choose(**engine, id, path);
  if (!backup.ok()) return absl::IsDataLoss(backup.status()) ? Unfinished(backup.status(), data_dir) : backup.status();
  const absl::Status format =
      DataDirectory::CheckFormatLine(absl::StrCat("backup ", backup->backup_id, " in ", path), backup->app_metadata);
  if (!format.ok()) return format;

  absl::StatusOr<DataDirectory> into = DataDirectory::AcquireForRestore(data_dir);
  if (!into.ok()) return into.status();
  if (absl::Status status = Fetch(**engine, backup->backup_id, path, *into); !status.ok()) {
    const absl::Status failure = WithOthers(status, **engine, backup->backup_id);
    engine->reset();  // it gives up at the first file that it cannot copy, while its threads are still at others
    into->DiscardRestored();
    return failure;
  }
  return InfoOf(*backup);
}

}  // namespace semel::storage
