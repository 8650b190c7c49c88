// The command has run, and the server refuses a part of what is to be recorded: it is recorded all the same.

#include "tests/cli/run_fixture.h"

namespace semel {
namespace {

using testing::HasSubstr;

// The namespace keeps outcomes for 90 days at most.
TEST_F(RunTest, ARetentionThatTheNamespaceRefusesDoesNotRunTheCommandTwice) {
  const Words words = {"--key", "k",  "--lease", "1s", "--retention",
                       "91d",   "--", "sh",      "-c", "echo x >>$T/effects; echo told"};
  const Ran first = Run(words);
  EXPECT_EQ(first.exit_code, 0);
  EXPECT_THAT(first.err, HasSubstr("retention: between"));
  EXPECT_THAT(first.err, HasSubstr("--retention does not count"));
  EXPECT_EQ(Lookup("k").state, State::kDone);
  const Ran second = Run(words);
  EXPECT_EQ(second.exit_code, 0);
  EXPECT_EQ(second.out, "told\n");
  EXPECT_EQ(File("effects"), "x\n");
}

TEST_F(RunTest, ARefusedRetentionLeavesTheFailureAsItIs) {
  const Words words = {"--key", "k",  "--retention", "91d", "--final-on",
                       "any",   "--", "sh",          "-c",  "echo x >>$T/effects; echo why >&2; exit 7"};
  const Ran first = Run(words);
  EXPECT_EQ(first.exit_code, 7) << first.err;
  EXPECT_THAT(first.err, HasSubstr("--retention does not count"));
  const Ran second = Run(words);
  EXPECT_EQ(second.exit_code, 7);
  EXPECT_THAT(second.err, HasSubstr("why\n"));
  EXPECT_EQ(File("effects"), "x\n");
}

TEST_F(RunTest, WhatIsRefusedAndTooLargeBesidesIsRecordedWithoutItsOutput) {
  const Words words = {"--key",   "k",  "--retention", "91d", "--max-output",
                       "1536KiB", "--", "sh",          "-c",  "echo x >>$T/effects; head -c 1200000 /dev/zero"};
  const Ran first = Run(words);
  EXPECT_EQ(first.exit_code, 0);
  EXPECT_EQ(first.out.size(), 1200000U);
  EXPECT_THAT(first.err, HasSubstr("only the exit code is"));
  EXPECT_EQ(Run(words).exit_code, 0);
  EXPECT_EQ(File("effects"), "x\n");
}

TEST_F(RunTest, WhatNoServerTakesIsRefusedBeforeTheCommandRuns) {
  for (const auto& [option, value] : std::vector<std::pair<std::string, std::string>>{
           {"--retry-after", "169h"}, {"--retention", "3661d"}, {"--retention", "0s"}}) {
    const Ran ran = Run({"--key", "k", option, value, "--", "sh", "-c", "echo x >>$T/effects"});
    EXPECT_EQ(ran.exit_code, cli::kRunUsage) << option;
    EXPECT_THAT(ran.err, HasSubstr(option + ": "));
    EXPECT_THAT(ran.err, HasSubstr("is not between"));
  }
  EXPECT_EQ(File("effects"), "");
  EXPECT_EQ(Run({"--key", "k", "--retry-after", "7d", "--", "true"}).exit_code, 0);
}

}  // namespace
}  // namespace semel
