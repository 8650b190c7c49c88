// The operators' commands: list, resolve, delete, backup.

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/cli_fixture.h"
#include "tests/client/terminal.h"

namespace semel {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

class CliOperatorTest : public CliTest {
 protected:
  // A key whose owner fell silent after it had declared that effects began.
  void PutInDoubt(const std::string& key) {
    const auto client = Direct();
    const Acquired acquired = Acquire(*client, key, {.lease = 50ms, .owner = "till-3"});
    ASSERT_TRUE(client->Checkpoint(key, acquired.token, "card 4711", true).ok());
    const auto answer = client->Begin({.key = key, .wait = 50s});
    ASSERT_TRUE(answer.ok()) << answer.status();
    ASSERT_TRUE(std::holds_alternative<InDoubt>(*answer));
  }

  void PutDone(const std::string& key, const std::string& payload) {
    const auto client = Direct();
    const Acquired acquired = Acquire(*client, key);
    ASSERT_TRUE(client->Complete({.key = key, .token = acquired.token, .outcome = Result{.payload = payload}}).ok());
  }

  std::vector<json> ListLines(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"list", "--output", "json"});
    const Ran ran = Semel(arguments);
    EXPECT_EQ(ran.exit_code, ExitCode::kOk) << ran.out << ran.err;
    std::vector<json> lines;
    std::istringstream text(ran.out);
    for (std::string line; std::getline(text, line);) lines.push_back(json::parse(line));
    return lines;
  }
};

TEST_F(CliOperatorTest, ListIsATableForPeople) {
  PutInDoubt("order/1");
  Acquire(*Direct(), "order two", {.lease = 10min, .owner = "a\tb"});
  PutDone("paid", "88");
  const Ran listed = Semel({"list"});
  EXPECT_EQ(listed.exit_code, ExitCode::kOk) << listed.err;
  EXPECT_THAT(listed.out, ContainsRegex("^KEY          OWNER  +STATE        ATTEMPT  AGE +TIME\n"));
  EXPECT_THAT(listed.out, ContainsRegex("\norder/1      till-3 +in doubt     1 .*in doubt since [0-9a-z ]+ \\(20"));
  EXPECT_THAT(listed.out,
              ContainsRegex("\n'order two'  \\$'a\\\\tb' +in progress  1 .*lease lapses in [0-9]+ (s|min)\n"));
  EXPECT_THAT(listed.out, ContainsRegex("\npaid .*done +1 .*expires in 23 h \\(20[^)]*Z\\)\n"));

  const Ran everywhere = Semel({"list", "--all-namespaces", "--state", "in_doubt"});
  EXPECT_THAT(everywhere.out, ContainsRegex("^NAMESPACE  KEY .*\nshop       order/1 "));
  EXPECT_THAT(everywhere.out, Not(HasSubstr("paid")));
  EXPECT_THAT(Semel({"list", "--prefix", "nothing"}).err, HasSubstr("No such keys"));
}

TEST_F(CliOperatorTest, ListIsAnObjectALineForPrograms) {
  PutInDoubt("order/1");
  PutDone("paid", "88");
  const std::vector<json> lines = ListLines({});
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].at("namespace"), "shop");
  EXPECT_EQ(lines[0].at("key"), "order/1");
  EXPECT_EQ(lines[0].at("state"), "in_doubt");
  EXPECT_EQ(lines[0].at("owner"), "till-3");
  EXPECT_EQ(lines[0].at("checkpoint_size"), 9);
  EXPECT_FALSE(lines[1].contains("payload"));  // only lookup fetches it
  EXPECT_EQ(ListLines({"--state", "done"}).size(), 1u);
  EXPECT_EQ(ListLines({"--prefix", "order/"}).at(0).at("key"), "order/1");
  EXPECT_EQ(ListLines({"-n", "elsewhere"}).size(), 0u);
}

TEST_F(CliOperatorTest, ListGoesOnOverPagesAndSaysWhenItStopped) {
  const auto client = Direct();
  std::vector<BeginRequest> begins;
  for (int i = 0; i < 1500; ++i) begins.push_back({.key = "k" + std::to_string(i), .lease = 10min});
  for (size_t done = 0; done < begins.size(); done += 500) {
    ASSERT_TRUE(
        client->BatchBegin({begins.begin() + static_cast<long>(done), begins.begin() + static_cast<long>(done) + 500})
            .ok());
  }
  std::set<std::string> keys;
  for (const json& line : ListLines({"--limit", "0"})) keys.insert(line.at("key"));
  EXPECT_EQ(keys.size(), 1500u);
  EXPECT_EQ(ListLines({}).size(), 100u);
  EXPECT_EQ(ListLines({"--limit", "1200"}).size(), 1200u);
  EXPECT_THAT(Semel({"list", "--limit", "3"}).err, HasSubstr("There are more"));
  EXPECT_THAT(Semel({"list", "--limit", "1500"}).err, Not(HasSubstr("There are more")));
}

