#include <memory>
#include <optional>

#include "client/cli/attempt_options.h"
#include "client/cli/command.h"
#include "client/cli/report.h"
#include "client/cli/script_commands.h"

namespace semel::cli {
namespace {

constexpr char kExamples[] =
    "Extends the lease, counted from now. Stop working when the exit code is not 0. Inside of semel run the lease is "
    "renewed by\n"
    "itself; a renew there tells whether it still holds.\n"
    "\n"
    "Examples:\n"
    "  semel renew order/1017 -n shop --token 1714521600000001\n"
    "  semel renew order/1017 -n shop --token 1714521600000001 --lease 10m\n"
    "  semel renew                                  # inside of semel run\n"
    "\n";

struct Renewal {
  AttemptOptions attempt;
  std::optional<Duration> lease;
};

ExitCode Renew(const Renewal& renewal, const CommonOptions& common) {
  auto client = Open(common);
  if (!client.ok()) return PrintError(common, client.status());
  const absl::StatusOr<Duration> lease =
      (*client)->Renew({.key = renewal.attempt.key, .token = renewal.attempt.token, .lease = renewal.lease});
  if (!lease.ok()) return PrintError(common, lease.status());
  Facts facts("answer", "renewed");
  facts.AddLength("lease", *lease);
  Print(common, facts);
  return ExitCode::kOk;
}

}  // namespace

void AddRenewCommand(CLI::App& app, CommonOptions& common, ExitCode& exit_code) {
  CLI::App* command = app.add_subcommand("renew", "Extend the lease of a key that is owned");
  auto renewal = std::make_shared<Renewal>();
  AddAttemptOptions(*command, "KEY,--key", renewal->attempt);
  AddDuration(*command, "--lease", "Its new length (default: as granted before)",
              [renewal](Duration lease) { renewal->lease = lease; });
  AddCommonOptions(*command, common);
  command->footer(std::string(kExamples) + kExitCodeHelp);
  command->callback([renewal, &common, &exit_code] { exit_code = Renew(*renewal, common); });
}

}  // namespace semel::cli
