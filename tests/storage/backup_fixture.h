// A storage, a directory for its backups, and fresh directories to put them back into.

#ifndef SEMEL_TESTS_STORAGE_BACKUP_FIXTURE_H_
#define SEMEL_TESTS_STORAGE_BACKUP_FIXTURE_H_

#include <gmock/gmock.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "storage/rocksdb/backup.h"
#include "tests/storage/rocksdb_harness.h"

namespace semel::storage {

class BackupTest : public RocksDbTest {
 protected:
  BackupTest() : backups_(elsewhere_ / "backups") {}

  absl::StatusOr<BackupInfo> Back(size_t keep = 7) {
    return storage().CreateBackup({.directory = backups_, .keep = keep});
  }
  BackupInfo MustBack(size_t keep = 7) {
    absl::StatusOr<BackupInfo> info = Back(keep);
    EXPECT_TRUE(info.ok()) << info.status();
    return info.ok() ? *info : BackupInfo{};
  }
  std::string Refusal() {
    const absl::Status status = Back().status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
    EXPECT_TRUE(storage().Health().ok());
    return std::string(status.message());
  }
  // A fresh directory with what the backup held.
  std::string Restore(std::optional<uint32_t> id = {}) {
    const std::string path = elsewhere_ / ("restored-" + std::to_string(++restores_));
    const absl::StatusOr<BackupInfo> info = RestoreBackup(backups_, id, path);
    EXPECT_TRUE(info.ok()) << info.status();
    return path;
  }
  std::unique_ptr<RocksDbStorage> OpenAt(const std::string& path) {
    absl::StatusOr<std::unique_ptr<RocksDbStorage>> opened = RocksDbStorage::Open(TinyOptions(path), harness_.time);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return opened.ok() ? *std::move(opened) : nullptr;
  }
  // Every key with its record and its payload.
  static std::map<Key, std::pair<Record, std::string>> Contents(RocksDbStorage& storage) {
    std::map<Key, std::pair<Record, std::string>> contents;
    ScanRequest request;
    do {
      absl::StatusOr<ScanPage> page = storage.Scan(request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (auto& [key, record] : page->records) {
        const auto* result = std::get_if<Result>(&record.outcome);
        absl::StatusOr<std::string> payload = result ? storage.LoadPayload(key, record) : std::string();
        EXPECT_TRUE(payload.ok()) << payload.status();
        contents[key] = {record, payload.value_or("")};
      }
      request.cursor = page->next_cursor;
    } while (!request.cursor.empty());
    return contents;
  }

  TemporaryDirectory elsewhere_;
  std::string backups_;
  int restores_ = 0;
};

}  // namespace semel::storage

#endif  // SEMEL_TESTS_STORAGE_BACKUP_FIXTURE_H_
