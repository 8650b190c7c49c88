// A disk that is really full: a small tmpfs of this test's own, under the real server.

#include <gmock/gmock.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "storage/rocksdb/rocksdb_storage.h"
#include "storage/rocksdb/verify.h"
#include "tests/support/caller.h"
#include "tests/support/requests.h"
#include "tests/support/semeld.h"

namespace semel::e2e {
namespace {

namespace fs = std::filesystem;
using support::BeginOf;
using support::Caller;
using support::Eventually;
using support::LookupOf;
using support::ResultOf;
using support::Semeld;
using testing::AllOf;
using testing::HasSubstr;

// Mounted on a directory of its own for the length of a scope.
class SmallDisk {
 public:
  SmallDisk(std::string path, const std::string& size) : path_(std::move(path)) {
    fs::create_directories(path_);
    const std::string options = absl::StrCat("size=", size, ",mode=0755");
    if (mount("tmpfs", path_.c_str(), "tmpfs", 0, options.c_str()) != 0) why_not_ = std::strerror(errno);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (why_not_.empty()) umount2(path_.c_str(), MNT_DETACH);
  }
  const std::string& why_not() const { return why_not_; }

  // Takes all that is left.
  void Fill() const {
    std::ofstream file(Ballast(), std::ios::binary | std::ios::app);
    const std::string block(4096, 'b');
    while (file << block << std::flush) {
    }
  }
  void MakeRoom() const { fs::remove(Ballast()); }

 private:
  std::string Ballast() const { return path_ + "/ballast"; }

  const std::string path_;
  std::string why_not_;
};

class TmpfsTest : public testing::Test {
 protected:
  // The server's log does not go to the small disk.
  TmpfsTest() {
    fs::create_directory(directory_ / "disk/data");
    fs::create_directory_symlink(directory_ / "disk/data", directory_ / "data");
  }

  // Acknowledged orders: order-0, order-1, ... until the server says no.
  void CompleteUntilRefused(const Caller& caller) {
    for (int i = acknowledged_; i < 100'000; ++i) {
      const auto begun = caller.Call(BeginOf(absl::StrCat("order-", i)));
      if (!begun.ok()) return ExpectStorageFailed(begun.error());
      const auto done =
          caller.Call(ResultOf(absl::StrCat("order-", i), begun->acquired().token(), std::string(3000, 'x')));
      if (!done.ok()) return ExpectStorageFailed(done.error());
      acknowledged_ = i + 1;
    }
    FAIL() << "the disk was never full";
  }
  static void ExpectStorageFailed(const support::WireError& error) {
    EXPECT_EQ(error.code, grpc::StatusCode::UNAVAILABLE) << error;
    EXPECT_EQ(error.reason, "STORAGE_FAILED") << error;
  }
  void ExpectAllThere(const Caller& caller) {
    for (int i = 0; i < acknowledged_; ++i) {
      const auto found = caller.Call(LookupOf(absl::StrCat("order-", i)));
      ASSERT_TRUE(found.ok()) << found.error();
      ASSERT_EQ(found->record().state(), v1::STATE_DONE) << i;
      ASSERT_EQ(found->record().result().payload(), std::string(3000, 'x')) << i;
    }
  }

