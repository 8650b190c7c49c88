// The directory that backups of one database go into: who may use it, and RocksDB's engine on it.

#ifndef SEMEL_STORAGE_ROCKSDB_BACKUP_DIRECTORY_H_
#define SEMEL_STORAGE_ROCKSDB_BACKUP_DIRECTORY_H_

#include <rocksdb/utilities/backup_engine.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/rocksdb/backup.h"

namespace semel::storage {

// Held (flock on its marker) as long as the object lives: exclusively for writing, shared for reading.
class BackupDirectory {
 public:
  // Makes the directory and marks it where it is new. Refuses one that holds something else, or backups of another database
  // than `identity`.
  static absl::StatusOr<BackupDirectory> AcquireForWriting(const std::string& path, const std::string& identity);
  static absl::StatusOr<BackupDirectory> AcquireForReading(const std::string& path);

  BackupDirectory(BackupDirectory&& other) noexcept;
  BackupDirectory& operator=(BackupDirectory&&) = delete;
  ~BackupDirectory();

  const std::string& path() const { return path_; }

 private:
  BackupDirectory(std::string path, int marker) : path_(std::move(path)), marker_(marker) {}

  std::string path_;
  int marker_;
};

// A backup in the database's own directory would be lost together with it, and a database among the backups confuses both.
[[nodiscard]] absl::Status CheckApart(const std::string& backups, const std::string& data);

rocksdb::BackupEngineOptions EngineOptions(const std::string& directory);
absl::StatusOr<std::unique_ptr<rocksdb::BackupEngineReadOnly>> OpenForReading(const BackupDirectory& directory);

// What the engine tells of a backup; copied_bytes and backups_kept are left open.
BackupInfo InfoOf(const rocksdb::BackupInfo& backup);

// "<doing>: <what RocksDB says>": damage is DATA_LOSS, a full disk says so.
absl::Status BackupError(const rocksdb::Status& status, const std::string& doing);

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_ROCKSDB_BACKUP_DIRECTORY_H_
