// The commands for scripts: `run`, and what works from inside of it.

#ifndef SEMEL_CLIENT_CLI_SCRIPT_COMMANDS_H_
#define SEMEL_CLIENT_CLI_SCRIPT_COMMANDS_H_

#include <string>
#include <vector>

#include "client/cli/command.h"

namespace semel::cli {

// Of the common options those that say where the server is and how long to try.
void AddConnectionOptions(CLI::App& command, CommonOptions& common);
// Errors: kInvalidArgument where no namespace is given.
absl::StatusOr<ClientOptions> ClientOptionsOf(const CommonOptions& common);

// `words` is what stands after `--`, and is filled in before the parsing. The exit code is the command's or one of
// run/run_exit_code.h.
void AddRunCommand(CLI::App& app, CommonOptions& common, const std::vector<std::string>& words, ExitCode& exit_code);
void AddCheckpointCommand(CLI::App& app, CommonOptions& common, ExitCode& exit_code);
void AddRenewCommand(CLI::App& app, CommonOptions& common, ExitCode& exit_code);
void AddReleaseCommand(CLI::App& app, CommonOptions& common, ExitCode& exit_code);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_SCRIPT_COMMANDS_H_
