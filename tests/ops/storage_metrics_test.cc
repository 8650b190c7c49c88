// What the real storage tells about itself is explained to those who read it.

#include "server/ops/storage_metrics.h"

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/rocksdb/rocksdb_storage.h"

namespace semel::ops {
namespace {

using testing::StartsWith;

std::vector<prometheus::MetricFamily> Told(const std::vector<storage::Property>& properties) {
  MetricFamilies out;
  AddStorage(properties, out);
  return std::move(out).Take();
}

TEST(StorageMetrics, EveryFigureOfRocksDbHasItsOwnHelp) {
  std::string pattern = testing::TempDir() + "semel-storage-metrics-XXXXXX";
  const std::filesystem::path directory = mkdtemp(pattern.data());
  {
    auto storage = storage::RocksDbStorage::Open({.path = directory.string()}, storage::SystemTime());
    ASSERT_TRUE(storage.ok()) << storage.status().message();
    std::set<std::string> names;
    for (const prometheus::MetricFamily& family : Told((*storage)->Properties())) {
      EXPECT_TRUE(names.insert(family.name).second) << family.name << " is there twice";
      EXPECT_THAT(family.help, testing::Not(StartsWith("A figure of the storage"))) << family.name;
    }
    EXPECT_GE(names.size(), 10u);
  }
  std::filesystem::remove_all(directory);
}

TEST(StorageMetrics, UnknownFiguresAreToldUnderTheirOwnWords) {
  const std::vector<prometheus::MetricFamily> told = Told({{"disk_free_bytes", 7, false}, {"repairs", 2, true}});
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].name, "semel_disk_free_bytes");
  EXPECT_EQ(told[0].help, "A figure of the storage: disk free bytes.");
  EXPECT_EQ(told[0].type, prometheus::MetricType::Gauge);
  EXPECT_EQ(told[0].metric[0].gauge.value, 7);
  EXPECT_EQ(told[1].name, "semel_repairs_total");
  EXPECT_EQ(told[1].type, prometheus::MetricType::Counter);
  EXPECT_EQ(told[1].metric[0].counter.value, 2);
}

}  // namespace
}  // namespace semel::ops
