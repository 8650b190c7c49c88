// A machine whose disk is a directory with a RocksDbStorage, with thresholds so small that everything happens all the time:
// flushes, compactions that reclaim, and cuts of the journal.

#ifndef SEMEL_TESTS_SIMULATION_ROCKSDB_MACHINE_H_
#define SEMEL_TESTS_SIMULATION_ROCKSDB_MACHINE_H_

#include <rocksdb/env.h>

#include <memory>

#include "storage/rocksdb/rocksdb_storage.h"
#include "tests/simulation/machine.h"
#include "tests/storage/faulty_file_system.h"
#include "tests/support/temporary_directory.h"

namespace semel::simulation {

class RocksDbMachine final : public Machine {
 public:
  // `seed` decides on thresholds, and on what a crash leaves of that which was written but not synced.
  explicit RocksDbMachine(uint64_t seed);

  absl::StatusOr<storage::Storage*> Start() override;
  void Stop() override;
  void Kill() override;  // as kill -9 would, or a power cut
  void Remember() override { disk_->Freeze(); }
  void KillAsRemembered() override { Kill(); }
  bool FailNextCommit(bool written) override;
  absl::Status Stir(Chance& chance) override;

 private:
  Chance chance_;
  support::TemporaryDirectory directory_;
  storage::RocksDbOptions options_;
  std::shared_ptr<storage::FaultyFileSystem> disk_;
  std::unique_ptr<rocksdb::Env> env_;
  std::unique_ptr<storage::RocksDbStorage> storage_;
};

}  // namespace semel::simulation

#endif  // SEMEL_TESTS_SIMULATION_ROCKSDB_MACHINE_H_
