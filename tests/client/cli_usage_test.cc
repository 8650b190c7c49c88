// What the real binary says of a command line that it does not take: what is wrong, and where to read how it is right.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/cli_fixture.h"

namespace semel {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class CliUsageTest : public CliTest {
 protected:
  // What is said, once it is sure that this is wrong usage and that nothing went to standard output.
  std::string Refusal(const std::vector<std::string>& arguments) {
    const Ran ran = Semel(arguments);
    EXPECT_EQ(ran.exit_code, ExitCode::kUsage) << testing::PrintToString(arguments);
    EXPECT_EQ(ran.out, "") << testing::PrintToString(arguments);
    return ran.err;
  }
};

TEST_F(CliUsageTest, TheVersionIsPrintedAlone) {
  const Ran ran = Semel({"--version"});
  EXPECT_EQ(ran.exit_code, ExitCode::kOk);
  EXPECT_EQ(ran.out, "semel " SEMEL_VERSION "\n");
  EXPECT_EQ(ran.err, "");
}

TEST_F(CliUsageTest, AnUnknownCommandIsNamed) {
  EXPECT_EQ(Refusal({"bgin", "k", "--lease", "1s"}),
            "semel: there is no command \"bgin\"; did you mean begin?\n"
            "  semel --help lists the commands, semel COMMAND --help says what each takes.\n");
  EXPECT_THAT(Refusal({"-n", "shop", "del", "k"}), HasSubstr("no command \"del\"; did you mean delete?"));
  EXPECT_THAT(Refusal({"frobnicate"}), StartsWith("semel: there is no command \"frobnicate\"\n"));
  EXPECT_THAT(Refusal({"bgin", "begin", "k"}), HasSubstr("no command \"bgin\""));
  EXPECT_THAT(Refusal({"caf\xE9"}), HasSubstr("caf\\xe9"));
  EXPECT_THAT(Refusal({std::string(100'000, 'x')}), Not(HasSubstr("mean")));
}

TEST_F(CliUsageTest, EveryErrorBeginsAlikeAndPointsToTheHelp) {
  EXPECT_THAT(Refusal({}), AllOf(StartsWith("semel: a command is required\n"), HasSubstr("semel COMMAND --help")));
  EXPECT_THAT(Refusal({"--leese", "1s"}), StartsWith("semel: not expected: --leese 1s\n"));
  const std::vector<std::vector<std::string>> wrong = {
      {"begin"},
      {"begin", "k", "--leese", "1s"},
      {"begin", "k", "--lease", "30"},
      {"begin", "k", "--output", "yaml"},
      {"begin", "k", "--namespace="},
  };
  for (const auto& arguments : wrong) {
    EXPECT_THAT(Refusal(arguments), AllOf(StartsWith("semel: "), EndsWith("\n"))) << testing::PrintToString(arguments);
  }
  for (const char* option : {"--lease", "--wait"}) {
    EXPECT_THAT(Refusal({"begin", "k", option, "30"}), HasSubstr("\n  semel begin --help says what it takes.\n"));
  }
}

TEST_F(CliUsageTest, ACommandTakesOneKey) {
  BeginAndGetToken("k");
  EXPECT_THAT(Refusal({"delete", "k", "k", "--reason", "r", "--yes"}), StartsWith("semel: not expected: k\n"));
  EXPECT_THAT(Refusal({"resolve", "k", "j", "l", "--absent", "--reason", "r"}),
              StartsWith("semel: not expected: j l\n"));
  EXPECT_THAT(Refusal({"release", "k", "--key", "k", "--token", "1"}), HasSubstr("--key"));
  EXPECT_EQ(Semel({"lookup", "k", "-o", "json"}).as_json().at("state"), "in_progress");
}

TEST_F(CliUsageTest, ATimeoutIsAboveZeroAndCalledAsItIsGiven) {
  EXPECT_THAT(Refusal({"lookup", "k", "--timeout", "0s"}), HasSubstr("--timeout: must be above zero"));
  EXPECT_THAT(Refusal({"stats", "--timeout", "0"}), HasSubstr("--timeout: must be above zero"));
  EXPECT_THAT(Refusal({"backup", "--reason", "r", "--wait", "0s"}), HasSubstr("--wait: must be above zero"));
}

}  // namespace
}  // namespace semel
