#include <iostream>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "client/cli/local/local_commands.h"
#include "client/cli/value_checks.h"
#include "storage/rocksdb/backup.h"

namespace semel::cli {
namespace {

constexpr char kFooter[] =
    "READ THIS FIRST. A restored server has forgotten everything that happened after the backup was made:\n"
    "  - keys that were completed since are unknown again: whoever repeats such a request RUNS ITS EFFECT A SECOND "
    "TIME;\n"
    "  - keys that were in progress in the backup may have been completed since, and look abandoned now;\n"
    "  - owners that work now get KEY_NOT_FOUND or TOKEN_STALE, and must stop;\n"
    "  - what an operator resolved or deleted since is back as it was.\n"
    "Before callers reach it:\n"
    "  1. Keep them away, and stop the workers. Keep the old data directory: semel verify says whether it is sound, "
    "and a sound one\n"
    "     knows more than any backup.\n"
    "  2. Find out from the systems behind (the bank's statement, the mail log, the orders) what was done after the "
    "backup.\n"
    "  3. Restore and start the server where callers do not reach it. Report each of those effects to it: semel begin "
    "KEY, then\n"
    "     semel complete KEY --token TOKEN. Let systems behind that compare fencing tokens go on doing so.\n"
    "  4. The machine's clock must be right: fencing tokens come from it, and grow past those that were given out "
    "since the\n"
    "     backup only if it does not run behind.\n"
    "  5. Only then let the callers in.\n"
    "\n"
    "Nothing is overwritten: DATA_DIR must be absent or empty, and apart from BACKUP_DIR. It is complete only when "
    "the\n"
    "command has ended well. A directory that a failed or an interrupted restore left is refused by every server: "
    "restore\n"
    "into it again after a failure (exit code 1 or 14); empty it first where the command was killed.\n"
    "Checksums of all files are compared.\n"
    "\n"
    "Examples:\n"
    "  semel backups /backup/semel\n"
    "  semel restore --from /backup/semel /var/lib/semel-restored\n"
    "  semel restore --from /backup/semel --backup 41 /var/lib/semel-restored\n"
    "  semel verify /var/lib/semel-restored\n"
    "\n"
    "Exit codes:\n"
    "   0  restored\n"
    "   1  it could not be written or read; DATA_DIR holds no database\n"
    "   2  wrong usage\n"
    "  13  refused: DATA_DIR is not empty or in use, there is no such backup, or it is of a newer release\n"
    "  14  the backup is damaged; DATA_DIR holds no database. The message names other backups";

struct Order {
  std::string from;
  std::optional<uint32_t> backup;
  std::string data_dir;
};

ExitCode Restore(const Order& order, const CommonOptions& common) {
  const absl::StatusOr<storage::BackupInfo> restored = storage::RestoreBackup(order.from, order.backup, order.data_dir);
  if (!restored.ok()) return PrintLocalError(common, restored.status());
  Facts facts("restore", "restored");
  facts.AddNumber("backup", restored->id);
  facts.AddInstant("made", restored->create_time);
  facts.AddNumber("size_bytes", static_cast<int64_t>(restored->size_bytes));
  facts.AddText("data_dir", order.data_dir);
  Print(common, facts);
  std::cerr
      << "What happened after the backup was made is forgotten: work done since may run again. Before callers reach a\n"
         "server on this directory, do what semel restore --help says. Next: semel verify "
      << Shown(order.data_dir) << "\n";
  return ExitCode::kOk;
}

}  // namespace

void AddRestoreCommand(CLI::App& app, CommonOptions& common, ExitCode& exit_code) {
  CLI::App* command = app.add_subcommand("restore", "Put a backup into an empty data directory; read --help first");
  auto order = std::make_shared<Order>();
  command->add_option("--from", order->from, "The backup directory")->type_name("BACKUP_DIR")->required();
  command
      ->add_option("--backup", order->backup, "Which one, as semel backups lists them (default: the latest whole one)")
      ->type_name("N")
      ->check(WholeNumber(1, std::numeric_limits<uint32_t>::max()));
  command->add_option("DATA_DIR", order->data_dir, "Absent or empty")->required();
  AddOutputOption(*command, common);
  command->footer(kFooter);
  command->callback([order, &common, &exit_code] { exit_code = Restore(*order, common); });
}

}  // namespace semel::cli
