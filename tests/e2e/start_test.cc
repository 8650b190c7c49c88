// Starts that must fail: with a code, with words that help, and without touching what others use.

#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/support/caller.h"
#include "tests/support/requests.h"
#include "tests/support/scrape.h"
#include "tests/support/semeld.h"

namespace semel::e2e {
namespace {

namespace fs = std::filesystem;

using support::BeginOf;
using support::Caller;
using support::Semeld;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;

constexpr int kStartFailed = 1;
constexpr int kUsage = 2;

class StartTest : public testing::Test {
 protected:
  // The exit code; what it says is in semeld.Log().
  static int ExitOf(Semeld& semeld) {
    EXPECT_FALSE(semeld.AwaitReady()) << "it must not say that it serves";
    const auto ending = semeld.process().AwaitEnd();
    return ending && ending->exit_code ? *ending->exit_code : -1;
  }

  // Contents and time of the last change by name.
  static std::map<std::string, std::pair<std::string, fs::file_time_type>> FilesOf(const std::string& path) {
    std::map<std::string, std::pair<std::string, fs::file_time_type>> files;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path)) {
      std::stringstream text;
      if (entry.is_regular_file()) text << std::ifstream(entry.path()).rdbuf();
      files[entry.path()] = {text.str(), entry.last_write_time()};
    }
    return files;
  }

  const support::TemporaryDirectory directory_;
};

// As the parent of a daemon may leave them. No file of the database may get one of their numbers: the log would go into it.
class ClosedStreamsTest : public StartTest {
 protected:
  ClosedStreamsTest() : data_(directory_ / "data") {}

  support::ChildProcess::Options Closing(const std::string& streams) const {
    return {.command = {"/bin/sh", "-c", absl::StrCat("exec \"$@\" ", streams), "sh", support::SemeldProgram(),
                        "--data-dir", data_, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"},
            .stderr_file = directory_ / "stderr"};
  }
  void ExpectOnlyThePidInLock(pid_t pid) const {
    std::stringstream lock;
    lock << std::ifstream(data_ + "/LOCK").rdbuf();
    EXPECT_EQ(lock.str(), absl::StrCat(pid, "\n"));
  }

  const std::string data_;
};

TEST_F(ClosedStreamsTest, ServesWithStdinAndStderrClosed) {
  support::ChildProcess semeld(Closing("<&- 2>&-"));
  const std::optional<std::string> ready = semeld.ReadLine();
  int port = 0;
  ASSERT_TRUE(ready && std::sscanf(ready->c_str(), "semeld ready grpc=127.0.0.1:%d", &port) == 1);
  EXPECT_TRUE(Caller(support::NewChannelTo(port)).Call(BeginOf("order-1"))->has_acquired());
  semeld.Signal(SIGTERM);
  EXPECT_EQ(semeld.AwaitEnd()->exit_code, 0);
  ExpectOnlyThePidInLock(semeld.pid());
}

TEST_F(ClosedStreamsTest, NoFileOfTheDatabaseIsAStandardStream) {
  support::ChildProcess semeld(Closing("<&- >&- 2>&-"));
  const absl::Time give_up = absl::Now() + support::kPatience;
  while (!fs::exists(data_ + "/FORMAT") && absl::Now() < give_up) absl::SleepFor(absl::Milliseconds(5));
  ASSERT_TRUE(fs::exists(data_ + "/FORMAT"));
  for (int stream : {0, 1, 2}) {
    EXPECT_EQ(fs::read_symlink(absl::StrCat("/proc/", semeld.pid(), "/fd/", stream)), "/dev/null") << stream;
  }
  semeld.Signal(SIGTERM);
  EXPECT_EQ(semeld.AwaitEnd()->exit_code, 0);
  ExpectOnlyThePidInLock(semeld.pid());
}

class SecondServerTest : public StartTest {
 protected:
  SecondServerTest() : first_(directory_) {
    EXPECT_TRUE(first_.AwaitReady()) << first_.Log();
    const auto begun = Caller(first_.NewChannel()).Call(BeginOf("order-1"));
    EXPECT_TRUE(begun->has_acquired());
    token_ = begun->acquired().token();
  }

