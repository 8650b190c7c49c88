#include "tests/simulation/rocksdb_machine.h"

#include <chrono>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "tests/simulation/memory_machine.h"

namespace semel::simulation {

using namespace std::chrono_literals;

namespace {

// In memory where there is such a place: the simulation itself drops what was not synced, so nothing hangs on a disk.
std::filesystem::path Parent() {
  const std::filesystem::path memory = "/dev/shm";
  std::error_code ignored;
  return std::filesystem::is_directory(memory, ignored) ? memory : std::filesystem::temp_directory_path();
}

}  // namespace

RocksDbMachine::RocksDbMachine(uint64_t seed) : chance_(seed), directory_(Parent()) {
  options_.path = directory_ / "data";
  options_.block_cache_bytes = 1 << 20;
  options_.memtable_bytes = chance_.Among<size_t>({64 << 10, 1 << 20});
  options_.inline_payload_bytes = MemoryMachine::kInlinePayloadBytes;
  options_.reclaim_interval = 8s;
  options_.reclaim_slack = 1500ms;  // longer than a clock mark may lag behind: Clock::kStep
  options_.trim_min_entries = chance_.Among<size_t>({4, 64, 1000});
  options_.trim_min_bytes = chance_.Among<size_t>({200, 100'000});
  options_.trim_batch_entries = chance_.Among<size_t>({1, 3, 256});
  options_.trim_interval = chance_.Among<storage::Duration>({0s, 10s, 1h});
  options_.log = [](const std::string&) {};  // of the faults that are made on purpose
}

absl::StatusOr<storage::Storage*> RocksDbMachine::Start() {
  disk_ = std::make_shared<storage::FaultyFileSystem>();
  env_ = rocksdb::NewCompositeEnv(disk_);
  options_.env = env_.get();
  absl::StatusOr<std::unique_ptr<storage::RocksDbStorage>> storage = storage::RocksDbStorage::Open(options_, time);
  if (!storage.ok()) return storage.status();
  storage_ = *std::move(storage);
  return storage_.get();
}

void RocksDbMachine::Stop() {
  storage_->Close().IgnoreError();  // what it failed to store is found missing by the next process
  storage_.reset();
}

void RocksDbMachine::Kill() {
  disk_->Freeze();
  storage_.reset();
  if (chance_.OneIn(2)) disk_->LoseUnsynced(chance_.Among<uint64_t>({0, 1, 50, 1000}));
}

bool RocksDbMachine::FailNextCommit(bool written) {
  constexpr const char* kLog = ".log";
  written ? disk_->FailNextSync(kLog) : disk_->FailNextAppend(kLog);
  return true;
}

// Maintain flushes by itself, in the background; this compacts everything down, and strips and drops what may go.
absl::Status RocksDbMachine::Stir(Chance& chance) { return chance.OneIn(2) ? storage_->Reclaim() : absl::OkStatus(); }

}  // namespace semel::simulation
