// Backups of a data directory, as RocksDB's backup engine makes them: incremental, with a checksum of every file, several in
// one directory.
//
//   SEMEL-BACKUPS   "semel backups of database IDENTITY": whose they are; locked (flock) by whoever uses the directory
//   meta/ private/ shared_checksum/   the engine's
//
// Every backup carries the line of its database's FORMAT, so that one of a newer format is refused like a directory of it.
// RocksDbStorage::CreateBackup makes one while the storage is in use; what is here works on directories that no process uses.

#ifndef SEMEL_STORAGE_ROCKSDB_BACKUP_H_
#define SEMEL_STORAGE_ROCKSDB_BACKUP_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/time.h"

namespace semel::storage {

struct BackupOptions {
  // Made where there is none. Outside of the data directory; best on another disk. One directory, one database.
  std::string directory;
  size_t keep = 7;  // how many to keep, the new one included; at least 1
};

struct BackupInfo {
  uint32_t id = 0;  // grows from 1 on
  Time create_time{};
  uint64_t size_bytes = 0;    // of all files that belong to it, also those shared with others
  uint64_t copied_bytes = 0;  // CreateBackup: of the files that no earlier backup had; 0 in a list
  size_t backups_kept = 0;    // whole ones in the directory
  bool damaged = false;       // in a list: files are missing; only `id` is known
};

// Oldest first. FAILED_PRECONDITION with a message for the operator where `directory` holds no backups of Semel's or is in use.
absl::StatusOr<std::vector<BackupInfo>> ListBackups(const std::string& directory);

// Makes `data_dir` what the database was when the backup was made, on disk when this returns. `id`: nullopt for the latest whole
// one. FAILED_PRECONDITION where `data_dir` is neither absent nor empty, or the backup is of a newer format; NOT_FOUND where
// there is no such backup; DATA_LOSS where a file of it is damaged. The directory can be used only from the very end on: a restore
// that is killed leaves one that every release refuses.
absl::StatusOr<BackupInfo> RestoreBackup(const std::string& directory, std::optional<uint32_t> id,
                                         const std::string& data_dir);

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_ROCKSDB_BACKUP_H_
