#include "server/ops/flags.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace semel::ops {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Flags : public testing::Test {
 public:
  Flags() {
    std::string pattern = testing::TempDir() + "semel-flags-XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~Flags() override { std::filesystem::remove_all(directory_); }

 protected:
  std::variant<CommandLine, ExitCode> Parse(const std::vector<std::string>& arguments) {
    std::vector<const char*> argv = {"semeld"};
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    return ParseFlags(static_cast<int>(argv.size()), argv.data(), out_, err_);
  }
  int Exit(const std::vector<std::string>& arguments) {
    auto parsed = Parse(arguments);
    auto* code = std::get_if<ExitCode>(&parsed);
    return code == nullptr ? -1 : code->value;
  }
  std::string Write(const std::string& text) const {
    std::string path = (directory_ / "semeld.yaml").string();
    std::ofstream(path) << text;
    return path;
  }

  std::filesystem::path directory_;
  std::ostringstream out_, err_;
};

TEST_F(Flags, NoneIsAllDefaults) {
  auto parsed = Parse({});
  ASSERT_TRUE(std::holds_alternative<CommandLine>(parsed)) << err_.str();
  EXPECT_EQ(std::get<CommandLine>(parsed).config.listen, "0.0.0.0:7420");
}

TEST_F(Flags, ReadTheFileAgainAndStillWin) {
  std::string path = Write("log: {level: error}\ndefault_policy: {lease_default: 10s}\n");
  auto parsed = Parse({"--config", path, "--log-level", "debug"});
  ASSERT_TRUE(std::holds_alternative<CommandLine>(parsed)) << err_.str();
  const auto& command_line = std::get<CommandLine>(parsed);
  Write("log: {level: warning}\ndefault_policy: {lease_default: 20s}\n");
  absl::StatusOr<Config> again = command_line.read_again();
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->log.level, LogLevel::kDebug);
  EXPECT_EQ(again->default_policy.lease_default, std::chrono::seconds(20));
  Write("log: {level: loud}\n");
  again = command_line.read_again();
  EXPECT_EQ(again.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(again.status().message()), HasSubstr("semeld.yaml:1:14: log.level:"));
}

