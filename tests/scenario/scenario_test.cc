// Every transcript of client/scenarios against a real server over gRPC, on each storage, and over Session streams.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "gtest/gtest.h"
#include "storage/memory_storage.h"
#include "storage/rocksdb/rocksdb_storage.h"
#include "tests/scenario/runner.h"
#include "tests/scenario/settings.h"

namespace semel::scenario {
namespace {

namespace fs = std::filesystem;

enum class Kind { kMemory, kRocksDb };

struct Setting {
  const char* name;
  Kind storage;
  Way way = Way::kCalls;
};
constexpr Setting kSettings[] = {
    {"memory", Kind::kMemory}, {"rocksdb", Kind::kRocksDb}, {"session", Kind::kMemory, Way::kSession}};

std::vector<std::string> Files() {
  std::vector<std::string> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(SEMEL_SCENARIOS)) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path().stem().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// A directory of its own, gone with the test.
class Directory {
 public:
  Directory() {
    std::string name = testing::TempDir() + "semel_scenario_XXXXXX";
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~Directory() { fs::remove_all(path_); }
  std::string path() const { return path_; }

 private:
  std::string path_;
};

OpenStorage Opener(Kind kind, const std::string& directory) {
  if (kind == Kind::kMemory) {
    auto disk = std::make_shared<storage::MemoryDisk>();
    return [disk](const storage::TimeSource& time) { return std::make_unique<storage::MemoryStorage>(time, disk); };
  }
  return [directory](const storage::TimeSource& time) {
    return storage::RocksDbStorage::Open({.path = directory + "/data"}, time);
  };
}

class ScenarioTest : public testing::TestWithParam<std::tuple<std::string, Setting>> {};

TEST_P(ScenarioTest, GoesAsItIsWritten) {
  const auto& [name, setting] = GetParam();
  const std::string file = std::string(SEMEL_SCENARIOS) + "/" + name + ".txt";
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  absl::StatusOr<Scenario> scenario = Parse(file, text.str());
  ASSERT_TRUE(scenario.ok()) << scenario.status().message();
  absl::StatusOr<ServiceSettings> settings = SettingsOf(*scenario);
  ASSERT_TRUE(settings.ok()) << file << ": " << settings.status().message();
  Directory directory;
  Service service(*std::move(settings), Opener(setting.storage, directory.path()));
  absl::Status status = Runner(*scenario, service, setting.way).Run();
  EXPECT_TRUE(status.ok()) << status.message();
}

INSTANTIATE_TEST_SUITE_P(Transcript, ScenarioTest,
                         testing::Combine(testing::ValuesIn(Files()), testing::ValuesIn(kSettings)),
                         [](const auto& info) { return std::get<0>(info.param) + "_" + std::get<1>(info.param).name; });

}  // namespace
}  // namespace semel::scenario
