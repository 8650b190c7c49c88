// Administration of the real server: the audit log on its stderr, backups while it writes, and administration turned off.

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <optional>
#include <sstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "storage/rocksdb/backup.h"
#include "tests/support/caller.h"
#include "tests/support/requests.h"
#include "tests/support/semeld.h"

namespace semel::e2e {
namespace {

using support::BeginOf;
using support::Caller;
using support::DeleteOf;
using support::ResolveToAbsentOf;
using support::ResultOf;
using support::Semeld;
using support::TemporaryDirectory;

v1::CreateBackupRequest BackupOf(const std::string& actor) {
  v1::CreateBackupRequest request;
  request.set_actor(actor);
  request.set_reason("nightly");
  return request;
}

std::vector<nlohmann::json> AuditLines(const Semeld& semeld) {
  std::vector<nlohmann::json> lines;
  std::istringstream log(semeld.Log());
  for (std::string text; std::getline(log, text);) {
    nlohmann::json line = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    EXPECT_FALSE(line.is_discarded()) << text;
    if (line["message"] == "audit") lines.push_back(line);
  }
  return lines;
}

TEST(AdminProcessTest, EveryChangeLeavesOneLine) {
  TemporaryDirectory directory;
  Semeld semeld(directory, {.config = "log: {format: json, level: error}\n"});
  ASSERT_TRUE(semeld.AwaitReady()) << semeld.Log();
  std::optional<Caller> connected(semeld.NewChannel());
  const Caller& caller = *connected;
  ASSERT_TRUE(caller.Call(BeginOf("order-1")).ok());
  v1::DeleteKeyRequest deletion = DeleteOf("order-1");
  deletion.set_reason("\"quoted\"\nand a second line \x1b[31m \xc3\xa9 {}");
  ASSERT_TRUE(caller.Call(deletion).ok());
  ASSERT_FALSE(caller.Call(ResolveToAbsentOf("order-2")).ok());
  v1::DeleteKeyRequest nobody = DeleteOf(std::string(5000, 'k'));
  nobody.clear_actor();
  ASSERT_FALSE(caller.Call(nobody).ok());
  ASSERT_FALSE(caller.Call(BackupOf("ben")).ok());
  ASSERT_TRUE(caller.Call(v1::GetStatsRequest()).ok());
  connected.reset();  // an idle connection would be waited for
  ASSERT_EQ(semeld.Stop(), 0);

  const auto lines = AuditLines(semeld);
  ASSERT_EQ(lines.size(), 4u) << semeld.Log();
  EXPECT_EQ(lines[0]["call"], "DeleteKey");
  EXPECT_EQ(lines[0]["namespace"], "shop");
  EXPECT_EQ(lines[0]["key"], "order-1") << "at every log level";
  EXPECT_EQ(lines[0]["actor"], "ana");
  EXPECT_EQ(lines[0]["reason"], deletion.reason());
  EXPECT_EQ(lines[0]["outcome"], "OK");
  EXPECT_EQ(lines[0]["details"], "was IN_PROGRESS");
  EXPECT_THAT(lines[0]["peer"].get<std::string>(), testing::StartsWith("ipv4:127.0.0.1:"));
  EXPECT_EQ(lines[1]["call"], "ResolveKey");
  EXPECT_EQ(lines[1]["outcome"], "KEY_NOT_FOUND");
  EXPECT_EQ(lines[2]["outcome"], "FIELD_INVALID");
  EXPECT_LT(lines[2]["key"].get<std::string>().size(), 300u) << "cut";
  EXPECT_EQ(lines[3]["call"], "CreateBackup");
  EXPECT_EQ(lines[3]["actor"], "ben");
  EXPECT_EQ(lines[3]["outcome"], "BACKUP_NOT_CONFIGURED");
}

TEST(AdminProcessTest, TurnedOffItAnswersForbidden) {
  TemporaryDirectory directory;
  Semeld semeld(directory, {.config = "admin: {service: false}\nlog: {format: json}\n"});
  ASSERT_TRUE(semeld.AwaitReady()) << semeld.Log();
  std::optional<Caller> connected(semeld.NewChannel());
  const Caller& caller = *connected;
  ASSERT_TRUE(caller.Call(BeginOf("order-1")).ok()) << "the others are served";
  for (const support::WireError& error :
       {caller.Call(DeleteOf("order-1")).error(), caller.Call(ResolveToAbsentOf("order-1")).error(),
        caller.Call(v1::ListKeysRequest()).error(), caller.Call(v1::GetStatsRequest()).error(),
        caller.Call(BackupOf("ana")).error()}) {
    EXPECT_EQ(error.code, grpc::StatusCode::PERMISSION_DENIED) << error;
    EXPECT_EQ(error.reason, "ADMIN_FORBIDDEN") << error;
  }
  connected.reset();  // an idle connection would be waited for
  ASSERT_EQ(semeld.Stop(), 0);
  EXPECT_EQ(AuditLines(semeld).size(), 3u) << "who tried is worth knowing";
}

TEST(AdminProcessTest, ABackupHoldsWhatWasAcknowledgedBeforeWhileWritesGoOn) {
  TemporaryDirectory directory;
  const std::string backups = directory / "backups";
  Semeld semeld(directory,
                {.config = absl::StrCat("backup: {directory: ", backups, ", keep: 2}\n", "log: {format: json}\n")});
  ASSERT_TRUE(semeld.AwaitReady()) << semeld.Log();
  std::optional<Caller> connected(semeld.NewChannel());
  const Caller& caller = *connected;
  const auto complete = [&](const std::string& key) {
    const auto begun = caller.Call(BeginOf(key));
    ASSERT_TRUE(begun.ok()) << begun.error();
    const auto completed = caller.Call(ResultOf(key, begun->acquired().token(), key));
    ASSERT_TRUE(completed.ok()) << completed.error();
  };
  for (int i = 0; i < 50; ++i) complete(absl::StrCat("before-", i));

  std::atomic<bool> over = false;
  std::atomic<int> written = 0;
  std::thread writer([&] {
    while (!over) complete(absl::StrCat("meanwhile-", written++));
  });
  for (int id = 1; id <= 3; ++id) {
    const auto made = caller.Call(BackupOf("ana"));
    EXPECT_TRUE(made.ok()) << made.error();
    EXPECT_EQ(made->backup().id(), id);
    EXPECT_EQ(made->backups_kept(), std::min(id, 2));
    EXPECT_GT(made->backup().size_bytes(), 0);
  }
  over = true;
  writer.join();
  EXPECT_GT(written, 0);
  EXPECT_EQ(caller.Call(v1::GetStatsRequest())->last_backup().id(), 3);
  EXPECT_THAT(semeld.Get("/metrics").body, testing::HasSubstr("semel_backups_total{result=\"made\"} 3"));
  connected.reset();  // an idle connection would be waited for
  ASSERT_EQ(semeld.Stop(), 0);
  const auto lines = AuditLines(semeld);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[2]["details"], "backup 3");

