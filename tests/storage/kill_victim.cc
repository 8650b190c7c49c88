// The process that rocksdb_kill_test kills: writes, trims, compacts and backs up until then. A program of its own, because a process
// with threads cannot be forked into another one with threads.
//
//   kill_victim DATA BACKUPS ROUND
//   done NAME         what is acknowledged
//   backup ID COUNT   a backup that holds at least the first COUNT of them

#include <unistd.h>

#include <atomic>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "tests/storage/rocksdb_harness.h"

namespace semel::storage {
namespace {

class Victim {
 public:
  Victim(const std::string& data, std::string backups, std::string round)
      : backups_(std::move(backups)), round_(std::move(round)) {
    RocksDbOptions options = TinyOptions(data);
    options.trim_min_entries = 64;
    auto opened = RocksDbStorage::Open(options, SystemTime());
    if (!opened.ok()) {
      std::cerr << opened.status() << "\n";
      _exit(1);
    }
    storage_ = *std::move(opened);
  }

  [[noreturn]] void Run() {
    std::thread([this] { Compact(); }).detach();
    std::thread([this] { BackUp(); }).detach();
    for (;;) {
      const std::string name = round_ + "-" + std::to_string(done_);
      Commit(name, InProgressRecord(Micros(Now()), Now()));
      Commit(name, DoneRecord(Micros(Now()), Now(), std::string(done_ % 5 == 0 ? 6000 : 50, 'x')));
      Must(storage_->Maintain(Now()));
      Say("done " + name + "\n");
      ++done_;
    }
  }

 private:
  Time Now() const { return storage_->clock().Now(); }
  static void Must(const absl::Status& status) {
    if (status.ok()) return;
    std::cerr << status << "\n";
    _exit(1);
  }
  static void Say(const std::string& line) {
    if (write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) _exit(1);
  }
  void Commit(const std::string& name, const Record& record) {
    const Key key{"shop", name};
    const Key* keys[] = {&key};
    std::vector<std::optional<Record>> records;
    Must(storage_->Load(keys, records));
    const Mutation mutation{key, records[0] ? records[0]->version : 0, record};
    Must(storage_->Commit({&mutation, 1}, Now()).status());
  }
  [[noreturn]] void Compact() const {
    for (;;) Must(storage_->Reclaim());
  }
  [[noreturn]] void BackUp() const {
    for (;;) {
      const int before = done_;
      const absl::StatusOr<BackupInfo> made = storage_->CreateBackup({.directory = backups_, .keep = 3});
      Must(made.status());
      Say("backup " + std::to_string(made->id) + " " + std::to_string(before) + "\n");
    }
  }

  const std::string backups_;
  const std::string round_;
  std::atomic<int> done_{0};
  std::unique_ptr<RocksDbStorage> storage_;
};

}  // namespace
}  // namespace semel::storage

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  semel::storage::Victim(argv[1], argv[2], argv[3]).Run();
}
