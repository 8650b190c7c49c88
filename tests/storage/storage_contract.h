// What storage.h promises, as tests that every implementation must pass:
//
//   class RocksDbHarness final : public StorageHarness { ... };
//   INSTANTIATE_TEST_SUITE_P(RocksDb, StorageContract, testing::Values(OpenFresh([] {
//     return std::make_unique<RocksDbHarness>();
//   })));
//
// Link semel_storage_contract, which holds the tests themselves.

#ifndef SEMEL_TESTS_STORAGE_STORAGE_CONTRACT_H_
#define SEMEL_TESTS_STORAGE_STORAGE_CONTRACT_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "storage/storage.h"

namespace semel::storage {

// One storage, empty when the harness is made, and the world around it.
class StorageHarness {
 public:
  virtual ~StorageHarness() = default;

  virtual Storage& storage() = 0;
  // What a restart of the process does: all that was not on disk is lost.
  virtual void Reopen() = 0;
  // Brings about at once the reclaiming that otherwise comes with time: Maintain and a full compaction.
  virtual void Compact() = 0;

  ManualTime time;  // what storage() was opened with
};

using OpenFresh = std::function<std::unique_ptr<StorageHarness>()>;

class StorageContract : public testing::TestWithParam<OpenFresh> {
 public:
  StorageContract() : harness_(GetParam()()) {}

  Storage& storage() { return harness_->storage(); }
  ManualTime& time() { return harness_->time; }
  Time Now() { return storage().clock().Now(); }
  void Reopen() { harness_->Reopen(); }
  void Compact() { harness_->Compact(); }

  // As the engine draws them: microseconds, greater than all before. A key's tokens never fall.
  int64_t NextToken() { return last_token_ = std::max(last_token_ + 1, Micros(Now())); }

  std::optional<Record> Load(const Key& key);
  // With a payload that was kept apart put back in its place, and without the version.
  std::optional<Record> LoadWhole(const Key& key);
  uint64_t VersionOf(const Key& key);

  // On top of whatever is stored. Expects success and returns the version.
  uint64_t Put(const Key& key, Record record);
  absl::Status TryCommit(const std::vector<Mutation>& mutations);

  // All pages, each checked against the limit.
  std::vector<std::pair<Key, Record>> ScanAll(ScanRequest request);
  std::vector<std::string> ScanNames(ScanRequest request);

 private:
  std::unique_ptr<StorageHarness> harness_;
  int64_t last_token_ = 0;
};

std::ostream& operator<<(std::ostream& out, const Key& key);
std::ostream& operator<<(std::ostream& out, const Record& record);

}  // namespace semel::storage

#endif  // SEMEL_TESTS_STORAGE_STORAGE_CONTRACT_H_
