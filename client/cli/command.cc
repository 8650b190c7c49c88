#include "client/cli/command.h"
#include "client/cli/script_commands.h"

#include <cstdlib>
#include <iostream>
#include <utility>

#include "client/cli/address_check.h"
#include "client/cli/bytes_text.h"
#include "client/cli/duration_text.h"
#include "client/cli/report.h"
#include "client/cpp/utf8.h"

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

void AddTimeout(CLI::App& command, const std::string& name, const std::string& help,
                std::function<void(Duration)> set) {
  AddDuration(command, name, help, [name, set = std::move(set)](Duration timeout) {
    if (timeout <= Duration::zero()) throw CLI::ValidationError(name, "must be above zero");
    set(timeout);
  });
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
  AddTimeout(command, "--timeout", "How long to try to reach the server (default: 10s)",
             [&common](Duration timeout) { common.timeout = timeout; });
  command.get_option("--timeout")->group("Connection");
  AddTlsOptions(command, common.tls);
}

void AddCommonOptions(CLI::App& command, CommonOptions& common) {
  AddConnectionOptions(command, common);
  command.add_option("-o,--output", common.output, "Format of the answer: text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("FORMAT")
      ->group("Connection");
}

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

absl::StatusOr<std::string> NamespaceOf(const CommonOptions& common, const std::string& otherwise) {
  if (!common.namespace_name.empty()) return common.namespace_name;
  std::string name = Environment("SEMEL_NAMESPACE");
  if (name.empty()) {
    return absl::InvalidArgumentError("no namespace: give --namespace NAME, " + otherwise + "or set SEMEL_NAMESPACE");
  }
  // The only text of the environment that no option checks.
  if (!IsUtf8(name))
    return absl::InvalidArgumentError("SEMEL_NAMESPACE: the value is not UTF-8: \"" + Shown(name) + "\"");
  return name;
}

absl::StatusOr<ClientOptions> ConnectionOf(const CommonOptions& common) {
  const bool given = !common.address.empty();
  ClientOptions options;
  options.address = given ? common.address : Environment("SEMEL_ADDRESS");
  options.call_timeout = common.timeout;
  options.transport = Transport::kUnary;  // one command, one call
  const std::string problem = options.address.empty() ? "" : AddressProblem(options.address);
  if (!problem.empty()) {
    return absl::InvalidArgumentError((given ? "--address: " : "SEMEL_ADDRESS: ") + problem);
  }
  if (absl::Status tls = SetTls(common.tls, options); !tls.ok()) return tls;
  return options;
}

absl::StatusOr<ClientOptions> ClientOptionsOf(const CommonOptions& common) {
  absl::StatusOr<ClientOptions> options = ConnectionOf(common);
  if (!options.ok()) return options;
  absl::StatusOr<std::string> namespace_name = NamespaceOf(common);
  if (!namespace_name.ok()) return namespace_name.status();
  options->namespace_name = *std::move(namespace_name);
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
  const absl::StatusOr<ClientOptions> options = ConnectionOf(common);
  const std::optional<Tls> tls = options.ok() ? options->tls : std::nullopt;
  if (common.output == "json") {
    std::cout << FactsOf(error, tls).AsJson() << std::flush;
  } else {
    std::cerr << Explain(error, tls);
  }
  return ExitCodeOf(error);
}

}  // namespace semel::cli
