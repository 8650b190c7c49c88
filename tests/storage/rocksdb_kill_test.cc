// kill -9 of a process that writes, trims, compacts and backs up all the time, at a random moment, again and again: what it said was
// done is done, the database is sound, and so is every backup that it said was made.
//
// SEMEL_TEST_SEED sets other moments.

#include <gmock/gmock.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include "storage/rocksdb/backup.h"
#include "storage/rocksdb/verify.h"
#include "tests/storage/rocksdb_harness.h"
#include "tests/support/child_process.h"

namespace semel::storage {
namespace {

class KillTest : public testing::Test {
 protected:
  // Lets a process run until it has said enough, and kills it. What it said whole.
  std::vector<std::string> RunAndKill(int round, size_t enough) {
    support::ChildProcess victim(
        {.command = {SEMEL_KILL_VICTIM, data_, backups_, std::to_string(round)}, .stderr_file = directory_ / "stderr"});
    std::vector<std::string> lines;
    while (std::optional<std::string> line = victim.ReadLine()) {
      lines.push_back(*std::move(line));
      if (lines.size() == enough) victim.Signal(SIGKILL);
    }
    const std::optional<support::Ending> ending = victim.AwaitEnd();
    EXPECT_TRUE(ending && ending->signal == SIGKILL)
        << "it ended by itself: " << std::ifstream(directory_ / "stderr").rdbuf();
    return lines;
  }

  static void ExpectSound(const std::string& path) {
    const absl::StatusOr<DatabaseReport> report = Verify(path);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_THAT(report->findings, testing::IsEmpty());
  }
  static std::set<std::string> DoneIn(const std::string& path) {
    std::set<std::string> names;
    const auto opened = RocksDbStorage::Open(TinyOptions(path), SystemTime());
    EXPECT_TRUE(opened.ok()) << opened.status();
    if (!opened.ok()) return names;
    ScanRequest request;
    do {
      const absl::StatusOr<ScanPage> page = (*opened)->Scan(request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const auto& [key, record] : page->records) {
        if (record.state == State::kDone) names.insert(key.name);
      }
      request.cursor = page->next_cursor;
    } while (!request.cursor.empty());
    return names;
  }

  // Of what was done before the last backup that was told of, nothing is missing in the latest one.
  void ExpectBackupHolds(const std::vector<std::string>& done, size_t at_least) {
    const std::string path = directory_ / "restored";
    std::filesystem::remove_all(path);
    const absl::StatusOr<BackupInfo> restored = RestoreBackup(backups_, {}, path);
    ASSERT_TRUE(restored.ok()) << restored.status();
    ExpectSound(path);
    const std::set<std::string> there = DoneIn(path);
    for (size_t i = 0; i < at_least; ++i) EXPECT_TRUE(there.contains(done[i])) << done[i];
  }

  TemporaryDirectory directory_;
  const std::string data_ = directory_ / "data";
  const std::string backups_ = directory_ / "backups";
};

TEST_F(KillTest, WhileItWritesTrimsCompactsAndBacksUp) {
  Generator generator;
  std::vector<std::string> done;
  size_t in_backup = 0;  // so many of them are in a backup that was told of
  int backups = 0;
  for (int round = 0; round < 12; ++round) {
    SCOPED_TRACE(round);
    const size_t before = done.size();
    // The first one long enough for a backup to be told of; any moment after that.
    for (const std::string& line : RunAndKill(round, (round == 0 ? 200 : 1) + generator.Below(120))) {
      std::istringstream words(line);
      std::string what;
      std::string which;
      size_t count = 0;
      words >> what >> which >> count;
      if (what == "done") done.push_back(which);
      if (what != "backup") continue;
      in_backup = before + count;
      ++backups;
    }
    ExpectSound(data_);
    if (backups > 0) ExpectBackupHolds(done, in_backup);
    const std::set<std::string> there = DoneIn(data_);
    for (const std::string& name : done) ASSERT_TRUE(there.contains(name)) << name;
  }
  EXPECT_GT(backups, 0);
  std::printf("12 kills, %zu acknowledged, %d backups\n", done.size(), backups);
}

}  // namespace
}  // namespace semel::storage
