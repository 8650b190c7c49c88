#include "tests/storage/storage_contract.h"

#include "storage/memory_storage.h"

namespace semel::storage {
namespace {

class MemoryHarness final : public StorageHarness {
 public:
  MemoryHarness() { Reopen(); }

  Storage& storage() override { return *storage_; }
  void Reopen() override { storage_ = std::make_unique<MemoryStorage>(time, disk_); }
  void Compact() override { ASSERT_TRUE(storage_->Maintain(storage_->clock().Now()).ok()); }

 private:
  std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
  std::unique_ptr<MemoryStorage> storage_;
};

INSTANTIATE_TEST_SUITE_P(Memory, StorageContract,
                         testing::Values(OpenFresh([] { return std::make_unique<MemoryHarness>(); })));

}  // namespace
}  // namespace semel::storage
