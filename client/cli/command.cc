#include "client/cli/command.h"
#include "client/cli/script_commands.h"

#include <cstdlib>
#include <iostream>
#include <utility>

#include "client/cli/bytes_text.h"
#include "client/cli/duration_text.h"
#include "client/cli/report.h"

namespace semel::cli {

void AddDuration(CLI::App& command, const std::string& name, const std::string& help,
                 std::function<void(Duration)> set) {
  command
      .add_option_function<std::string>(
          name,
          [name, set = std::move(set)](const std::string& text) {
            const std::optional<Duration> duration = ParseDuration(text);
            if (!duration)
              throw CLI::ValidationError(name, "\"" + text + "\" is no length of time such as 30s or 1h30m");
            set(*duration);
          },
          help)
      ->type_name("DURATION");
}

void AddHex(CLI::App& command, const std::string& name, const std::string& help, std::function<void(std::string)> set) {
  command
      .add_option_function<std::string>(
          name,
          [name, set = std::move(set)](const std::string& text) {
            const std::optional<std::string> bytes = FromHex(text);
            if (!bytes)
              throw CLI::ValidationError(name, "\"" + text + "\" is not an even number of hexadecimal digits");
            set(*bytes);
          },
          help)
      ->type_name("HEX");
}

void AddConnectionOptions(CLI::App& command, CommonOptions& common) {
  command.add_option("--address", common.address, "Where semeld listens (default: SEMEL_ADDRESS, else localhost:7420)")
      ->type_name("HOST:PORT")
      ->group("Connection");
  command.add_option("-n,--namespace", common.namespace_name, "Who the key belongs to (default: SEMEL_NAMESPACE)")
      ->type_name("NAME")
      ->group("Connection");
  AddDuration(command, "--timeout", "How long to try to reach the server (default: 10s)",
              [&common](Duration timeout) { common.timeout = timeout; });
  command.get_option("--timeout")->group("Connection");
}

void AddCommonOptions(CLI::App& command, CommonOptions& common) {
  AddConnectionOptions(command, common);
  command.add_option("-o,--output", common.output, "Format of the answer: text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("FORMAT")
      ->group("Connection");
}

absl::StatusOr<ClientOptions> ClientOptionsOf(const CommonOptions& common) {
  const char* environment = std::getenv("SEMEL_NAMESPACE");
  if (common.namespace_name.empty() && (environment == nullptr || *environment == '\0')) {
    return absl::InvalidArgumentError("no namespace: give --namespace NAME, or set SEMEL_NAMESPACE");
  }
  ClientOptions options;
  options.address = common.address;
  options.namespace_name = common.namespace_name;
  options.call_timeout = common.timeout;
  return options;
}

absl::StatusOr<std::unique_ptr<Client>> Open(const CommonOptions& common) {
  absl::StatusOr<ClientOptions> options = ClientOptionsOf(common);
  if (!options.ok()) return options.status();
  return Client::Connect(*std::move(options));
}

void Print(const CommonOptions& common, const Facts& facts) {
  std::cout << (common.output == "json" ? facts.AsJson() : facts.AsText()) << std::flush;
}

ExitCode PrintError(const CommonOptions& common, const absl::Status& error) {
  if (common.output == "json") {
    std::cout << FactsOf(error).AsJson() << std::flush;
  } else {
    std::cerr << Explain(error);
  }
  return ExitCodeOf(error);
}

}  // namespace semel::cli
