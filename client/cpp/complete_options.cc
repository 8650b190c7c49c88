#include "client/cpp/complete_options.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cpp/error_details.h"
#include "grpcpp/security/credentials.h"

namespace semel {
namespace {

constexpr std::string_view kDefaultAddress = "localhost:7420";
constexpr Duration kLongestKeepalive = std::chrono::hours(24);

std::string FromEnvironment(const char* name, std::string_view fallback) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? std::string(value) : std::string(fallback);
}

std::string HostAndPid() {
  char host[64] = "";
  if (gethostname(host, sizeof(host) - 1) != 0) host[0] = '\0';  // a longer name is cut: it is only for people
  return absl::StrCat(*host != '\0' ? host : "unknown", ":", getpid());
}

absl::Status Refused(const std::string& option, const std::string& rule) {
  return LocalError(absl::StatusCode::kInvalidArgument, reason::kFieldInvalid,
                    absl::StrCat("ClientOptions::", option, " ", rule), {{"field", option}});
}

absl::StatusOr<std::string> Contents(const std::string& option, const std::string& file) {
  if (file.empty()) return std::string();
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream contents;
  if (stream) contents << stream.rdbuf();
  if (!stream || !contents) return Refused(option, absl::StrCat("cannot be read: ", file, ": ", std::strerror(errno)));
  std::string pem = std::move(contents).str();
  if (pem.find("-----BEGIN ") == std::string::npos) return Refused(option, absl::StrCat("is not PEM: ", file));
  return pem;
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> Credentials(const Tls& tls) {
  if (tls.cert_file.empty() != tls.key_file.empty()) {
    return Refused("tls.cert_file", "and tls.key_file belong together: give both or neither");
  }
  auto ca = Contents("tls.ca_file", tls.ca_file);
  if (!ca.ok()) return ca.status();
  auto cert = Contents("tls.cert_file", tls.cert_file);
  if (!cert.ok()) return cert.status();
  auto key = Contents("tls.key_file", tls.key_file);
  if (!key.ok()) return key.status();
  return grpc::SslCredentials({.pem_root_certs = *ca, .pem_private_key = *key, .pem_cert_chain = *cert});
}

absl::Status CompleteSecurity(ClientOptions& options) {
  if (options.tls && options.credentials) return Refused("tls", "and credentials exclude each other");
  if (options.bearer_token && !options.tls && !options.credentials) {
    return Refused("bearer_token", "would be sent in the open: set tls");
  }
  if (!options.tls) return absl::OkStatus();
  auto credentials = Credentials(*options.tls);
  if (!credentials.ok()) return credentials.status();
  options.credentials = *std::move(credentials);
  return absl::OkStatus();
}

absl::Status CheckKeepalive(const ClientOptions& options) {
  if (options.keepalive_time < Duration::zero()) return Refused("keepalive_time", "must not be negative");
  if (options.keepalive_time > kLongestKeepalive) return Refused("keepalive_time", "must be at most 24 h");
  if (options.keepalive_timeout <= Duration::zero()) return Refused("keepalive_timeout", "must be above zero");
  if (options.keepalive_timeout > kLongestKeepalive) return Refused("keepalive_timeout", "must be at most 24 h");
  return absl::OkStatus();
}

absl::Status CheckRetry(const RetryOptions& retry) {
  if (retry.max_tries < 1) return Refused("retry.max_tries", "must be at least 1");
  if (retry.initial_backoff < Duration::zero()) return Refused("retry.initial_backoff", "must not be negative");
  if (retry.max_backoff < retry.initial_backoff) return Refused("retry.max_backoff", "is below initial_backoff");
  if (!(retry.multiplier >= 1.0)) return Refused("retry.multiplier", "must be at least 1");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ClientOptions> CompleteOptions(ClientOptions options) {
  if (options.namespace_name.empty()) options.namespace_name = FromEnvironment("SEMEL_NAMESPACE", "");
  if (options.namespace_name.empty()) return Refused("namespace_name", "is empty, and so is SEMEL_NAMESPACE: set one");
  return CompleteConnectionOptions(std::move(options));
}

absl::StatusOr<ClientOptions> CompleteConnectionOptions(ClientOptions options) {
  if (options.address.empty()) options.address = FromEnvironment("SEMEL_ADDRESS", kDefaultAddress);
  if (options.owner.empty()) options.owner = HostAndPid();
  if (options.call_timeout <= Duration::zero()) return Refused("call_timeout", "must be above zero");
  if (options.try_timeout <= Duration::zero()) return Refused("try_timeout", "must be above zero");
  if (options.complete_timeout <= Duration::zero()) return Refused("complete_timeout", "must be above zero");
  if (options.user_agent.empty()) options.user_agent = "semel-cpp/" SEMEL_VERSION;
  if (absl::Status retry = CheckRetry(options.retry); !retry.ok()) return retry;
  if (absl::Status keepalive = CheckKeepalive(options); !keepalive.ok()) return keepalive;
  if (absl::Status security = CompleteSecurity(options); !security.ok()) return security;
  return options;
}

}  // namespace semel