  const support::TemporaryDirectory directory_;
  const SmallDisk disk_{directory_ / "disk", "24m"};
  int acknowledged_ = 0;
};

TEST_F(TmpfsTest, FullWhileWritingThenSpaceAgain) {
  if (!disk_.why_not().empty()) GTEST_SKIP() << "cannot mount a tmpfs: " << disk_.why_not();
  const Semeld::Options options{.data_dir = "data"};
  {
    Semeld semeld(directory_, options);
    ASSERT_TRUE(semeld.AwaitReady()) << semeld.Log();
    const Caller caller(semeld.NewChannel());
    CompleteUntilRefused(caller);
    EXPECT_GT(acknowledged_, 100);
    EXPECT_TRUE(Eventually([&] { return semeld.Get("/readyz").code == 503; }));
    EXPECT_THAT(semeld.Log(),
                AllOf(HasSubstr("No space left on device"), HasSubstr("until a restart"), HasSubstr("free space")));

    // Space alone does not unlatch it: only a start that reads back what is on disk may promise again.
    disk_.MakeRoom();
    ExpectStorageFailed(caller.Call(BeginOf("one-more")).error());
    EXPECT_TRUE(semeld.Stop().has_value());
  }
  {
    // With no more room than before it cannot begin, and says why; nothing is lost by trying.
    disk_.Fill();
    Semeld semeld(directory_, options);
    EXPECT_FALSE(semeld.AwaitReady());
    const auto ending = semeld.process().AwaitEnd();
    ASSERT_TRUE(ending.has_value());
    EXPECT_EQ(ending->exit_code, 1) << "signal " << ending->signal.value_or(0) << semeld.Log();
    EXPECT_THAT(semeld.Log(), HasSubstr("No space left on device"));
    disk_.MakeRoom();
  }
  ASSERT_EQ(mount("tmpfs", (directory_ / "disk").c_str(), "tmpfs", MS_REMOUNT, "size=64m"), 0);
  Semeld semeld(directory_, options);
  ASSERT_TRUE(semeld.AwaitReady()) << semeld.Log();
  const Caller caller(semeld.NewChannel());
  ExpectAllThere(caller);
  EXPECT_TRUE(caller.Call(BeginOf("one-more"))->has_acquired());
  EXPECT_EQ(semeld.Get("/readyz").code, 200);
  EXPECT_EQ(semeld.Stop(), 0);
  const auto report = storage::Verify(directory_ / "disk/data");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->findings, testing::IsEmpty());
}

TEST_F(TmpfsTest, FullBeforeTheFirstStart) {
  if (!disk_.why_not().empty()) GTEST_SKIP() << "cannot mount a tmpfs: " << disk_.why_not();
  disk_.Fill();
  {
    Semeld semeld(directory_, {.data_dir = "data"});
    EXPECT_FALSE(semeld.AwaitReady());
    EXPECT_EQ(semeld.process().AwaitEnd()->exit_code, 1);
    EXPECT_THAT(semeld.Log(), AllOf(HasSubstr("No space left on device"), HasSubstr(directory_ / "data")));
  }
  disk_.MakeRoom();
  Semeld semeld(directory_, {.data_dir = "data"});
  ASSERT_TRUE(semeld.AwaitReady()) << semeld.Log();
  EXPECT_TRUE(Caller(semeld.NewChannel()).Call(BeginOf("order-1"))->has_acquired());
}

TEST_F(TmpfsTest, FullUnderABackupWhileTheStoreGoesOn) {
  if (!disk_.why_not().empty()) GTEST_SKIP() << "cannot mount a tmpfs: " << disk_.why_not();
  auto opened = storage::RocksDbStorage::Open({.path = directory_ / "elsewhere"}, storage::SystemTime());
  ASSERT_TRUE(opened.ok()) << opened.status();
  storage::RocksDbStorage& store = **opened;
  const std::string backups = directory_ / "disk/backups";
  ASSERT_TRUE(store.CreateBackup({.directory = backups}).ok());
  disk_.Fill();
  for (int i = 0; i < 3; ++i) {
    const absl::Status full = store.CreateBackup({.directory = backups}).status();
    EXPECT_EQ(full.code(), absl::StatusCode::kUnavailable) << full;
    EXPECT_THAT(std::string(full.message()), AllOf(HasSubstr("no space is left"), HasSubstr(backups)));
    EXPECT_TRUE(store.Health().ok());
    EXPECT_TRUE(store.Commit({}, store.clock().Now()).ok());
  }
  disk_.MakeRoom();
  EXPECT_EQ(storage::ListBackups(backups)->size(), 1u);
  const auto again = store.CreateBackup({.directory = backups});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->backups_kept, 2u);
  EXPECT_TRUE(storage::RestoreBackup(backups, {}, directory_ / "restored").ok());
}

}  // namespace
}  // namespace semel::e2e
