// RocksDbStorage in temporary directories, and crashes that leave what kill -9 leaves.

#ifndef SEMEL_TESTS_STORAGE_ROCKSDB_HARNESS_H_
#define SEMEL_TESTS_STORAGE_ROCKSDB_HARNESS_H_

#include <gtest/gtest.h>
#include <rocksdb/env.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "storage/rocksdb/rocksdb_storage.h"
#include "tests/storage/faulty_file_system.h"
#include "tests/storage/storage_contract.h"

namespace semel::storage {

// A fresh directory, removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string path = (std::filesystem::temp_directory_path() / "semel-storage-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) std::abort();
    path_ = path;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// Thresholds so small that a handful of writes reaches them.
inline RocksDbOptions TinyOptions(std::string path = "") {
  RocksDbOptions options;
  options.path = std::move(path);
  options.block_cache_bytes = 1 << 20;
  options.memtable_bytes = 1 << 20;
  options.reclaim_slack = Duration::zero();
  options.trim_min_entries = 8;
  options.trim_batch_entries = 3;
  options.trim_interval = Duration::zero();
  options.log = [](const std::string& message) { std::cerr << message << "\n"; };
  return options;
}

class RocksDbHarness final : public StorageHarness {
 public:
  explicit RocksDbHarness(RocksDbOptions options = TinyOptions()) : options_(std::move(options)) {
    options_.path = directory_ / "data";
    Open();
  }

  RocksDbStorage& storage() override { return *storage_; }
  FaultyFileSystem& disk() { return *disk_; }
  const RocksDbOptions& options() const { return options_; }
  void set_log(std::function<void(std::string)> log) { options_.log = std::move(log); }  // from the next opening on

  // kill -9: what the process would still have written never reaches the files.
  void Reopen() override {
    disk_->Freeze();
    storage_.reset();
    Open();
  }
  // A power cut: of what was not synced, so many bytes a file got through.
  void ReopenAfterPowerCut(uint64_t bytes_that_got_through) {
    disk_->Freeze();
    storage_.reset();
    disk_->LoseUnsynced(bytes_that_got_through);
    Open();
  }
  void CloseAndReopen() {
    storage_.reset();
    Open();
  }
  void Compact() override {
    ASSERT_TRUE(storage_->Maintain(storage_->clock().Now()).ok());
    const absl::Status status = storage_->Reclaim();
    ASSERT_TRUE(status.ok()) << status;
  }

 private:
  void Open() {
    disk_ = std::make_shared<FaultyFileSystem>();
    env_ = rocksdb::NewCompositeEnv(disk_);
    options_.env = env_.get();
    absl::StatusOr<std::unique_ptr<RocksDbStorage>> storage = RocksDbStorage::Open(options_, time);
    if (!storage.ok()) {
      std::cerr << storage.status() << "\n";
      std::abort();
    }
    storage_ = *std::move(storage);
  }

  TemporaryDirectory directory_;
  RocksDbOptions options_;
  std::shared_ptr<FaultyFileSystem> disk_;
  std::unique_ptr<rocksdb::Env> env_;
  std::unique_ptr<RocksDbStorage> storage_;
};

}  // namespace semel::storage

#endif  // SEMEL_TESTS_STORAGE_ROCKSDB_HARNESS_H_
