// semel verify, restore and backups: the real binary on real directories, and the real server on what it restored.

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "client/cli/exit_code.h"
#include "storage/rocksdb/rocksdb_storage.h"
#include "tests/support/caller.h"
#include "tests/support/requests.h"
#include "tests/support/semeld.h"

namespace semel {
namespace {

namespace fs = std::filesystem;
using cli::ExitCode;
using nlohmann::json;
using support::BeginOf;
using support::Caller;
using support::ChildProcess;
using support::LookupOf;
using support::ResultOf;
using support::Semeld;
using testing::AllOf;
using testing::HasSubstr;

struct Ran {
  ExitCode exit_code{};
  std::string out;
  std::string err;
  json as_json() const { return json::parse(out); }
};

class LocalCommandsTest : public testing::Test {
 protected:
  LocalCommandsTest() : data_(directory_ / "data"), backups_(directory_ / "backups") {}

  Ran Semel(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), SEMEL_PATH);
    const std::string errors = directory_ / "stderr";
    fs::remove(errors);
    ChildProcess process({.command = std::move(arguments), .stderr_file = errors});
    Ran ran;
    while (const auto line = process.ReadLine()) ran.out += *line + "\n";
    const auto ending = process.AwaitEnd();
    ran.exit_code = static_cast<ExitCode>(ending && ending->exit_code ? *ending->exit_code : -1);
    std::stringstream text;
    text << std::ifstream(errors).rdbuf();
    ran.err = text.str();
    return ran;
  }

