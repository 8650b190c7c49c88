// RocksDbStorage in temporary directories, and crashes that leave what kill -9 leaves.

#ifndef SEMEL_TESTS_STORAGE_ROCKSDB_HARNESS_H_
#define SEMEL_TESTS_STORAGE_ROCKSDB_HARNESS_H_

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "storage/rocksdb/rocksdb_storage.h"
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
    options_.path = directory_ / "0";
    Open();
  }

  RocksDbStorage& storage() override { return *storage_; }

  // A crash: the next storage opens a copy of the files as they are under the hands of this one.
  void Reopen() override {
    const std::string crashed = std::exchange(options_.path, directory_ / std::to_string(++reopened_));
    std::filesystem::copy(crashed, options_.path, std::filesystem::copy_options::recursive);
    storage_.reset();
    std::filesystem::remove_all(crashed);
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

  const RocksDbOptions& options() const { return options_; }

 private:
  void Open() {
    absl::StatusOr<std::unique_ptr<RocksDbStorage>> storage = RocksDbStorage::Open(options_, time);
    if (!storage.ok()) {
      std::cerr << storage.status() << "\n";
      std::abort();
    }
    storage_ = *std::move(storage);
  }

  TemporaryDirectory directory_;
  RocksDbOptions options_;
  int reopened_ = 0;
  std::unique_ptr<RocksDbStorage> storage_;
};

}  // namespace semel::storage

#endif  // SEMEL_TESTS_STORAGE_ROCKSDB_HARNESS_H_
