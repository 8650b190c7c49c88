#include "client/cli/local/local_commands.h"

#include <iostream>
#include <string>

namespace semel::cli {
namespace {

ExitCode LocalExitCodeOf(const absl::Status& error) {
  if (absl::IsDataLoss(error)) return ExitCode::kUnsound;
  if (absl::IsInvalidArgument(error)) return ExitCode::kUsage;
  return absl::IsFailedPrecondition(error) || absl::IsNotFound(error) ? ExitCode::kRefused : ExitCode::kError;
}

std::string HeadlineOf(ExitCode exit_code) {
  if (exit_code == ExitCode::kUnsound) return "damaged";
  return exit_code == ExitCode::kRefused ? "refused" : "failed";
}

}  // namespace

void AddLocalCommands(CLI::App& app, CommonOptions& common, ExitCode& exit_code) {
  AddVerifyCommand(app, common, exit_code);
  AddRestoreCommand(app, common, exit_code);
  AddBackupsCommand(app, common, exit_code);
}

void AddOutputOption(CLI::App& command, CommonOptions& common) {
  command.add_option("-o,--output", common.output, "Format of the answer: text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("FORMAT");
}

ExitCode PrintLocalError(const CommonOptions& common, const absl::Status& error) {
  const ExitCode exit_code = LocalExitCodeOf(error);
  const std::string message(error.message());
  if (common.output == "json") {
    Facts facts("error", HeadlineOf(exit_code));
    facts.AddText("message", message);
    Print(common, facts);
  } else {
    std::cerr << "semel: " << HeadlineOf(exit_code) << "\n  " << Shown(message) << "\n";
  }
  return exit_code;
}

}  // namespace semel::cli
