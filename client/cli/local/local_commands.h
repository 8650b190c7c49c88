// The commands that work on directories of this machine and need no server: verify, restore, backups. A room of its own, so that
// what else the command line and the client library are made of knows no storage.

#ifndef SEMEL_CLIENT_CLI_LOCAL_LOCAL_COMMANDS_H_
#define SEMEL_CLIENT_CLI_LOCAL_LOCAL_COMMANDS_H_

#include <CLI/CLI.hpp>

#include "absl/status/status.h"
#include "client/cli/command.h"
#include "client/cli/exit_code.h"

namespace semel::cli {

void AddLocalCommands(CLI::App& app, CommonOptions& common, ExitCode& exit_code);

void AddVerifyCommand(CLI::App& app, CommonOptions& common, ExitCode& exit_code);
void AddRestoreCommand(CLI::App& app, CommonOptions& common, ExitCode& exit_code);
void AddBackupsCommand(CLI::App& app, CommonOptions& common, ExitCode& exit_code);

// The one common option that means something without a server.
void AddOutputOption(CLI::App& command, CommonOptions& common);

// kUnsound for damage, kRefused for what must not be done, kError for what could not be.
ExitCode PrintLocalError(const CommonOptions& common, const absl::Status& error);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_LOCAL_LOCAL_COMMANDS_H_