  void ExpectFirstUndisturbed() {
    const auto completed = Caller(first_.NewChannel()).Call(support::ResultOf("order-1", token_));
    EXPECT_TRUE(completed.ok()) << completed.error();
    EXPECT_EQ(first_.Stop(), 0);
  }

  Semeld first_;
  int64_t token_ = 0;
};

TEST_F(SecondServerTest, OnTheSameDirectory) {
  const auto names = [&] {
    std::vector<std::string> names;
    for (const auto& [name, file] : FilesOf(directory_ / "data")) names.push_back(name);
    return names;
  };
  const std::vector<std::string> before = names();
  Semeld second(directory_);
  EXPECT_EQ(ExitOf(second), kStartFailed);
  EXPECT_THAT(second.Log(), AllOf(HasSubstr(directory_ / "data"),
                                  HasSubstr(absl::StrCat("in use by process ", first_.process().pid()))));
  EXPECT_EQ(names(), before);
  ExpectFirstUndisturbed();
}

TEST_F(SecondServerTest, OnTheSamePort) {
  const std::string port = absl::StrCat("127.0.0.1:", first_.port());
  Semeld second(directory_, {.data_dir = "other", .listen = port});
  EXPECT_EQ(ExitOf(second), kStartFailed);
  EXPECT_THAT(second.Log(), AllOf(HasSubstr(port), HasSubstr("in use")));
  EXPECT_EQ(std::ranges::count(second.Log(), '\n'), 1) << second.Log();
  ExpectFirstUndisturbed();
}

TEST_F(SecondServerTest, OnTheSameAdminPort) {
  const std::string port = absl::StrCat("127.0.0.1:", first_.admin_port());
  Semeld second(directory_, {.data_dir = "other", .admin_listen = port});
  EXPECT_EQ(ExitOf(second), kStartFailed);
  EXPECT_THAT(second.Log(), HasSubstr(port));
  ExpectFirstUndisturbed();
}

// Each connection is one, and soft limits are often 1,024.
TEST_F(StartTest, ItTakesAsManyFilesAsItMay) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low{512, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  Semeld semeld(directory_);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(semeld.AwaitReady()) << semeld.Log();
  EXPECT_EQ(support::Scrape(semeld.Get("/metrics").body)["semel_process_max_fds"],
            static_cast<double>(before.rlim_max));
}

TEST_F(StartTest, TooFewFilesToServe) {
  Semeld semeld(directory_, {.max_open_files = 64});
  EXPECT_EQ(ExitOf(semeld), kStartFailed);
  EXPECT_THAT(semeld.Log(), AllOf(HasSubstr("allows 64 open files"), HasSubstr("ulimit -n")));
  EXPECT_FALSE(fs::exists(directory_ / "data"));
}

TEST_F(StartTest, WhatGrpcHasToSayIsInTheLog) {
  Semeld semeld(directory_, {.config = "log: {level: debug}\n", .environment = {"GRPC_VERBOSITY=debug"}});
  ASSERT_TRUE(semeld.AwaitReady()) << semeld.Log();
  EXPECT_EQ(semeld.Stop(), 0);
  EXPECT_THAT(semeld.Log(), ContainsRegex("\\.[0-9]{3}Z debug +gRPC text=.*file="));
}

TEST_F(StartTest, ABadConfigurationIsToldByFileAndLine) {
  Semeld semeld(directory_,
                {.config = "reflection: true\ndefault_policy:\n  lease_max: 1 hour\n  leese_default: 1s\n"});
  EXPECT_EQ(ExitOf(semeld), kUsage);
  EXPECT_THAT(semeld.Log(), AllOf(HasSubstr(directory_ / "data.yaml:3:"), HasSubstr("lease_max"),
                                  HasSubstr(directory_ / "data.yaml:4:"), HasSubstr("leese_default")));
  EXPECT_FALSE(fs::exists(directory_ / "data")) << "nothing is made before the configuration is right";
}

TEST_F(StartTest, AnImpossibleCombinationToo) {
  Semeld semeld(directory_, {.config = "shutdown:\n  drain_delay: 30s\n  timeout: 10s\n"});
  EXPECT_EQ(ExitOf(semeld), kUsage);
  EXPECT_THAT(semeld.Log(), AllOf(HasSubstr(directory_ / "data.yaml:2:"), HasSubstr("shutdown.timeout")));
}

TEST_F(StartTest, AFlagThatIsWrong) {
  Semeld semeld(directory_, {.listen = "localhost"});
  EXPECT_EQ(ExitOf(semeld), kUsage);
  EXPECT_THAT(semeld.Log(), HasSubstr("--listen"));
}

TEST_F(StartTest, ADirectoryOfSomeoneElse) {
  fs::create_directory(directory_ / "data");
  std::ofstream(directory_ / "data" + "/letter.txt") << "Dear Sir";
  const auto before = FilesOf(directory_ / "data");
  Semeld semeld(directory_);
  EXPECT_EQ(ExitOf(semeld), kStartFailed);
  EXPECT_THAT(semeld.Log(), HasSubstr("letter.txt"));
  EXPECT_EQ(FilesOf(directory_ / "data"), before);
}

TEST_F(StartTest, AFileInThePlaceOfADirectory) {
  std::ofstream(directory_ / "data") << "Dear Sir";
  Semeld semeld(directory_);
  EXPECT_EQ(ExitOf(semeld), kStartFailed);
  EXPECT_THAT(semeld.Log(), AllOf(HasSubstr(directory_ / "data"), HasSubstr("not a directory")));
  EXPECT_EQ(fs::file_size(directory_ / "data"), 8u);
}

// Modes mean nothing to root, a mount does.
TEST_F(StartTest, ADirectoryThatMayNotBeWritten) {
  {
    Semeld first(directory_);
    ASSERT_TRUE(first.AwaitReady()) << first.Log();
    ASSERT_EQ(first.Stop(), 0);
  }
  const std::string data = directory_ / "data";
  const auto before = FilesOf(data);
  const bool mounted = mount(data.c_str(), data.c_str(), nullptr, MS_BIND, nullptr) == 0;
  if (mounted) {
    ASSERT_EQ(mount(nullptr, data.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr), 0);
  } else {
    for (const char* name : {"/LOCK", ""}) fs::permissions(data + name, fs::perms::owner_read | fs::perms::owner_exec);
  }
  Semeld semeld(directory_);
  EXPECT_EQ(ExitOf(semeld), kStartFailed);
  EXPECT_THAT(semeld.Log(), AllOf(HasSubstr(data), HasSubstr("must be allowed to")));
  EXPECT_EQ(FilesOf(data), before);
  if (mounted) {
    EXPECT_EQ(umount2(data.c_str(), MNT_DETACH), 0);
  } else {
    for (const char* name : {"", "/LOCK"}) fs::permissions(data + name, fs::perms::owner_all);
  }
}

TEST_F(StartTest, AFormatOfTheFuture) {
  {
    Semeld first(directory_);
    ASSERT_TRUE(first.AwaitReady()) << first.Log();
    ASSERT_EQ(first.Stop(), 0);
  }
  std::ofstream(directory_ / "data" + "/FORMAT") << "semel storage format 99\n";
  const auto before = FilesOf(directory_ / "data");
  Semeld semeld(directory_);
  EXPECT_EQ(ExitOf(semeld), kStartFailed);
  EXPECT_THAT(semeld.Log(), AllOf(HasSubstr("storage format 99"), HasSubstr("Nothing was changed")));
  EXPECT_EQ(FilesOf(directory_ / "data"), before);
}

}  // namespace
}  // namespace semel::e2e
