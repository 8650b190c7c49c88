// The commands of `semel`. Each adds itself to the command line and leaves its exit code behind when it has run.

#ifndef SEMEL_CLIENT_CLI_COMMAND_H_
#define SEMEL_CLIENT_CLI_COMMAND_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "absl/status/statusor.h"
#include "client/cli/exit_code.h"
#include "client/cli/facts.h"
#include "client/cli/tls_options.h"
#include "semel/client.h"

namespace semel::cli {

// What every command takes.
struct CommonOptions {
  std::string address;
  std::string namespace_name;
  std::string output = "text";
  Duration timeout = std::chrono::seconds(10);
  TlsOptions tls;
};

void AddCommonOptions(CLI::App& command, CommonOptions& common);

// An option whose value is a length of time such as 30s.
void AddDuration(CLI::App& command, const std::string& name, const std::string& help,
                 std::function<void(Duration)> set);
// The same, above zero: how long to try.
void AddTimeout(CLI::App& command, const std::string& name, const std::string& help, std::function<void(Duration)> set);
// An option whose value is bytes in hexadecimal digits.
void AddHex(CLI::App& command, const std::string& name, const std::string& help, std::function<void(std::string)> set);

// Empty where it is not set.
std::string Environment(const char* name);

// The namespace that was given, or that of the environment. Errors: kInvalidArgument where there is neither. `otherwise` is
// what else one could have given, for example "--all-namespaces, ".
absl::StatusOr<std::string> NamespaceOf(const CommonOptions& common, const std::string& otherwise = "");

// Where to connect to, how, and how long to try: what every connection needs. Errors: kInvalidArgument where the address or what is
// said of TLS, also in the environment, is none.
absl::StatusOr<ClientOptions> ConnectionOf(const CommonOptions& common);
absl::StatusOr<std::unique_ptr<Client>> Open(const CommonOptions& common);

// Prints in the format that was asked for.
void Print(const CommonOptions& common, const Facts& facts);
ExitCode PrintError(const CommonOptions& common, const absl::Status& error);

void AddBeginCommand(CLI::App& app, CommonOptions& common, ExitCode& exit_code);
void AddCompleteCommand(CLI::App& app, CommonOptions& common, ExitCode& exit_code);
void AddLookupCommand(CLI::App& app, CommonOptions& common, ExitCode& exit_code);

void AddListCommand(CLI::App& app, CommonOptions& common, ExitCode& exit_code);
void AddResolveCommand(CLI::App& app, CommonOptions& common, ExitCode& exit_code);
void AddDeleteCommand(CLI::App& app, CommonOptions& common, ExitCode& exit_code);
void AddStatsCommand(CLI::App& app, CommonOptions& common, ExitCode& exit_code);
void AddBackupCommand(CLI::App& app, CommonOptions& common, ExitCode& exit_code);

// When it runs, all commands have been added.
void AddCompletionCommand(CLI::App& app);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_COMMAND_H_
