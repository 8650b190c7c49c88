// What to try where the two sides of a connection do not agree on TLS.

#ifndef SEMEL_CLIENT_CLI_TLS_ADVICE_H_
#define SEMEL_CLIENT_CLI_TLS_ADVICE_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "semel/client.h"

namespace semel::cli {

// `used`: with what the call was made; none: in the open. Empty where TLS is not what is wrong. gRPC's texts are all that tells: should
// they change, the advice is missing.
std::string TlsAdvice(const absl::Status& error, const std::optional<Tls>& used);

// The client library's options by the names that they have here.
std::string InOptionsOfTheCommand(const std::string& message);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_TLS_ADVICE_H_
