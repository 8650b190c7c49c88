// How the connection to the server is encrypted: the options that every command with a server takes, and the environment where they
// are silent.

#ifndef SEMEL_CLIENT_CLI_TLS_OPTIONS_H_
#define SEMEL_CLIENT_CLI_TLS_OPTIONS_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "absl/status/status.h"
#include "semel/client.h"

namespace semel::cli {

// What was given on the command line; empty: not given.
struct TlsOptions {
  std::optional<bool> use;
  std::string ca;
  std::string certificate;
  std::string key;
  std::string server_name;
};

void AddTlsOptions(CLI::App& command, TlsOptions& tls);

// Whether and how to encrypt, by the options before the environment. Errors: kInvalidArgument where the two say what cannot be.
absl::Status SetTls(const TlsOptions& given, ClientOptions& options);

// What a `semel` inside of a command has to find in its environment to connect as `options` say, wherever it runs.
std::vector<std::pair<std::string, std::string>> TlsEnvironment(const ClientOptions& options);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_TLS_OPTIONS_H_
