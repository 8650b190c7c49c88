#include "client/cpp/complete_options.h"

#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "client/cpp/error_details.h"

namespace semel {
namespace {

constexpr std::string_view kDefaultAddress = "localhost:7420";

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

absl::Status CheckRetry(const RetryOptions& retry) {
  if (retry.max_tries < 1) return Refused("retry.max_tries", "must be at least 1");
  if (retry.initial_backoff < Duration::zero()) return Refused("retry.initial_backoff", "must not be negative");
  if (retry.max_backoff < retry.initial_backoff) return Refused("retry.max_backoff", "is below initial_backoff");
  if (!(retry.multiplier >= 1.0)) return Refused("retry.multiplier", "must be at least 1");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ClientOptions> CompleteOptions(ClientOptions options) {
  if (options.address.empty()) options.address = FromEnvironment("SEMEL_ADDRESS", kDefaultAddress);
  if (options.namespace_name.empty()) options.namespace_name = FromEnvironment("SEMEL_NAMESPACE", "");
  if (options.owner.empty()) options.owner = HostAndPid();
  if (options.namespace_name.empty()) return Refused("namespace_name", "is empty, and so is SEMEL_NAMESPACE: set one");
  if (options.call_timeout <= Duration::zero()) return Refused("call_timeout", "must be above zero");
  if (options.try_timeout <= Duration::zero()) return Refused("try_timeout", "must be above zero");
  if (options.complete_timeout <= Duration::zero()) return Refused("complete_timeout", "must be above zero");
  if (absl::Status retry = CheckRetry(options.retry); !retry.ok()) return retry;
  return options;
}

}  // namespace semel
