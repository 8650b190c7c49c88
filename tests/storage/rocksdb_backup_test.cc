// Backups: made while the storage is in use, put back into an empty directory, and refused where they would do harm.

#include "storage/rocksdb/backup.h"

#include <gmock/gmock.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "tests/storage/rocksdb_harness.h"

namespace semel::storage {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using testing::HasSubstr;

class BackupTest : public RocksDbTest {
 protected:
  BackupTest() : backups_(elsewhere_ / "backups") {}

  absl::StatusOr<BackupInfo> Back(size_t keep = 7) {
    return storage().CreateBackup({.directory = backups_, .keep = keep});
  }
  BackupInfo MustBack(size_t keep = 7) {
    absl::StatusOr<BackupInfo> info = Back(keep);
    EXPECT_TRUE(info.ok()) << info.status();
    return info.ok() ? *info : BackupInfo{};
  }
  std::string Refusal() {
    const absl::Status status = Back().status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
    EXPECT_TRUE(storage().Health().ok());
    return std::string(status.message());
  }
  // A fresh directory with what the backup held.
  std::string Restore(std::optional<uint32_t> id = {}) {
    const std::string path = elsewhere_ / ("restored-" + std::to_string(++restores_));
    const absl::StatusOr<BackupInfo> info = RestoreBackup(backups_, id, path);
    EXPECT_TRUE(info.ok()) << info.status();
    return path;
  }
  std::unique_ptr<RocksDbStorage> OpenAt(const std::string& path) {
    absl::StatusOr<std::unique_ptr<RocksDbStorage>> opened = RocksDbStorage::Open(TinyOptions(path), harness_.time);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return opened.ok() ? *std::move(opened) : nullptr;
  }
  // Every key with its record and its payload.
  static std::map<Key, std::pair<Record, std::string>> Contents(RocksDbStorage& storage) {
    std::map<Key, std::pair<Record, std::string>> contents;
    ScanRequest request;
    do {
      absl::StatusOr<ScanPage> page = storage.Scan(request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (auto& [key, record] : page->records) {
        const auto* result = std::get_if<Result>(&record.outcome);
        absl::StatusOr<std::string> payload = result ? storage.LoadPayload(key, record) : std::string();
        EXPECT_TRUE(payload.ok()) << payload.status();
        contents[key] = {record, payload.value_or("")};
      }
      request.cursor = page->next_cursor;
    } while (!request.cursor.empty());
    return contents;
  }

  TemporaryDirectory elsewhere_;
  std::string backups_;
  int restores_ = 0;
};

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

// ---- Restoring -----------------------------------------------------------------------------------------------------

TEST_F(BackupTest, ARestoreOverwritesNothing) {
  Begin("a");
  MustBack();
  const std::string path = Restore();
  absl::Status status = RestoreBackup(backups_, {}, path).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("overwrites nothing"));
  status = RestoreBackup(backups_, {}, harness_.options().path).status();  // the one in use
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);

  const std::string photos = elsewhere_ / "photos";
  fs::create_directory(photos);
  std::ofstream(photos + "/wedding.jpg") << "cheese";
  EXPECT_THAT(std::string(RestoreBackup(backups_, {}, photos).status().message()), HasSubstr("wedding.jpg"));
  EXPECT_FALSE(fs::exists(photos + "/LOCK"));
  fs::remove(photos + "/wedding.jpg");
  fs::create_directory(photos + "/lost+found");
  EXPECT_TRUE(RestoreBackup(backups_, {}, photos).ok()) << "a volume's own root";
  EXPECT_NE(OpenAt(photos), nullptr);
}

TEST_F(BackupTest, ARestoreThatWasKilledIsNeverOpened) {
  Begin("a");
  MustBack();
  const std::string whole = Restore();
  // As it stands before each of its last steps.
  const std::string path = elsewhere_ / "killed";
  const auto expect_never_opened = [&] {
    const absl::Status opened = RocksDbStorage::Open(TinyOptions(path), harness_.time).status();
    EXPECT_EQ(opened.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(opened.message()), AllOf(HasSubstr("restore"), HasSubstr("empty the directory")));
  };
  const auto expect_refused = [&] {
    expect_never_opened();
    EXPECT_THAT(std::string(RestoreBackup(backups_, {}, path).status().message()), HasSubstr("empty the directory"));
  };
  fs::create_directories(path + "/RESTORING");
  expect_never_opened();
  fs::copy(whole + "/db", path + "/RESTORING/db", fs::copy_options::recursive);
  expect_refused();
  fs::rename(path + "/RESTORING/db", path + "/db");
  expect_refused();
  fs::copy(whole + "/FORMAT", path + "/RESTORING/FORMAT");
  expect_refused();
  fs::rename(path + "/RESTORING/FORMAT", path + "/FORMAT");
  EXPECT_NE(OpenAt(path), nullptr) << "the last step is the one that counts";
}

