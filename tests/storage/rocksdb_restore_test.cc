// Backups put back: into an empty directory, whole or not at all, and nothing half-restored is ever opened.

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/storage/backup_fixture.h"

namespace semel::storage {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class RestoreTest : public BackupTest {};

TEST_F(RestoreTest, ARestoreOverwritesNothing) {
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

TEST_F(RestoreTest, ARestoreThatWasKilledIsNeverOpened) {
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

TEST_F(RestoreTest, ABackupOfANewerFormatIsRefused) {
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

TEST_F(RestoreTest, ADamagedBackupIsNeverRestored) {
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

TEST_F(RestoreTest, ARestoreThatFailedIsNeverOpenedAndCanBeDoneAgain) {
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

TEST_F(RestoreTest, NeverRestoresIntoTheBackups) {
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

}  // namespace
}  // namespace semel::storage