  // A server that completed some orders and holds one, stopped.
  void Work() {
    Semeld semeld(directory_);
    ASSERT_TRUE(semeld.AwaitReady()) << semeld.Log();
    const Caller caller(semeld.NewChannel());
    for (const char* key : {"order-1", "order-2"}) {
      const auto begun = caller.Call(BeginOf(key));
      ASSERT_TRUE(begun->has_acquired());
      ASSERT_TRUE(caller.Call(ResultOf(key, begun->acquired().token(), std::string(10'000, 'x'))).ok());
    }
    ASSERT_TRUE(caller.Call(BeginOf("order-3"))->has_acquired());
    ASSERT_EQ(semeld.Stop(), 0);
  }
  void Back() {
    const auto storage = storage::RocksDbStorage::Open({.path = data_}, storage::SystemTime());
    ASSERT_TRUE(storage.ok()) << storage.status();
    const auto made = (*storage)->CreateBackup({.directory = backups_});
    ASSERT_TRUE(made.ok()) << made.status();
  }
  static void FlipAByte(const std::string& path) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(20);
    const char byte = static_cast<char>(file.peek());
    file.seekp(20);
    file.put(static_cast<char>(byte ^ 1));
  }
  std::string Table(const std::string& below) {
    for (const auto& entry : fs::recursive_directory_iterator(below)) {
      if (entry.path().extension() == ".sst") return entry.path();
    }
    ADD_FAILURE() << "no table below " << below;
    return "";
  }

  const support::TemporaryDirectory directory_;
  const std::string data_;
  const std::string backups_;
};

TEST_F(LocalCommandsTest, VerifySaysWhatADatabaseHolds) {
  Work();
  const Ran text = Semel({"verify", data_});
  EXPECT_EQ(text.exit_code, ExitCode::kOk) << text.out << text.err;
  EXPECT_THAT(text.out, AllOf(testing::StartsWith("sound\n"), HasSubstr("payload bytes:   20000\n")));
  const json report = Semel({"verify", data_, "-o", "json"}).as_json();
  EXPECT_EQ(report.at("verdict"), "sound");
  EXPECT_EQ(report.at("done"), 2);
  EXPECT_EQ(report.at("in_progress"), 1);
  EXPECT_EQ(report.at("findings"), json::array());
}

TEST_F(LocalCommandsTest, VerifyTellsDamageFromRefusal) {
  Work();
  {
    Semeld semeld(directory_);
    ASSERT_TRUE(semeld.AwaitReady()) << semeld.Log();
    const Ran in_use = Semel({"verify", data_});
    EXPECT_EQ(in_use.exit_code, ExitCode::kRefused);
    EXPECT_THAT(in_use.err, HasSubstr("in use by process " + std::to_string(semeld.process().pid())));
    ASSERT_EQ(semeld.Stop(), 0);
  }
  const std::string table = Table(data_);
  FlipAByte(table);
  const Ran damaged = Semel({"verify", data_});
  EXPECT_EQ(damaged.exit_code, ExitCode::kUnsound);
  EXPECT_THAT(damaged.out, AllOf(testing::StartsWith("unsound\n"), HasSubstr(fs::path(table).filename().string())));
  EXPECT_EQ(Semel({"verify", data_, "-o", "json"}).as_json().at("verdict"), "unsound");

  const Ran nothing = Semel({"verify", directory_ / "nothing", "-o", "json"});
  EXPECT_EQ(nothing.exit_code, ExitCode::kRefused);
  EXPECT_THAT(nothing.as_json().at("message").get<std::string>(), HasSubstr("no such directory"));
}

TEST_F(LocalCommandsTest, ARestoredServerKnowsWhatTheBackupKnew) {
  Work();
  Back();
  {
    Semeld semeld(directory_);
    ASSERT_TRUE(semeld.AwaitReady()) << semeld.Log();
    ASSERT_TRUE(Caller(semeld.NewChannel()).Call(BeginOf("after"))->has_acquired());
    ASSERT_EQ(semeld.Stop(), 0);
  }
  const Ran restored = Semel({"restore", "--from", backups_, directory_ / "restored"});
  ASSERT_EQ(restored.exit_code, ExitCode::kOk) << restored.err;
  EXPECT_THAT(restored.out, HasSubstr("restored\n"));
  EXPECT_THAT(restored.err, AllOf(HasSubstr("may run again"), HasSubstr("semel verify " + directory_ / "restored")));
  EXPECT_EQ(Semel({"verify", directory_ / "restored"}).exit_code, ExitCode::kOk);

  Semeld semeld(directory_, {.data_dir = "restored"});
  ASSERT_TRUE(semeld.AwaitReady()) << semeld.Log();
  const Caller caller(semeld.NewChannel());
  EXPECT_EQ(caller.Call(LookupOf("order-2"))->record().result().payload(), std::string(10'000, 'x'));
  EXPECT_EQ(caller.Call(LookupOf("order-3"))->record().state(), v1::STATE_IN_PROGRESS);
  EXPECT_FALSE(caller.Call(LookupOf("after"))->has_record());
}

TEST_F(LocalCommandsTest, RestoreRefusesWhatWouldDoHarm) {
  Work();
  Back();
  const Ran over = Semel({"restore", "--from", backups_, data_});
  EXPECT_EQ(over.exit_code, ExitCode::kRefused);
  EXPECT_THAT(over.err, HasSubstr("overwrites nothing"));
  const Ran unknown = Semel({"restore", "--from", backups_, "--backup", "7", directory_ / "no"});
  EXPECT_EQ(unknown.exit_code, ExitCode::kRefused);
  EXPECT_THAT(unknown.err, HasSubstr("whole ones: 1"));
  EXPECT_EQ(Semel({"restore", "--from", backups_, "--backup", "0", directory_ / "no"}).exit_code, ExitCode::kUsage);
  EXPECT_EQ(Semel({"restore", directory_ / "no"}).exit_code, ExitCode::kUsage);
  FlipAByte(Table(backups_));
  const Ran damaged = Semel({"restore", "--from", backups_, directory_ / "no"});
  EXPECT_EQ(damaged.exit_code, ExitCode::kUnsound);
  EXPECT_THAT(damaged.err, HasSubstr(".sst"));
  Semeld semeld(directory_, {.data_dir = "no"});
  EXPECT_FALSE(semeld.AwaitReady()) << "an empty server would have forgotten every key";
  EXPECT_THAT(semeld.Log(), HasSubstr("a restore into it did not come to its end"));
  const Ran inside = Semel({"restore", "--from", backups_, backups_ + "/x"});
  EXPECT_EQ(inside.exit_code, ExitCode::kRefused);
  EXPECT_THAT(inside.err, HasSubstr("one within the other"));
}

TEST_F(LocalCommandsTest, BackupsAreListed) {
  Work();
  Back();
  Back();
  const Ran text = Semel({"backups", backups_});
  EXPECT_EQ(text.exit_code, ExitCode::kOk) << text.err;
  EXPECT_THAT(text.out, AllOf(testing::StartsWith("BACKUP"), HasSubstr("\n1 "), HasSubstr("\n2 ")));
  fs::remove_all(backups_ + "/private/2");
  const Ran damaged = Semel({"backups", backups_, "-o", "json"});
  EXPECT_EQ(damaged.exit_code, ExitCode::kUnsound);
  const json list = damaged.as_json().at("backups");
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].at("damaged"), false);
  EXPECT_GT(list[0].at("size_bytes"), 10'000);
  EXPECT_EQ(list[1], (json{{"backup", 2}, {"damaged", true}}));
  const Ran nothing = Semel({"backups", data_});
  EXPECT_EQ(nothing.exit_code, ExitCode::kRefused);
  EXPECT_THAT(nothing.err, HasSubstr("no backups of Semel's"));
}

// What its help says that it does not see.
TEST_F(LocalCommandsTest, AListReadsNoFileOfABackup) {
  Work();
  Back();
  FlipAByte(Table(backups_));
  EXPECT_EQ(Semel({"backups", backups_}).exit_code, ExitCode::kOk);
  EXPECT_EQ(Semel({"restore", "--from", backups_, directory_ / "flipped"}).exit_code, ExitCode::kUnsound);
  fs::resize_file(Table(backups_), 100);
  EXPECT_EQ(Semel({"backups", backups_}).exit_code, ExitCode::kOk);
  EXPECT_EQ(Semel({"restore", "--from", backups_, directory_ / "cut"}).exit_code, ExitCode::kUnsound);
  fs::remove(Table(backups_));
  EXPECT_EQ(Semel({"backups", backups_}).exit_code, ExitCode::kUnsound);
  EXPECT_THAT(Semel({"backups", "--help"}).out,
              AllOf(HasSubstr("files of a backup are missing"), HasSubstr("is not seen"), HasSubstr("semel verify")));
}

TEST_F(LocalCommandsTest, HelpSaysWhatARestoreForgets) {
  for (const char* command : {"verify", "restore", "backups"}) {
    const Ran help = Semel({command, "--help"});
    EXPECT_EQ(help.exit_code, ExitCode::kOk);
    EXPECT_THAT(help.out,
                AllOf(HasSubstr("Examples:"), HasSubstr("Exit codes:"), HasSubstr("semel "), HasSubstr("--output")));
  }
  EXPECT_THAT(Semel({"restore", "--help"}).out, AllOf(HasSubstr("RUNS ITS EFFECT A SECOND TIME"), HasSubstr("clock")));
}

}  // namespace
}  // namespace semel
