// RocksDbStorage against what every storage promises: with the thresholds of a server, with tiny ones, and with power cuts
// instead of kills.

#include <atomic>
#include <thread>
#include <vector>

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
INSTANTIATE_TEST_SUITE_P(RocksDbPowerCuts, StorageContract, testing::Values(OpenFresh([] {
                           auto harness = std::make_unique<RocksDbHarness>();
                           harness->LoseUnsynced(13);
                           return harness;
                         })));

// A scrape comes when it comes.
TEST_F(RocksDbTest, GaugesMayBeReadFromAnyThread) {
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        EXPECT_TRUE(storage().Health().ok());
        EXPECT_LE(storage().Open().keys(), 1u);
        EXPECT_FALSE(storage().Properties().empty());
        EXPECT_GE(Now(), Time{});
      }
    });
  }
  for (int i = 0; i < 300; ++i) {
    Begin("a");
    Complete("a", std::string(i * 40, 'x'));
    ASSERT_TRUE(storage().Maintain(Now()).ok());
    if (i % 100 == 0) {
      EXPECT_TRUE(storage().Reclaim().ok());
    }
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace semel::storage
