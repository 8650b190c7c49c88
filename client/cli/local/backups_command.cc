#include <iostream>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "client/cli/local/local_commands.h"
#include "storage/rocksdb/backup.h"

namespace semel::cli {
namespace {

constexpr char kFooter[] =
    "Oldest first, with the time at which each was made: a server that is restored from it forgets what happened "
    "later.\n"
    "It sees that files of a backup are missing, and lists that backup as damaged. It reads none of them: a file that\n"
    "is cut short, overwritten or rotten on its disk is not seen. To know that a backup is sound, restore it into a\n"
    "spare directory, which compares the checksum of every file, and run semel verify on the copy, which reads every\n"
    "record.\n"
    "\n"
    "Examples:\n"
    "  semel backups /backup/semel\n"
    "  semel backups /backup/semel --output json\n"
    "\n"
    "Exit codes:\n"
    "   0  listed, and no file is missing\n"
    "   1  another error\n"
    "   2  wrong usage\n"
    "  13  refused: no backups of Semel's are there, or one is being made\n"
    "  14  at least one is damaged";

std::string MadeAt(const storage::BackupInfo& backup) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromChrono(backup.create_time), absl::UTCTimeZone());
}

void PrintJson(const std::vector<storage::BackupInfo>& backups) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const storage::BackupInfo& backup : backups) {
    nlohmann::ordered_json one = {{"backup", backup.id}, {"damaged", backup.damaged}};
    if (!backup.damaged) one.update({{"made", MadeAt(backup)}, {"size_bytes", backup.size_bytes}});
    list.push_back(std::move(one));
  }
  std::cout << nlohmann::ordered_json{{"backups", std::move(list)}}.dump() << std::endl;
}

void PrintTable(const std::vector<storage::BackupInfo>& backups) {
  std::cout << absl::StreamFormat("%-8s %-21s %s\n", "BACKUP", "MADE", "BYTES");
  for (const storage::BackupInfo& backup : backups) {
    if (backup.damaged) {
      std::cout << absl::StreamFormat("%-8d damaged\n", backup.id);
    } else {
      std::cout << absl::StreamFormat("%-8d %-21s %d\n", backup.id, MadeAt(backup), backup.size_bytes);
    }
  }
  std::cout << std::flush;
}

ExitCode List(const std::string& directory, const CommonOptions& common) {
  const absl::StatusOr<std::vector<storage::BackupInfo>> backups = storage::ListBackups(directory);
  if (!backups.ok()) return PrintLocalError(common, backups.status());
  common.output == "json" ? PrintJson(*backups) : PrintTable(*backups);
  for (const storage::BackupInfo& backup : *backups) {
    if (backup.damaged) return ExitCode::kUnsound;
  }
  return ExitCode::kOk;
}

}  // namespace

void AddBackupsCommand(CLI::App& app, CommonOptions& common, ExitCode& exit_code) {
  CLI::App* command = app.add_subcommand("backups", "List the backups in a directory");
  auto directory = std::make_shared<std::string>();
  command->add_option("BACKUP_DIR", *directory, "The backup directory")->required();
  AddOutputOption(*command, common);
  command->footer(kFooter);
  command->callback([directory, &common, &exit_code] { exit_code = List(*directory, common); });
}

}  // namespace semel::cli
