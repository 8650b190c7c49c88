#include <memory>

#include "client/cli/attempt_options.h"
#include "client/cli/command.h"
#include "client/cli/report.h"
#include "client/cli/script_commands.h"

namespace semel::cli {
namespace {

constexpr char kExamples[] =
    "Gives a key back: \"I did nothing, let another try now\".\n"
    "\n"
    "Examples:\n"
    "  semel release order/1017 -n shop --token 1714521600000001\n"
    "  semel release                                # inside of semel run, which then loses its lease and ends the "
    "command\n"
    "\n";

ExitCode Release(const AttemptOptions& attempt, const CommonOptions& common) {
  auto client = Open(common);
  if (!client.ok()) return PrintError(common, client.status());
  const absl::Status released = (*client)->Release(attempt.key, attempt.token);
  if (!released.ok()) return PrintError(common, released);
  Print(common, Facts("answer", "released"));
  return ExitCode::kOk;
}

}  // namespace

void AddReleaseCommand(CLI::App& app, CommonOptions& common, ExitCode& exit_code) {
  CLI::App* command = app.add_subcommand("release", "Give a key back without having done anything");
  auto attempt = std::make_shared<AttemptOptions>();
  AddAttemptOptions(*command, "KEY,--key", *attempt);
  AddCommonOptions(*command, common);
  command->footer(std::string(kExamples) + kExitCodeHelp);
  command->callback([attempt, &common, &exit_code] { exit_code = Release(*attempt, common); });
}

}  // namespace semel::cli
