#include "client/cli/tls_advice.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "absl/strings/str_replace.h"

namespace semel::cli {
namespace {

bool SaysOneOf(const absl::Status& error, std::initializer_list<std::string_view> texts) {
  const std::string message(error.message());
  return std::any_of(texts.begin(), texts.end(),
                     [&](std::string_view text) { return message.find(text) != message.npos; });
}

}  // namespace

std::string TlsAdvice(const absl::Status& error, const std::optional<Tls>& used) {
  if (error.code() == absl::StatusCode::kUnauthenticated && used && SaysOneOf(error, {"is not trusted"})) {
    return "Give --tls-ca FILE with the authority that signed the server's certificate, and --tls-server-name NAME "
           "where the certificate names another host than the address.";
  }
  if (error.code() != absl::StatusCode::kUnavailable && error.code() != absl::StatusCode::kDeadlineExceeded) return "";
  // Somebody listens, and hangs up.
  const bool closed = SaysOneOf(error, {"Socket closed", "Connection reset by peer", "Broken pipe"});
  if (!used) {
    return closed ? "Somebody listens there and closes the connection at once: if it is a semeld that speaks TLS, give "
                    "--tls (or --tls-ca FILE)."
                  : "";
  }
  if (SaysOneOf(error, {"wrong version number", "WRONG_VERSION_NUMBER"})) {
    return "The server there does not speak TLS: leave --tls out, or switch it off with --tls=false where SEMEL_TLS "
           "asks for it.";
  }
  if (!closed && !SaysOneOf(error, {"alert", "ALERT"})) return "";
  return used->cert_file.empty()
             ? "The server ends the connection: if it lets in only clients that it knows, give --tls-certificate FILE "
               "and --tls-key FILE; if it does not speak TLS, --tls=false."
             : "The server ends the connection: it may not accept --tls-certificate. It must be signed by an authority "
               "of the server's tls.client_ca, and not have expired; the server's log says why.";
}

std::string InOptionsOfTheCommand(const std::string& message) {
  return absl::StrReplaceAll(message, {{"ClientOptions::tls.ca_file", "--tls-ca"},
                                       {"ClientOptions::tls.cert_file", "--tls-certificate"},
                                       {"ClientOptions::tls.key_file", "--tls-key"},
                                       {"ClientOptions::authority", "--tls-server-name"}});
}

}  // namespace semel::cli
