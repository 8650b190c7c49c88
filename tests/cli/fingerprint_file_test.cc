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

}  // namespace
}  // namespace semel
