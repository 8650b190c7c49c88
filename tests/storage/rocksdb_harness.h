// RocksDbStorage in temporary directories, and crashes that leave what kill -9 leaves.

#ifndef SEMEL_TESTS_STORAGE_ROCKSDB_HARNESS_H_
#define SEMEL_TESTS_STORAGE_ROCKSDB_HARNESS_H_

#include <gtest/gtest.h>
#include <rocksdb/env.h>
#include <rocksdb/system_clock.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/rocksdb/rocksdb_storage.h"
#include "tests/storage/faulty_file_system.h"
#include "tests/storage/sample_records.h"
#include "tests/storage/storage_contract.h"

namespace semel::storage {

// Where syncing costs nothing, for tests whose disk loses what was not synced anyway.
inline std::filesystem::path MemoryDisk() {
  std::error_code error;
  return std::filesystem::is_directory("/dev/shm", error) ? "/dev/shm" : std::filesystem::temp_directory_path();
}

// A fresh directory, removed at the end.
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(const std::filesystem::path& parent = std::filesystem::temp_directory_path()) {
    std::string path = (parent / "semel-storage-XXXXXX").string();
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

// RocksDB's wall clock is the test's, so that files grow old when the test says so. It does not wait the second that it would
// give a failed disk before the next try.
class TestEnv final : public rocksdb::EnvWrapper {
 public:
  TestEnv(std::shared_ptr<rocksdb::FileSystem> disk, const TimeSource& time) : EnvWrapper(rocksdb::Env::Default()) {
    file_system_ = std::move(disk);
    system_clock_ = std::make_shared<TestClock>(time);
  }

 private:
  class TestClock final : public rocksdb::SystemClockWrapper {
   public:
    explicit TestClock(const TimeSource& time) : SystemClockWrapper(rocksdb::SystemClock::Default()), time_(time) {}
    rocksdb::Status GetCurrentTime(int64_t* seconds) override {
      *seconds = Micros(time_.Wall()) / 1'000'000;
      return rocksdb::Status::OK();
    }
    void SleepForMicroseconds(int micros) override { SystemClockWrapper::SleepForMicroseconds(std::min(micros, 1000)); }
    const char* Name() const override { return "TestClock"; }

   private:
    const TimeSource& time_;
  };
};

class RocksDbHarness final : public StorageHarness {
 public:
  explicit RocksDbHarness(RocksDbOptions options = TinyOptions()) : options_(std::move(options)) {
    options_.path = directory_ / "data";
    Open();
  }

  RocksDbStorage& storage() override { return *storage_; }
  FaultyFileSystem& disk() { return *disk_; }
  const RocksDbOptions& options() const { return options_; }
  // The file below db/ with this extension that holds most.
  std::string LargestFile(const std::string& extension) const {
    std::string largest;
    for (const auto& entry : std::filesystem::directory_iterator(options_.path + "/db")) {
      if (entry.path().extension() != extension) continue;
      if (largest.empty() || entry.file_size() > std::filesystem::file_size(largest)) largest = entry.path();
    }
    return largest;
  }
  void set_log(std::function<void(std::string)> log) { options_.log = std::move(log); }  // from the next opening on

  // kill -9: what the process would still have written never reaches the files. Or a power cut, if LoseUnsynced was called.
  void Reopen() override {
    Die();
    if (got_through_) disk_->LoseUnsynced(*got_through_);
    Open();
  }
  void ReopenTorn(bool odd) {
    Die();
    disk_->TearUnsynced(odd);
    Open();
  }
  // From now on every Reopen is after a power cut: of what was not synced, so many bytes a file got through.
  void LoseUnsynced(uint64_t bytes_that_got_through) { got_through_ = bytes_that_got_through; }
  void CloseAndReopen() {
    Shut();
    Open();
  }
  // Orderly, then with other options on the same directory.
  void Restart(RocksDbOptions options) {
    options.path = options_.path;
    options_ = std::move(options);
    CloseAndReopen();
  }
  void Shut() { storage_.reset(); }
  // kill -9, and nobody starts it again.
  void Die() {
    disk_->Freeze();
    storage_.reset();
  }
  void Compact() override {
    ASSERT_TRUE(storage_->Maintain(storage_->clock().Now()).ok());
    const absl::Status status = storage_->Reclaim();
    ASSERT_TRUE(status.ok()) << status;
  }

 private:
  void Open() {
    disk_ = std::make_shared<FaultyFileSystem>();
    env_ = std::make_unique<TestEnv>(disk_, time);
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
  std::optional<uint64_t> got_through_;
  std::shared_ptr<FaultyFileSystem> disk_;
  std::unique_ptr<TestEnv> env_;
  std::unique_ptr<RocksDbStorage> storage_;
};

// Keys of namespace "shop", by name.
class RocksDbTest : public testing::Test {
 protected:
  RocksDbStorage& storage() { return harness_.storage(); }
  Time Now() { return storage().clock().Now(); }

  std::optional<Record> Load(const std::string& name) {
    const Key key{"shop", name};
    const Key* keys[] = {&key};
    std::vector<std::optional<Record>> records;
    const absl::Status status = storage().Load(keys, records);
    EXPECT_TRUE(status.ok()) << status;
    return status.ok() ? records.at(0) : std::nullopt;
  }
  absl::Status TryPut(const std::string& name, const Record& record) {
    const std::optional<Record> before = Load(name);
    const Mutation mutation{{"shop", name}, before ? before->version : 0, record};
    return storage().Commit({&mutation, 1}, Now()).status();
  }
  void Put(const std::string& name, const Record& record) {
    const absl::Status status = TryPut(name, record);
    ASSERT_TRUE(status.ok()) << status;
  }
  // One attempt after the other, on whatever key.
  void Begin(const std::string& name) { Put(name, InProgressRecord(++token_, Now())); }
  void Complete(const std::string& name, std::string payload = "receipt 12") {
    Put(name, DoneRecord(token_, Now(), std::move(payload)));
  }

  std::vector<std::pair<Key, Record>> Scan(ScanRequest request) {
    std::vector<std::pair<Key, Record>> all;
    do {
      absl::StatusOr<ScanPage> page = storage().Scan(request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      all.insert(all.end(), page->records.begin(), page->records.end());
      request.cursor = page->next_cursor;
    } while (!request.cursor.empty());
    return all;
  }
  std::vector<std::string> OpenNames() {
    std::vector<std::string> names;
    for (const auto& [key, record] : Scan({.open_only = true})) names.push_back(key.name);
    return names;
  }
  double Property(const std::string& name) {
    for (const storage::Property& property : storage().Properties()) {
      if (property.name == name) return property.value;
    }
    ADD_FAILURE() << "no property " << name;
    return 0;
  }

  RocksDbHarness harness_;
  int64_t token_ = 0;
};

}  // namespace semel::storage

#endif  // SEMEL_TESTS_STORAGE_ROCKSDB_HARNESS_H_