TEST_F(CliOperatorTest, ListFitsATerminal) {
  const std::string key(200, 'k');
  Acquire(*Direct(), key, {.lease = 10min, .owner = std::string(100, 'o')});
  Terminal terminal({SEMEL_PATH, "list"}, 90);
  const std::string shown = terminal.ReadAll();
  EXPECT_EQ(terminal.Wait(), 0);
  EXPECT_THAT(shown, AllOf(HasSubstr("kkk…"), HasSubstr("ooo…"), HasSubstr("in progress"), Not(HasSubstr(key))));
  EXPECT_THAT(Semel({"list"}).out, HasSubstr(key));  // a pipe gets it whole
}

TEST_F(CliOperatorTest, ResolveSettlesAKeyInDoubt) {
  PutInDoubt("a");
  const Ran done = Semel({"resolve", "a", "--result", "charge 88", "--reason", "the statement has it"});
  EXPECT_EQ(done.exit_code, ExitCode::kOk) << done.err;
  EXPECT_THAT(done.out, ContainsRegex("^done\n  expire time: in 23 h"));
  EXPECT_EQ(Semel({"begin", "a", "-o", "json"}).as_json().at("payload"), "charge 88");
  EXPECT_EQ(Semel({"resolve", "a", "--result", "charge 88", "--reason", "again", "-o", "json"})
                .as_json()
                .at("already_applied"),
            true);
  EXPECT_EQ(Semel({"resolve", "a", "--absent", "--reason", "no"}).exit_code, ExitCode::kConflict);

  PutInDoubt("b");
  EXPECT_EQ(Semel({"resolve", "b", "--absent", "--attempt", "2", "--reason", "r"}).exit_code, ExitCode::kConflict);
  EXPECT_EQ(Semel({"resolve", "b", "--failure", "NOT_CHARGED", "--retryable", "--retry-after", "1h", "--attempt", "1",
                   "--reason", "r"})
                .exit_code,
            ExitCode::kOk);
  EXPECT_EQ(Semel({"begin", "b"}).exit_code, ExitCode::kFailed);

  PutInDoubt("c");
  const Ran absent = Semel({"resolve", "c", "--absent", "--reason", "r", "--actor", "jo", "-o", "json"});
  EXPECT_EQ(absent.as_json().at("state"), "absent");
  EXPECT_EQ(Semel({"begin", "c"}).exit_code, ExitCode::kOk);
  const Ran too_early = Semel({"resolve", "c", "--absent", "--reason", "r"});
  EXPECT_EQ(too_early.exit_code, ExitCode::kConflict);
  EXPECT_THAT(too_early.err, HasSubstr("NOT_IN_DOUBT"));
  EXPECT_EQ(Semel({"resolve", "nothing", "--absent", "--reason", "r"}).exit_code, ExitCode::kNoRecord);
}

TEST_F(CliOperatorTest, DeleteWithoutATerminalAsksForYes) {
  PutDone("paid", "88");
  const Ran unasked = Semel({"delete", "paid", "--reason", "test data"});
  EXPECT_EQ(unasked.exit_code, ExitCode::kUsage);
  EXPECT_THAT(unasked.err, HasSubstr("--yes"));
  const Ran deleted = Semel({"delete", "paid", "--reason", "test data", "--yes", "-o", "json"});
  EXPECT_EQ(deleted.exit_code, ExitCode::kOk) << deleted.out;
  EXPECT_EQ(deleted.as_json().at("state_before"), "done");
  EXPECT_EQ(Semel({"delete", "paid", "--reason", "r", "--yes"}).exit_code, ExitCode::kNoRecord);
  EXPECT_EQ(Semel({"begin", "paid"}).exit_code, ExitCode::kOk);
}

