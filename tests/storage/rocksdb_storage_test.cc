// RocksDbStorage against what every storage promises: once with the thresholds of a server, and once with tiny ones.

#include "tests/storage/rocksdb_harness.h"
#include "tests/storage/storage_contract.h"

namespace semel::storage {
namespace {

RocksDbOptions ServerOptions() {
  RocksDbOptions options;
  options.reclaim_slack = Duration::zero();
  return options;
}

INSTANTIATE_TEST_SUITE_P(RocksDb, StorageContract,
                         testing::Values(OpenFresh([] { return std::make_unique<RocksDbHarness>(ServerOptions()); })));
INSTANTIATE_TEST_SUITE_P(RocksDbTiny, StorageContract,
                         testing::Values(OpenFresh([] { return std::make_unique<RocksDbHarness>(); })));

}  // namespace
}  // namespace semel::storage
