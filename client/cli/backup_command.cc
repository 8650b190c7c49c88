#include <chrono>
#include <memory>
#include <utility>

#include "client/cli/operator.h"
#include "client/cli/report.h"

namespace semel::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  semel backup --reason 'before the upgrade'\n"
    "  semel backup --reason nightly --wait 4h --output json\n"
    "\n"
    "The server goes on serving. It writes into the backup directory that its configuration names.\n"
    "\n";

struct Order {
  Audit audit;
  Duration wait = std::chrono::hours(1);
};

ExitCode Backup(const Order& order, const CommonOptions& common) {
  auto admin = OpenAdmin(common);
  if (!admin.ok()) return PrintError(common, admin.status());
  const absl::StatusOr<CreatedBackup> created =
      (*admin)->CreateBackup({.reason = order.audit.reason, .actor = order.audit.actor, .timeout = order.wait});
  if (!created.ok()) return PrintError(common, created.status());
  Print(common, FactsOf(*created));
  return ExitCode::kOk;
}

}  // namespace

void AddBackupCommand(CLI::App& app, CommonOptions& common, ExitCode& exit_code) {
  CLI::App* command = app.add_subcommand("backup", "Back up the server's database while it serves");
  auto order = std::make_shared<Order>();
  AddAuditOptions(*command, order->audit);
  AddTimeout(*command, "--wait", "How long to wait until it is made (default: 1h); --timeout does not count here",
             [order](Duration wait) { order->wait = wait; });
  AddServerOptions(*command, common);
  command->footer(std::string(kExamples) + kExitCodeHelp);
  command->callback([order, &common, &exit_code] { exit_code = Backup(*order, common); });
}

}  // namespace semel::cli