TEST_F(CliOperatorTest, DeleteShowsWhatItForgetsAndAsks) {
  const std::vector<std::string> command = {SEMEL_PATH, "delete", "order/1", "--reason", "stuck"};
  Acquire(*Direct(), "order/1", {.lease = 10min, .owner = "till-3"});
  {
    Terminal terminal(command, 120);
    EXPECT_THAT(terminal.ReadUntil("[y/N]"),
                AllOf(HasSubstr("in progress"), HasSubstr("till-3"), HasSubstr("lease remaining"),
                      HasSubstr("could not complete any more")));
    terminal.Type("\n");
    EXPECT_EQ(terminal.Wait(), static_cast<int>(ExitCode::kError));
  }
  EXPECT_EQ(Semel({"lookup", "order/1"}).exit_code, ExitCode::kOk);
  Terminal terminal(command, 120);
  terminal.ReadUntil("[y/N]");
  terminal.Type("y\n");
  EXPECT_EQ(terminal.Wait(), 0);
  EXPECT_EQ(Semel({"lookup", "order/1"}).exit_code, ExitCode::kNoRecord);
}

TEST_F(CliOperatorTest, WithoutADirectoryThereIsNoBackup) {
  const Ran refused = Semel({"backup", "--reason", "before the upgrade"});
  EXPECT_EQ(refused.exit_code, ExitCode::kRefused);
  EXPECT_THAT(refused.err, HasSubstr("BACKUP_NOT_CONFIGURED"));
}

TEST_F(CliOperatorTest, ABackupThatFailsIsNoSilence) {
  const std::string other = directory() + "/other";
  std::filesystem::create_directory(other);
  std::ofstream(other + "/semeld.yaml") << "backup:\n  directory: /proc/no-such-place/backups\n";
  const auto server = demo::ServerProcess::Start(SEMELD_PATH, other, {"--config", other + "/semeld.yaml"}).value();
  setenv("SEMEL_ADDRESS", server->address().c_str(), 1);
  const Ran failed = Semel({"backup", "--reason", "before the upgrade"});
  EXPECT_EQ(failed.exit_code, ExitCode::kError);
  EXPECT_THAT(failed.err, HasSubstr("BACKUP_FAILED"));
  EXPECT_THAT(Semel({"backup", "--help"}).out, HasSubstr("1  another error; backup: it failed, none was added"));
}

TEST_F(CliOperatorTest, ABackupSaysWhatItIs) {
  const std::string other = directory() + "/other";
  std::filesystem::create_directory(other);
  std::ofstream(other + "/semeld.yaml") << "backup:\n  directory: " << other << "/backups\n";
  const auto server = demo::ServerProcess::Start(SEMELD_PATH, other, {"--config", other + "/semeld.yaml"}).value();
  setenv("SEMEL_ADDRESS", server->address().c_str(), 1);
  BeginAndGetToken("k");
  const Ran made = Semel({"backup", "--reason", "before the upgrade"});
  EXPECT_EQ(made.exit_code, ExitCode::kOk) << made.err;
  EXPECT_THAT(made.out, ContainsRegex("^backed up\n  id: +1\n  size: .*\n  copied: .*\n  duration: .*\n"
                                      "  create time: .*\\(20.*Z\\)\n  backups kept: 1\n"));
  const Ran again = Semel({"backup", "--reason", "again", "-o", "json"});
  EXPECT_EQ(again.as_json().at("id"), 2);
  EXPECT_EQ(Semel({"stats", "-o", "json"}).as_json().at("last_backup").at("id"), 2);
}

TEST_F(CliOperatorTest, WrongUsageIsCodeTwo) {
  const std::vector<std::vector<std::string>> wrong = {
      {"list", "--state", "gone"},
      {"list", "--limit", "-1"},
      {"list", "-A", "--prefix", "p"},
      {"list", "-A", "-n", "shop"},
      {"resolve", "k", "--absent"},
      {"resolve", "k", "--reason", "r"},
      {"resolve", "k", "--absent", "--result", "x", "--reason", "r"},
      {"resolve", "k", "--absent", "--retention", "1h", "--reason", "r"},
      {"resolve", "k", "--result", "x", "--message", "m", "--reason", "r"},
      {"delete", "k", "--yes"},
      {"stats", "--watch", "soon"},
      {"stats", "--watch", "1ms"},
      {"stats", "--count", "2"},
      {"backup"},
      {"completion", "tcsh"},
  };
  for (const auto& arguments : wrong) {
    EXPECT_EQ(Semel(arguments).exit_code, ExitCode::kUsage) << testing::PrintToString(arguments);
  }
  unsetenv("SEMEL_NAMESPACE");
  const Ran nameless = Semel({"list"});
  EXPECT_EQ(nameless.exit_code, ExitCode::kUsage);
  EXPECT_THAT(nameless.err, HasSubstr("--all-namespaces"));
  EXPECT_EQ(Semel({"list", "--all-namespaces"}).exit_code, ExitCode::kOk);
}

}  // namespace
}  // namespace semel
