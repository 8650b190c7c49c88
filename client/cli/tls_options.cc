#include "client/cli/tls_options.h"

#include <filesystem>
#include <string_view>
#include <system_error>

#include "absl/status/statusor.h"
#include "client/cli/command.h"
#include "client/cli/facts.h"
#include "client/cpp/utf8.h"

namespace semel::cli {
namespace {

constexpr char kUse[] = "SEMEL_TLS";

// Each of these says how to use TLS, and so that it is to be used.
struct Part {
  const char* option;
  const char* variable;
  const char* value;
  const char* about;
  std::string TlsOptions::*given;
};

constexpr Part kCa = {
    "--tls-ca", "SEMEL_TLS_CA", "FILE",
    "Who must have signed the server's certificate, in PEM; implies --tls (default: SEMEL_TLS_CA, else the "
    "roots that this machine trusts)",
    &TlsOptions::ca};
constexpr Part kCertificate = {"--tls-certificate", "SEMEL_TLS_CERTIFICATE", "FILE",
                               "The certificate to show to the server, in PEM, with --tls-key; implies --tls (default: "
                               "SEMEL_TLS_CERTIFICATE)",
                               &TlsOptions::certificate};
constexpr Part kKey = {"--tls-key", "SEMEL_TLS_KEY", "FILE",
                       "The private key of --tls-certificate, in PEM (default: SEMEL_TLS_KEY)", &TlsOptions::key};
constexpr Part kServerName = {"--tls-server-name", "SEMEL_TLS_SERVER_NAME", "NAME",
                              "The name that the server's certificate must have; implies --tls (default: "
                              "SEMEL_TLS_SERVER_NAME, else the host of the address)",
                              &TlsOptions::server_name};
constexpr const Part* kParts[] = {&kCa, &kCertificate, &kKey, &kServerName};

std::string ValueOf(const Part& part, const TlsOptions& given) {
  const std::string& value = given.*part.given;
  return value.empty() ? Environment(part.variable) : value;
}

absl::StatusOr<bool> IsUsed(const TlsOptions& given) {
  for (const Part* part : kParts) {
    if ((given.*part->given).empty()) continue;
    if (!given.use.value_or(true)) {
      return absl::InvalidArgumentError(std::string("--tls=false does not go with ") + part->option +
                                        ": leave one of them out");
    }
    return true;
  }
  if (given.use) return *given.use;
  if (const std::string use = Environment(kUse); !use.empty()) {
    if (use == "true" || use == "1") return true;
    if (use == "false" || use == "0") return false;
    return absl::InvalidArgumentError(std::string(kUse) + ": \"" + Shown(use) +
                                      "\" says neither yes nor no: it takes true or 1, false or 0");
  }
  for (const Part* part : kParts) {
    if (!Environment(part->variable).empty()) return true;
  }
  return false;
}

std::string Absolute(const std::string& file) {
  if (file.empty()) return file;
  std::error_code error;
  const std::filesystem::path path = std::filesystem::absolute(file, error);
  return error ? file : path.string();
}

}  // namespace

void AddTlsOptions(CLI::App& command, TlsOptions& tls) {
  command
      .add_flag_function(
          "--tls", [&tls](std::int64_t count) { tls.use = count > 0; },
          "Encrypt the connection; --tls=false: do not (default: SEMEL_TLS, true or false)")
      ->group("Connection");
  for (const Part* part : kParts) {
    command.add_option(part->option, tls.*part->given, part->about)->type_name(part->value)->group("Connection");
  }
}

absl::Status SetTls(const TlsOptions& given, ClientOptions& options) {
  const absl::StatusOr<bool> used = IsUsed(given);
  if (!used.ok()) return used.status();
  if (!*used) return absl::OkStatus();
  const Tls tls{
      .ca_file = ValueOf(kCa, given), .cert_file = ValueOf(kCertificate, given), .key_file = ValueOf(kKey, given)};
  if (tls.cert_file.empty() != tls.key_file.empty()) {
    const Part& missing = tls.key_file.empty() ? kKey : kCertificate;
    const Part& there = tls.key_file.empty() ? kCertificate : kKey;
    return absl::InvalidArgumentError(std::string(there.option) + " needs " + missing.option +
                                      ": give both or neither (or " + there.variable + " and " + missing.variable +
                                      ")");
  }
  options.authority = ValueOf(kServerName, given);
  if (!IsUtf8(options.authority)) {
    return absl::InvalidArgumentError(std::string(kServerName.variable) + ": the value is not UTF-8: \"" +
                                      Shown(options.authority) + "\"");
  }
  options.tls = tls;
  return absl::OkStatus();
}

std::vector<std::pair<std::string, std::string>> TlsEnvironment(const ClientOptions& options) {
  // Also without TLS: this process may have been told so by an option that wins over its own environment.
  if (!options.tls) return {{kUse, "false"}};
  return {{kUse, "true"},
          {kCa.variable, Absolute(options.tls->ca_file)},
          {kCertificate.variable, Absolute(options.tls->cert_file)},
          {kKey.variable, Absolute(options.tls->key_file)},
          {kServerName.variable, options.authority}};
}

}  // namespace semel::cli