  const auto restored = storage::RestoreBackup(backups, std::nullopt, directory / "restored");
  ASSERT_TRUE(restored.ok()) << restored.status();
  Semeld again(directory, {.data_dir = "restored", .config = absl::StrCat("backup: {directory: ", backups, "}\n")});
  ASSERT_TRUE(again.AwaitReady()) << again.Log();
  const Caller later(again.NewChannel());
  for (int i = 0; i < 50; ++i) {
    const std::string key = absl::StrCat("before-", i);
    EXPECT_EQ(later.Call(BeginOf(key))->done().result().payload(), key);
  }
  EXPECT_EQ(later.Call(v1::GetStatsRequest())->last_backup().id(), 3) << "known from the directory";
}

TEST(AdminProcessTest, ABackupThatCannotBeMadeLeavesTheServerServing) {
  TemporaryDirectory directory;
  Semeld semeld(directory, {.config = "backup: {directory: /proc/no-such-place/backups}\nlog: {format: json}\n"});
  ASSERT_TRUE(semeld.AwaitReady()) << semeld.Log();
  std::optional<Caller> connected(semeld.NewChannel());
  const Caller& caller = *connected;
  const support::WireError error = caller.Call(BackupOf("ana")).error();
  EXPECT_EQ(error.code, grpc::StatusCode::UNAVAILABLE) << error;
  EXPECT_EQ(error.reason, "BACKUP_FAILED") << error;
  EXPECT_TRUE(caller.Call(BeginOf("order-1")).ok());
  EXPECT_THAT(semeld.Get("/metrics").body, testing::HasSubstr("semel_backups_total{result=\"failed\"} 1"));
  connected.reset();  // an idle connection would be waited for
  ASSERT_EQ(semeld.Stop(), 0);
  EXPECT_EQ(AuditLines(semeld).at(0)["outcome"], "BACKUP_FAILED");
}

}  // namespace
}  // namespace semel::e2e
