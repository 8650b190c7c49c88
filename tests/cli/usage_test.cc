// What `semel run` refuses before it asks anybody, with the exit code that no command has.

#include "tests/cli/run_fixture.h"

namespace semel {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

TEST_F(RunTest, WrongUsageIsToldFromTheCommandsOwnExitCodes) {
  const std::string bytes = "caf\xE9";
  const std::vector<std::pair<Words, std::string>> wrong = {
      {{"--key", bytes}, "--key: the value is not UTF-8: \"caf\\xe9\""},
      {{"--key", "k", "--owner", bytes}, "--owner: the value is not UTF-8"},
      {{"--key", "k", "-n", bytes}, "--namespace: the value is not UTF-8"},
      {{"--key", "k", "--timeout", "0s"}, "--timeout: must be above zero"},
      {{"--key", "k", "--complete-timeout", "0s"}, "--complete-timeout: must be above zero"},
      {{"--key", "k", "--leese", "1s"}, "not expected: --leese 1s"},
  };
  for (auto [words, problem] : wrong) {
    words.insert(words.end(), {"--", "touch", directory() + "/ran"});
    const Ran ran = Run(words);
    EXPECT_EQ(ran.exit_code, cli::kRunUsage) << problem;
    EXPECT_THAT(ran.err, AllOf(StartsWith("semel: " + problem), HasSubstr("semel run --help")));
  }
  for (const char* address : {"http://localhost:7420", "localhost"}) {
    const Ran ran = Run({"--key", "k", "--address", address, "--", "touch", directory() + "/ran"});
    EXPECT_EQ(ran.exit_code, cli::kRunUsage) << address;
    EXPECT_THAT(ran.err, HasSubstr(std::string("--address: \"") + address + "\""));
  }
  EXPECT_FALSE(std::filesystem::exists(directory() + "/ran"));
}

// A command is called and told whatever it is: only semel's own options are text.
TEST_F(RunTest, WhatFollowsTheDashesIsBytes) {
  const Ran ran = Run({"--key", "k", "--", "printf", "%s", "caf\xE9"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.out, "caf\xE9");
}

}  // namespace
}  // namespace semel