TEST_F(Flags, WithoutAFileThereIsNothingToReadAgain) {
  auto parsed = Parse({"--log-level", "debug"});
  EXPECT_EQ(std::get<CommandLine>(parsed).read_again().status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(Flags, CheckConfigPrintsWhatWouldBeInForce) {
  std::string path = Write("limits: {max_calls: 70000}\nnamespaces: {orders: {lease_max: 2h}}\n");
  EXPECT_EQ(Exit({"--check-config", path, "--listen", "127.0.0.1:7000"}), 0);
  EXPECT_THAT(out_.str(), StartsWith("# " + path + ": OK"));
  EXPECT_TRUE(err_.str().empty());
  absl::StatusOr<Config> printed = ParseConfig(out_.str(), "out");
  ASSERT_TRUE(printed.ok()) << printed.status();
  EXPECT_EQ(printed->listen, "127.0.0.1:7000");
  EXPECT_EQ(printed->limits.max_calls, 70'000u);
  EXPECT_EQ(printed->namespaces.at("orders").lease_max, std::chrono::hours(2));
}

TEST_F(Flags, CheckConfigTellsEveryProblem) {
  std::string path = Write("limits: {max_cals: 1}\nlog: {level: loud}\n");
  EXPECT_EQ(Exit({"--check-config", path}), kExitUsage);
  EXPECT_THAT(err_.str(), AllOf(HasSubstr("semeld.yaml:1:10: "), HasSubstr("semeld.yaml:2:14: ")));
  EXPECT_TRUE(out_.str().empty());
  EXPECT_EQ(Exit({"--check-config", path + ".missing"}), kExitUsage);
  EXPECT_EQ(Exit({"--check-config", path, "--config", path}), kExitUsage) << "one or the other";
}

TEST_F(Flags, WinOverTheFile) {
  std::string path = Write("listen: file:1\ndata_dir: file\nlog: {level: error, format: text}\nreflection: true\n");
  auto parsed = Parse({"--config", path, "--listen=flag:2", "--admin-listen", "flag:3", "--data-dir", "flag",
                       "--log-level", "debug", "--log-format", "json"});
  ASSERT_TRUE(std::holds_alternative<CommandLine>(parsed)) << err_.str();
  const Config& config = std::get<CommandLine>(parsed).config;
  EXPECT_EQ(config.listen, "flag:2");
  EXPECT_EQ(config.admin.listen, "flag:3");
  EXPECT_EQ(config.data_dir, "flag");
  EXPECT_EQ(config.log.level, LogLevel::kDebug);
  EXPECT_EQ(config.log.format, LogFormat::kJson);
  EXPECT_TRUE(config.reflection);
}

TEST_F(Flags, HelpAndVersionGoToOutAndSucceed) {
  EXPECT_EQ(Exit({"--help"}), 0);
  EXPECT_THAT(out_.str(),
              AllOf(HasSubstr("--config"), HasSubstr("--listen"), HasSubstr("--admin-listen"), HasSubstr("--data-dir"),
                    HasSubstr("--log-level"), HasSubstr("--log-format"), HasSubstr("--version"),
                    HasSubstr("debug, info, warning, error; default info."), HasSubstr("Examples:")));
  out_.str("");
  EXPECT_EQ(Exit({"--version"}), 0);
  EXPECT_EQ(out_.str(), "semeld " SEMEL_VERSION "\n");
  EXPECT_EQ(err_.str(), "");
}

TEST_F(Flags, UnknownFlagIsUsage) {
  EXPECT_EQ(Exit({"--lisen", "a:1"}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("--lisen"));
}

TEST_F(Flags, MissingValueIsUsage) {
  EXPECT_EQ(Exit({"--listen"}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("--listen"));
}

TEST_F(Flags, StrayArgumentIsUsage) { EXPECT_EQ(Exit({"serve"}), kExitUsage); }

TEST_F(Flags, EveryWrongValueIsTold) {
  EXPECT_EQ(Exit({"--listen", "here", "--log-level", "loud"}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("semeld: --listen: expected host:port"));
  EXPECT_THAT(err_.str(), HasSubstr("semeld: --log-level: must be one of `debug`, `info`, `warning`, `error`"));
}

TEST_F(Flags, MayNotBreakARule) {
  EXPECT_EQ(Exit({"--listen", "127.0.0.1:7421"}), kExitUsage);
  EXPECT_EQ(err_.str(), "semeld: listen (127.0.0.1:7421) must not use the port of admin.listen (0.0.0.0:7421)\n");
}

TEST_F(Flags, WrongFileIsToldWithItsLines) {
  std::string path = Write("a: 1\nb: 2\n");
  EXPECT_EQ(Exit({"--config", path}), kExitUsage);
  EXPECT_THAT(err_.str(), AllOf(StartsWith(path + ":1:1: "), HasSubstr("\n" + path + ":2:1: ")));
}

TEST_F(Flags, MissingFileIsTold) {
  EXPECT_EQ(Exit({"--config", (directory_ / "none").string()}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("No such file"));
}

TEST_F(Flags, TheTestClockIsThereForTests) {
  auto parsed = Parse({"--test-clock", "1700000000000000"});
  ASSERT_TRUE(std::holds_alternative<CommandLine>(parsed)) << err_.str();
  EXPECT_EQ(std::get<CommandLine>(parsed).test_clock, 1'700'000'000'000'000);
  EXPECT_EQ(Exit({"--test-clock", "soon"}), kExitUsage);
  EXPECT_EQ(Exit({"--test-clock", "-1"}), kExitUsage);
  EXPECT_EQ(Exit({"--help"}), 0);
  EXPECT_THAT(out_.str(), Not(HasSubstr("test-clock")));
}

}  // namespace
}  // namespace semel::ops
