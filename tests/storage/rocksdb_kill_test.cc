// kill -9 of a process that writes, trims, compacts and backs up all the time, at a random moment, again and again: what it said was
// done is done, the database is sound, and so is every backup that it said was made.
//
// SEMEL_TEST_SEED sets other moments.

#include <gmock/gmock.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <set>
#include <sstream>
#include <thread>

#include "storage/rocksdb/backup.h"
#include "storage/rocksdb/verify.h"
#include "tests/storage/rocksdb_harness.h"

namespace semel::storage {
namespace {

// What the process does until it is killed. Says on `out`: "done NAME" for what is acknowledged, and "backup ID COUNT" for a backup
// that holds at least the first COUNT of them.
class Victim {
 public:
  Victim(const std::string& data, std::string backups, int round, int out)
      : backups_(std::move(backups)), round_(round), out_(out) {
    RocksDbOptions options = TinyOptions(data);
    options.trim_min_entries = 64;
    auto opened = RocksDbStorage::Open(options, SystemTime());
    if (!opened.ok()) {
      std::cerr << opened.status() << "\n";
      _exit(1);
    }
    storage_ = *std::move(opened);
  }

  [[noreturn]] void Run() {
    std::thread([this] { Compact(); }).detach();
    std::thread([this] { BackUp(); }).detach();
    for (;;) {
      const std::string name = std::to_string(round_) + "-" + std::to_string(done_);
      Commit(name, InProgressRecord(Micros(Now()), Now()));
      Commit(name, DoneRecord(Micros(Now()), Now(), std::string(done_ % 5 == 0 ? 6000 : 50, 'x')));
      Must(storage_->Maintain(Now()));
      Say("done " + name + "\n");
      ++done_;
    }
  }

 private:
  Time Now() const { return storage_->clock().Now(); }
  static void Must(const absl::Status& status) {
    if (status.ok()) return;
    std::cerr << status << "\n";
    _exit(1);
  }
  void Say(const std::string& line) const {
    if (write(out_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) _exit(1);
  }
  void Commit(const std::string& name, const Record& record) {
    const Key key{"shop", name};
    const Key* keys[] = {&key};
    std::vector<std::optional<Record>> records;
    Must(storage_->Load(keys, records));
    const Mutation mutation{key, records[0] ? records[0]->version : 0, record};
    Must(storage_->Commit({&mutation, 1}, Now()).status());
  }
  [[noreturn]] void Compact() const {
    for (;;) Must(storage_->Reclaim());
  }
  [[noreturn]] void BackUp() const {
    for (;;) {
      const int before = done_;
      const absl::StatusOr<BackupInfo> made = storage_->CreateBackup({.directory = backups_, .keep = 3});
      Must(made.status());
      Say("backup " + std::to_string(made->id) + " " + std::to_string(before) + "\n");
    }
  }

  const std::string backups_;
  const int round_;
  const int out_;
  std::atomic<int> done_{0};
  std::unique_ptr<RocksDbStorage> storage_;
};

class KillTest : public testing::Test {
 protected:
  // Lets a process run until it has said enough, and kills it. What it said whole.
  std::vector<std::string> RunAndKill(int round, size_t enough) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      close(ends[0]);
      Victim(data_, backups_, round, ends[1]).Run();
    }
    close(ends[1]);
    std::string said;
    char chunk[4096];
    bool killed = false;
    for (ssize_t got = 0; (got = read(ends[0], chunk, sizeof(chunk))) > 0;) {
      said.append(chunk, static_cast<size_t>(got));
      if (killed || static_cast<size_t>(std::count(said.begin(), said.end(), '\n')) < enough) continue;
      killed = kill(child, SIGKILL) == 0;
    }
    close(ends[0]);
    int outcome = 0;
    EXPECT_EQ(waitpid(child, &outcome, 0), child);
    EXPECT_TRUE(WIFSIGNALED(outcome)) << "it ended by itself";
    std::vector<std::string> lines;
    std::istringstream text(said.substr(0, said.rfind('\n') + 1));
    for (std::string line; std::getline(text, line);) lines.push_back(line);
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
