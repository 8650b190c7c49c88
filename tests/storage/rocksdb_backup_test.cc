// Backups: made while the storage is in use, and refused where they would do harm.

#include <rocksdb/listener.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "absl/synchronization/notification.h"
#include "tests/storage/backup_fixture.h"

namespace semel::storage {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TEST_F(BackupTest, ComesBackWithEverythingThatWasAcknowledged) {
  Begin("open");
  Put("doubtful", InDoubtRecord(++token_, Now()));
  Begin("small");
  Complete("small");
  Begin("large");
  Complete("large", std::string(100'000, 'x'));
  ASSERT_TRUE(storage().Reclaim().ok());
  Begin("large-in-the-log");
  Complete("large-in-the-log", std::string(50'000, 'y'));
  Put("gone", VacantRecord(++token_, Now()));
  const auto before = Contents(storage());
  const ClockMark mark{.high_water = Now()};
  const Time started = SystemTime().Wall();
  const BackupInfo made = MustBack();
  EXPECT_EQ(made.id, 1u);
  EXPECT_EQ(made.backups_kept, 1u);
  EXPECT_GT(made.size_bytes, 0u);
  EXPECT_EQ(made.copied_bytes, made.size_bytes);
  EXPECT_GE(made.create_time, started - std::chrono::seconds(1));
  EXPECT_LE(made.create_time, SystemTime().Wall());
  Begin("after");

  const auto restored = OpenAt(Restore());
  ASSERT_NE(restored, nullptr);
  EXPECT_EQ(Contents(*restored), before);
  EXPECT_GE(restored->clock().Now(), mark.high_water) << "time does not run back";
}

TEST_F(BackupTest, ASecondOneCopiesOnlyWhatIsNew) {
  Begin("a");
  Complete("a", std::string(500'000, 'x'));
  const BackupInfo first = MustBack();
  const BackupInfo second = MustBack();
  EXPECT_EQ(second.id, 2u);
  EXPECT_LT(second.copied_bytes, 50'000u) << "of " << second.size_bytes;
  EXPECT_GT(second.size_bytes, first.size_bytes / 2);
  Begin("b");
  Complete("b");
  MustBack();
  const auto first_again = OpenAt(Restore(1));
  const auto third = OpenAt(Restore(3));
  EXPECT_EQ(Contents(*first_again).size(), 1u);
  EXPECT_EQ(Contents(*third).size(), 2u);
}

TEST_F(BackupTest, KeepsTheNewestSoMany) {
  for (int i = 0; i < 5; ++i) {
    Begin(std::to_string(i));
    EXPECT_EQ(MustBack(2).backups_kept, std::min<size_t>(i + 1, 2));
  }
  const auto list = ListBackups(backups_);
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_EQ(list->size(), 2u);
  EXPECT_EQ(list->front().id, 4u);
  EXPECT_EQ(list->back().id, 5u);
  EXPECT_EQ(list->back().backups_kept, 2u);
  EXPECT_EQ(RestoreBackup(backups_, 3, elsewhere_ / "no").status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(fs::exists(elsewhere_ / "no"));
  EXPECT_EQ(Back(0).status().code(), absl::StatusCode::kInvalidArgument);
}

// Each key that was acknowledged before the call must be in it; what came later may be.
TEST_F(BackupTest, IsMadeWhileWritesGoOn) {
  for (int i = 0; i < 50; ++i) Begin("before-" + std::to_string(i));
  std::atomic<bool> done{false};
  std::thread backing([&] {
    for (int i = 0; i < 3; ++i) MustBack();
    done = true;
  });
  int written = 0;
  while (!done) {
    const std::string name = std::to_string(written++);
    Begin(name);
    Complete(name, std::string(written % 3 == 0 ? 20'000 : 20, 'x'));
    ASSERT_TRUE(storage().Maintain(Now()).ok());
    if (written % 50 == 0) {
      ASSERT_TRUE(storage().Reclaim().ok());
    }
  }
  backing.join();
  const auto all = Contents(storage());
  for (uint32_t id : {1, 2, 3}) {
    const auto restored = OpenAt(Restore(id));
    const auto contents = Contents(*restored);
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(contents.contains({"shop", "before-" + std::to_string(i)})) << i;
    for (const auto& [key, value] : contents) {
      const auto& [record, payload] = value;
      const auto now = all.find(key);
      ASSERT_NE(now, all.end()) << key << " was never asked for";
      if (!IsOpen(record)) {
        EXPECT_EQ(now->second, value) << key;
      }
    }
  }
}

// Stands still in the middle of a backup, which begins with a flush.
class HeldFlush final : public rocksdb::EventListener {
 public:
  void OnFlushBegin(rocksdb::DB* /*db*/, const rocksdb::FlushJobInfo& /*info*/) override {
    std::call_once(first_, [this] { begun_.Notify(); });  // each family has a flush of its own
    may_go_on_.WaitForNotification();
  }
  void AwaitBegin() { begun_.WaitForNotification(); }
  void LetGo() { may_go_on_.Notify(); }

 private:
  std::once_flag first_;
  absl::Notification begun_;
  absl::Notification may_go_on_;
};

// Seen on a busy machine: a backup failed, because the file with RocksDB's options that it was about to copy was gone. To reclaim
// is to write another.
TEST_F(BackupTest, NothingIsReclaimedWhileItIsMade) {
  const auto flush = std::make_shared<HeldFlush>();
  RocksDbOptions options = TinyOptions();
  options.listeners = {flush};
  harness_.Restart(options);
  const auto options_files = [&] {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(harness_.options().path + "/db")) {
      if (const std::string name = entry.path().filename(); name.starts_with("OPTIONS-")) names.insert(name);
    }
    return names;
  };
  Begin("a");
  const std::set<std::string> before = options_files();
  std::thread backing([&] { MustBack(); });
  flush->AwaitBegin();
  EXPECT_TRUE(storage().Maintain(Now()).ok()) << "and nobody waits for the backup";
  EXPECT_EQ(options_files(), before);
  flush->LetGo();
  backing.join();
  EXPECT_TRUE(storage().Maintain(Now()).ok());
  EXPECT_NE(options_files(), before) << "what was put off is made good for";
}

TEST_F(BackupTest, ARestoredDatabaseIsTheSameOneAndGoesOn) {
  Begin("a");
  MustBack();
  const std::string path = Restore();
  {
    const auto restored = OpenAt(path);
    ASSERT_TRUE(restored->CreateBackup({.directory = backups_}).ok()) << "the same backups go on";
  }
  Begin("b");
  ASSERT_TRUE(Back().ok());
  EXPECT_EQ(Contents(*OpenAt(Restore(2))).size(), 1u);
  EXPECT_EQ(Contents(*OpenAt(Restore(3))).size(), 2u) << "histories that parted are kept apart";
}

TEST_F(BackupTest, RefusesADirectoryOfAnotherDatabase) {
  MustBack();
  const auto other = OpenAt(elsewhere_ / "other");
  const absl::Status status = other->CreateBackup({.directory = backups_}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("another database"), HasSubstr(backups_)));
  EXPECT_TRUE(other->Health().ok());
}

TEST_F(BackupTest, RefusesDirectoriesWhereItDoesNotBelong) {
  for (const std::string& inside :
       {harness_.options().path, harness_.options().path + "/backups/", harness_.options().path + "/db/../deep/er"}) {
    backups_ = inside;
    EXPECT_THAT(Refusal(), HasSubstr("one within the other"));
  }
  fs::create_directory_symlink(harness_.options().path, elsewhere_ / "link");
  backups_ = elsewhere_ / "link/backups";
  EXPECT_THAT(Refusal(), HasSubstr("one within the other"));
  backups_ = fs::path(harness_.options().path).parent_path();
  EXPECT_THAT(Refusal(), HasSubstr("one within the other"));
  EXPECT_FALSE(fs::exists(harness_.options().path + "/backups"));

  backups_ = elsewhere_ / "photos";
  fs::create_directory(backups_);
  std::ofstream(backups_ + "/wedding.jpg") << "cheese";
  EXPECT_THAT(Refusal(), AllOf(HasSubstr("wedding.jpg"), HasSubstr("name an empty")));
  backups_ = elsewhere_ / "photos/wedding.jpg";
  EXPECT_THAT(Refusal(), HasSubstr("not a directory"));
  backups_ = "/proc/backups";
  EXPECT_THAT(Refusal(), HasSubstr("/proc/backups"));
  backups_ = "";
  EXPECT_EQ(Back().status().code(), absl::StatusCode::kInvalidArgument);
}

// Whatever fails while writing it: a file, a name, a sync; the first such call or a later one.
TEST_F(BackupTest, AFailedOneLeavesTheOthersAndLatchesNothing) {
  using Operation = FaultyFileSystem::Operation;
  Begin("a");
  MustBack();
  size_t kept = 1;
  int failures = 0;
  for (Operation operation :
       {Operation::kNewFile, Operation::kAppend, Operation::kSync, Operation::kSyncDirectory, Operation::kRename}) {
    SCOPED_TRACE(static_cast<int>(operation));
    Begin("b");
    harness_.disk().FailNextBelow(operation, backups_);
    const absl::StatusOr<BackupInfo> made = Back(1000);
    EXPECT_TRUE(harness_.disk().failed());
    // A backup that is whole may be told of although the last sync of a directory failed: never the other way round.
    if (made.ok()) {
      ++kept;
    } else {
      ++failures;
      EXPECT_EQ(made.status().code(), absl::StatusCode::kUnavailable) << made.status();
      EXPECT_THAT(std::string(made.status().message()), HasSubstr(backups_));
    }
    EXPECT_TRUE(storage().Health().ok());
    Begin("c");
    EXPECT_EQ(Contents(*OpenAt(Restore(1))).size(), 1u);
  }
  EXPECT_EQ(failures, 5);
  EXPECT_GE(ListBackups(backups_)->size(), kept);
  const BackupInfo next = MustBack();
  EXPECT_EQ(Contents(*OpenAt(Restore(next.id))).size(), 3u);
}

TEST_F(BackupTest, AFailedStorageIsNotBackedUp) {
  Begin("a");
  harness_.disk().FailNextSync(".log");
  ASSERT_FALSE(TryPut("b", InProgressRecord(++token_, Now())).ok());
  EXPECT_EQ(Back().status(), storage().Health());
}

TEST_F(BackupTest, SaysWhyABackupDirectoryCannotBeLookedAt) {
  std::ofstream(elsewhere_ / "file") << "x";
  EXPECT_THAT(std::string(ListBackups(elsewhere_ / "file").status().message()), HasSubstr("not a directory"));
  EXPECT_THAT(std::string(ListBackups(elsewhere_ / "file/backups").status().message()), HasSubstr("no such directory"));
  fs::create_directory_symlink("loop", elsewhere_ / "loop");  // refused to root as well, unlike a mode
  EXPECT_THAT(std::string(ListBackups(elsewhere_ / "loop").status().message()), HasSubstr("symbolic links"));
  fs::create_directory(elsewhere_ / "marked");
  fs::create_symlink("SEMEL-BACKUPS", elsewhere_ / "marked/SEMEL-BACKUPS");
  EXPECT_THAT(std::string(ListBackups(elsewhere_ / "marked").status().message()), HasSubstr("symbolic links"));
}

TEST_F(BackupTest, AListSaysWhichOnesAreDamaged) {
  Begin("a");
  MustBack();
  MustBack();
  fs::remove_all(backups_ + "/private/2");
  const auto list = ListBackups(backups_);
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_EQ(list->size(), 2u);
  EXPECT_FALSE(list->front().damaged);
  EXPECT_TRUE(list->back().damaged);
  EXPECT_EQ(RestoreBackup(backups_, 2, elsewhere_ / "no").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Contents(*OpenAt(Restore())).size(), 1u) << "the latest whole one";
  EXPECT_EQ(ListBackups(elsewhere_ / "nothing").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ListBackups(harness_.options().path).status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace semel::storage
