// Which directories are taken, which are refused, and that a refused one stays as it was.

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "storage/rocksdb/data_directory.h"
#include "tests/storage/rocksdb_harness.h"

namespace semel::storage {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class DataDirectoryTest : public testing::Test {
 protected:
  DataDirectoryTest() : path_(directory_ / "data") {}

  absl::Status Open() { return RocksDbStorage::Open(TinyOptions(path_), time_).status(); }
  std::string Refusal() {
    const absl::Status status = Open();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(path_));
    return std::string(status.message());
  }
  void Write(const std::string& name, const std::string& text) { std::ofstream(path_ + "/" + name) << text; }

  // Every file with its bytes and the time of its last change.
  std::map<std::string, std::pair<std::string, fs::file_time_type>> Everything() {
    std::map<std::string, std::pair<std::string, fs::file_time_type>> everything;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path_)) {
      std::string bytes;
      if (entry.is_regular_file()) {
        std::ifstream file(entry.path());
        bytes.assign(std::istreambuf_iterator<char>(file), {});
      }
      everything[entry.path()] = {bytes, entry.last_write_time()};
    }
    return everything;
  }

  ManualTime time_;
  TemporaryDirectory directory_;
  std::string path_;
};

TEST_F(DataDirectoryTest, AMissingDirectoryIsMadeWithItsParents) {
  path_ = directory_ / "a/b/c";
  EXPECT_TRUE(Open().ok());
  EXPECT_EQ(Everything().at(path_ + "/FORMAT").first, "semel storage format 1\n");
  EXPECT_FALSE(fs::exists(path_ + "/FORMAT.new"));
  EXPECT_TRUE(Open().ok());
}

TEST_F(DataDirectoryTest, ASlashAtTheEndMeansNothing) {
  path_ = directory_ / "a/b/";
  EXPECT_TRUE(Open().ok());
  path_ = directory_ / "a/b";
  EXPECT_TRUE(Open().ok());
}

TEST_F(DataDirectoryTest, AFileAmongTheParentsIsRefused) {
  std::ofstream(directory_ / "file") << "text";
  path_ = directory_ / "file/data";
  EXPECT_THAT(std::string(Open().message()), HasSubstr("not a directory"));
}

TEST_F(DataDirectoryTest, AnEmptyDirectoryIsTaken) {
  fs::create_directory(path_);
  EXPECT_TRUE(Open().ok());
}

// The root of an ext4 volume is never quite empty.
TEST_F(DataDirectoryTest, AnEmptyVolumeIsTaken) {
  fs::create_directories(path_ + "/lost+found");
  EXPECT_TRUE(Open().ok());
}

TEST_F(DataDirectoryTest, ADirectoryOfSomethingElseIsRefused) {
  fs::create_directory(path_);
  Write("wedding.jpg", "cheese");
  const auto before = Everything();
  EXPECT_THAT(Refusal(), AllOf(HasSubstr("not a Semel data directory"), HasSubstr("wedding.jpg")));
  EXPECT_EQ(Everything(), before);
}

TEST_F(DataDirectoryTest, ADatabaseWithoutItsFormatIsRefused) {
  ASSERT_TRUE(Open().ok());
  fs::remove(path_ + "/FORMAT");
  const auto before = Everything();
  EXPECT_THAT(Refusal(), HasSubstr("not a Semel data directory"));
  EXPECT_EQ(Everything(), before);
}

TEST_F(DataDirectoryTest, AFormatOfANewerReleaseIsRefusedAndLeftAsItIs) {
  ASSERT_TRUE(Open().ok());
  Write("FORMAT", "semel storage format 2\n");
  const auto before = Everything();
  EXPECT_THAT(Refusal(), AllOf(HasSubstr("format 2"), HasSubstr("format 1"), HasSubstr("run the release")));
  EXPECT_EQ(Everything(), before);
}

TEST_F(DataDirectoryTest, AnUnreadableFormatIsRefused) {
  ASSERT_TRUE(Open().ok());
  for (const char* text : {"", "semel storage format", "semel storage format one", "somebody else's\n"}) {
    Write("FORMAT", text);
    const auto before = Everything();
    EXPECT_THAT(Refusal(), HasSubstr("not a Semel data directory"));
    EXPECT_EQ(Everything(), before);
  }
}

// An empty database in its place would forget every key.
TEST_F(DataDirectoryTest, ALostDatabaseIsNotReplacedByAnEmptyOne) {
  ASSERT_TRUE(Open().ok());
  fs::remove_all(path_ + "/db");
  EXPECT_FALSE(Open().ok());
  EXPECT_FALSE(Open().ok()) << "the first refusal must not have made what the second would take";
}

TEST_F(DataDirectoryTest, AHalfMadeDirectoryIsMadeAgain) {
  fs::create_directories(path_ + "/db");
  Write("FORMAT.new", "semel sto");
  Write("LOCK", "1\n");
  EXPECT_TRUE(Open().ok());
  EXPECT_EQ(Everything().at(path_ + "/FORMAT").first, "semel storage format 1\n");

  fs::rename(path_ + "/FORMAT", path_ + "/FORMAT.new");  // a crash right before the end
  EXPECT_TRUE(Open().ok());
  EXPECT_TRUE(fs::exists(path_ + "/FORMAT"));
}

TEST_F(DataDirectoryTest, AFileIsNotADirectory) {
  std::ofstream(path_) << "text";
  EXPECT_THAT(Refusal(), HasSubstr("not a directory"));
}

TEST_F(DataDirectoryTest, ADirectoryThatMayNotBeReadSaysSo) {
  if (geteuid() == 0) GTEST_SKIP() << "nothing is forbidden to root";
  ASSERT_TRUE(Open().ok());
  fs::permissions(path_, fs::perms::none);
  EXPECT_THAT(Refusal(), HasSubstr("Permission denied"));
  fs::permissions(path_, fs::perms::owner_all);
}

TEST_F(DataDirectoryTest, AHeldDirectoryNamesItsHolderAndIsLeftAsItIs) {
  const auto held = RocksDbStorage::Open(TinyOptions(path_), time_);
  ASSERT_TRUE(held.ok());
  const auto before = Everything();
  EXPECT_THAT(Refusal(), AllOf(HasSubstr("in use by process " + std::to_string(getpid()))));
  EXPECT_EQ(Everything(), before);
}

TEST_F(DataDirectoryTest, ADeadHolderHoldsNothing) {
  const pid_t child = fork();
  if (child == 0) {
    const auto directory = DataDirectory::Acquire(path_);
    _exit(directory.ok() ? 0 : 1);  // without letting go
  }
  int outcome = 0;
  ASSERT_EQ(waitpid(child, &outcome, 0), child);
  ASSERT_EQ(outcome, 0);
  EXPECT_EQ(Everything().at(path_ + "/LOCK").first, std::to_string(child) + "\n");
  EXPECT_TRUE(Open().ok());
}

TEST_F(DataDirectoryTest, AClosedDirectoryIsFree) {
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Open().ok());
}

}  // namespace
}  // namespace semel::storage
