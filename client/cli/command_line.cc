#include "client/cli/command_line.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "client/cli/local/local_commands.h"
#include "client/cli/run/run_exit_code.h"
#include "client/cli/script_commands.h"
#include "client/cli/usage_error.h"
#include "client/cli/value_checks.h"

namespace semel::cli {
namespace {

constexpr char kDescription[] = "Do a side effect once: begin before it, complete after it.";
constexpr char kExamples[] =
    "A first conversation:\n"
    "  export SEMEL_NAMESPACE=shop\n"
    "  semel begin order/1017                                  # acquired, with a token\n"
    "  semel begin order/1017                                  # in progress\n"
    "  semel complete order/1017 --token TOKEN --result done\n"
    "  semel begin order/1017                                  # done, with the result\n"
    "  semel lookup order/1017\n"
    "\n"
    "Or all of it at once, for a script:\n"
    "  semel run --key nightly/2024-05-01 --wait 1h -- ./nightly\n"
    "\n"
    "semel COMMAND --help has examples for each.\n"
    "\n";

// All commands that were added since the last call.
void NameGroup(CLI::App& app, const std::string& group) {
  const std::string unnamed = CLI::App().get_group();
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
    if (command->get_group() == unnamed) command->group(group);
  }
}

// What follows `--` after `run` belongs to the command, byte for byte: it is taken off before options are looked for.
std::vector<std::string> TakeWords(std::vector<std::string>& arguments) {
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  if (dashes == arguments.end() || std::find(arguments.begin(), dashes, "run") == dashes) return {};
  std::vector<std::string> words(dashes + 1, arguments.end());
  arguments.erase(dashes, arguments.end());
  return words;
}

// CLI11 takes `--name=` for an option whose value is the next word.
void RefuseNothingAfterEquals(const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (argument.starts_with("--") && argument.find('=') == argument.size() - 1) {
      const std::string name = argument.substr(0, argument.size() - 1);
      throw CLI::ValidationError(name, "the value is empty: give one, leave the option out, or write " + name + " ''");
    }
  }
}

// CLI11 2.1 takes what is no flag for a number, and lets the error of that end the process.
void RefuseOtherThanFlag(const std::vector<std::string>& arguments) {
  const std::string name = "--tls";
  for (const std::string& argument : arguments) {
    if (!argument.starts_with(name + "=")) continue;
    const std::string value = argument.substr(name.size() + 1);
    if (value == "true" || value == "false" || value == "1" || value == "0") continue;
    throw CLI::ValidationError(name, "\"" + value + "\" is neither true nor false");
  }
}

// An answer that was never written must not look like success.
int ExitCodeOnceWritten(int exit_code) {
  std::cout.flush();
  if (std::cout) return exit_code;
  std::cout.clear();
  errno = 0;
  std::fflush(stdout);  // what could not be written is still there, and fails for the same reason
  std::cerr << "semel: cannot write standard output" << (errno == 0 ? "" : std::string(": ") + std::strerror(errno))
            << "\n";
  return static_cast<int>(ExitCode::kError);
}

}  // namespace

CommandLine::CommandLine() : app(kDescription, "semel") {
  app.require_subcommand(1);
  app.footer(std::string(kExamples) + kExitCodeHelp);
  app.set_version_flag("--version", "semel " SEMEL_VERSION, "Print the version");
  app.failure_message([](const CLI::App* tree, const CLI::Error& error) { return ExplainUsage(*tree, error); });
  AddCommonOptions(app, common);

  AddRunCommand(app, common, words, exit_code);
  NameGroup(app, "For scripts");
  AddBeginCommand(app, common, exit_code);
  AddCompleteCommand(app, common, exit_code);
  AddCheckpointCommand(app, common, exit_code);
  AddRenewCommand(app, common, exit_code);
  AddReleaseCommand(app, common, exit_code);
  AddLookupCommand(app, common, exit_code);
  NameGroup(app, "For owners of keys, step by step");

  AddListCommand(app, common, exit_code);
  AddResolveCommand(app, common, exit_code);
  AddDeleteCommand(app, common, exit_code);
  AddStatsCommand(app, common, exit_code);
  AddBackupCommand(app, common, exit_code);
  NameGroup(app, "For operators");

  AddLocalCommands(app, common, exit_code);
  NameGroup(app, "On directories of this machine, without a server");

  AddCompletionCommand(app);
  NameGroup(app, "About the command line");

  RefuseValuesThatAreNone(app);
}

void CommandLine::Parse(std::vector<std::string> arguments) {
  words = TakeWords(arguments);
  RefuseNothingAfterEquals(arguments);
  RefuseOtherThanFlag(arguments);
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
  app.parse(std::move(arguments));
}

int CommandLine::Run(int argc, const char* const* argv) {
  const bool is_run = argc > 1 && std::string(argv[1]) == "run";
  try {
    Parse({argv + 1, argv + argc});
  } catch (const CLI::ParseError& error) {
    // CLI11 has many codes for wrong usage; callers need one.
    if (app.exit(error) == 0) return ExitCodeOnceWritten(0);
    return is_run || app.got_subcommand("run") ? static_cast<int>(kRunUsage) : static_cast<int>(ExitCode::kUsage);
  }
  // `run` looks after its output itself.
  return app.got_subcommand("run") ? static_cast<int>(exit_code) : ExitCodeOnceWritten(static_cast<int>(exit_code));
}

}  // namespace semel::cli
