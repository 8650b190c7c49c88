// A machine whose disk is memory.

#ifndef SEMEL_TESTS_SIMULATION_MEMORY_MACHINE_H_
#define SEMEL_TESTS_SIMULATION_MEMORY_MACHINE_H_

#include <memory>

#include "storage/memory_storage.h"
#include "tests/simulation/machine.h"

namespace semel::simulation {

class MemoryMachine final : public Machine {
 public:
  static constexpr size_t kInlinePayloadBytes = 100;

  absl::StatusOr<storage::Storage*> Start() override {
    storage_ = std::make_unique<storage::MemoryStorage>(time, disk_, kInlinePayloadBytes);
    if (absl::Status status = storage_->Health(); !status.ok()) return status;
    return storage_.get();
  }
  void Stop() override { storage_.reset(); }
  void Kill() override { storage_.reset(); }

  void Remember() override { remembered_ = *disk_; }
  void KillAsRemembered() override {
    storage_.reset();
    *disk_ = remembered_;
  }

  bool FailNextCommit(bool written) override {
    storage_->FailNextCommit(written ? storage::CommitFault::kEverythingWritten
                                     : storage::CommitFault::kNothingWritten);
    return true;
  }

  absl::Status Stir(Chance&) override { return absl::OkStatus(); }  // it does nothing by itself

 private:
  std::shared_ptr<storage::MemoryDisk> disk_ = std::make_shared<storage::MemoryDisk>();
  storage::MemoryDisk remembered_;
  std::unique_ptr<storage::MemoryStorage> storage_;
};

}  // namespace semel::simulation

#endif  // SEMEL_TESTS_SIMULATION_MEMORY_MACHINE_H_