TEST_F(BackupTest, ABackupOfANewerFormatIsRefused) {
  Begin("a");
  MustBack();
  const std::string meta = backups_ + "/meta/1";
  std::ifstream in(meta, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  const std::string line =
      "73656D656C2073746F7261676520666F726D617420";  // "semel storage format ", as the engine keeps it
  const size_t at = text.find(line);
  ASSERT_NE(at, std::string::npos) << text;
  text.replace(at + line.size(), 2, "32");
  std::ofstream(meta, std::ios::binary) << text;
  const absl::Status status = RestoreBackup(backups_, {}, elsewhere_ / "newer").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("format 2"), HasSubstr("run the release")));
  EXPECT_FALSE(fs::exists(elsewhere_ / "newer"));
}

TEST_F(BackupTest, ADamagedBackupIsNeverRestored) {
  Begin("a");
  Complete("a", std::string(10'000, 'x'));
  MustBack();
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(backups_)) {
    if (!entry.is_regular_file() || entry.file_size() == 0 || entry.path().filename() == "SEMEL-BACKUPS") continue;
    SCOPED_TRACE(entry.path());
    ++files;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    const auto at = static_cast<std::streamoff>(entry.file_size() / 2);
    file.seekg(at);
    const char byte = static_cast<char>(file.peek());
    file.seekp(at);
    file.put(static_cast<char>(byte ^ 1)).flush();
    const std::string path = elsewhere_ / "damaged";
    const absl::Status status = RestoreBackup(backups_, {}, path).status();
    EXPECT_FALSE(status.ok());
    EXPECT_FALSE(fs::exists(path + "/db"));
    file.seekp(at);
    file.put(byte).flush();
  }
  EXPECT_GE(files, 5);
  EXPECT_NE(OpenAt(Restore()), nullptr);
}

TEST_F(BackupTest, ARestoreThatFailedIsNeverOpenedAndCanBeDoneAgain) {
  Begin("a");
  MustBack();
  MustBack();
  const std::string path = elsewhere_ / "target";
  fs::rename(backups_ + "/private/2", elsewhere_ / "private-2");
  const auto expect_refused = [&](const absl::Status& restored) {
    EXPECT_EQ(restored.code(), absl::StatusCode::kDataLoss) << restored;
    const absl::Status opened = RocksDbStorage::Open(TinyOptions(path), harness_.time).status();
    EXPECT_EQ(opened.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(opened.message()), HasSubstr("restore"));
    EXPECT_FALSE(fs::exists(path + "/db"));
    EXPECT_TRUE(fs::is_empty(path + "/RESTORING")) << "nothing that fills the disk";
  };
  expect_refused(RestoreBackup(backups_, 2, path).status());  // seen before the first file is copied
  fs::rename(elsewhere_ / "private-2", backups_ + "/private/2");
  for (const auto& entry : fs::directory_iterator(backups_ + "/private/2")) {
    if (entry.path().filename().string().starts_with("MANIFEST")) fs::resize_file(entry, 10);
  }
  const absl::Status damaged = RestoreBackup(backups_, 2, path).status();
  expect_refused(damaged);
  EXPECT_THAT(std::string(damaged.message()), HasSubstr("try --backup 1"));
  ASSERT_TRUE(RestoreBackup(backups_, 1, path).ok());
  EXPECT_EQ(Contents(*OpenAt(path)).size(), 1u);
}

TEST_F(BackupTest, NeverRestoresIntoTheBackups) {
  Begin("a");
  MustBack();
  fs::create_directory_symlink(backups_, elsewhere_ / "link");
  for (const std::string& inside : {backups_ + "/x", elsewhere_ / "link/deep/x"}) {
    const absl::Status status = RestoreBackup(backups_, {}, inside).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(status.message()), HasSubstr("one within the other"));
    EXPECT_FALSE(fs::exists(inside));
  }
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
