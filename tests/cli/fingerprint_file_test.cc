// What `--fingerprint-file` reads, and what it does not.

#include "tests/cli/run_fixture.h"

namespace semel {
namespace {

using testing::HasSubstr;

// Nobody writes to the FIFO, /dev/zero has no end: both would block for ever.
TEST_F(RunTest, AFingerprintIsOfRegularFilesOnly) {
  ASSERT_EQ(mkfifo((directory() + "/silent").c_str(), 0600), 0);
  for (const std::string& path : {directory() + "/silent", std::string("/dev/zero"), directory()}) {
    const Ran ran = Run({"--key", "k", "--fingerprint-file", path, "--", "sh", "-c", "echo x >>$T/effects"});
    EXPECT_EQ(ran.exit_code, cli::kRunUsage) << path;
    EXPECT_THAT(ran.err, HasSubstr(path + " is not a regular file"));
  }
  EXPECT_EQ(File("effects"), "");
}

// A terabyte of nothing takes hours to read.
TEST_F(RunTest, ASignalEndsTheReadingOfALargeFile) {
  const std::string path = directory() + "/large";
  std::ofstream(path).close();
  std::filesystem::resize_file(path, uintmax_t{1} << 40);
  const Started runner = Start({"--key", "k", "--fingerprint-file", path, "--", "sh", "-c", "echo x >>$T/effects"});
  const std::string pid = std::to_string(runner.process->pid());
  const auto reads = [&] {
    std::error_code gone;
    for (const auto& file : std::filesystem::directory_iterator("/proc/" + pid + "/fd", gone)) {
      if (std::filesystem::read_symlink(file.path(), gone) == path) return true;
    }
    return false;
  };
  ASSERT_TRUE(Eventually(reads));
  runner.process->Signal(SIGTERM);
  const bool ended = Eventually([&] { return Ended(pid); });
  EXPECT_TRUE(ended);
  if (!ended) runner.process->Kill();
  EXPECT_EQ(runner.process->Wait(), cli::kRunSignalBase + SIGTERM);
  EXPECT_EQ(File("effects"), "");
}

}  // namespace
}  // namespace semel
