#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "client/cli/duration_text.h"
#include "client/cli/report.h"
#include "client/cli/tls_advice.h"
#include "semel/error.h"

namespace semel::cli {
namespace {

struct Advice {
  std::string_view reason;
  std::string_view text;
};

constexpr Advice kAdvice[] = {
    {reason::kFieldInvalid, "Mend the value and try again; nothing was changed."},
    {reason::kResultTooLarge, "Complete with --omitted, and keep the result elsewhere; nothing was changed."},
    {reason::kKeyNotFound,
     "Check the key and the namespace: nothing is known of such a key there; nothing was changed."},
    {reason::kFingerprintMismatch,
     "This key stands for another request: use another key, or the request it was first used for."},
    {reason::kOutcomeConflict, "The outcome that was reported first stands: semel lookup shows it."},
    {reason::kNotInProgress, "The attempt has ended: semel lookup shows how."},
    {reason::kTokenStale, "Stop: another attempt took over. What you did may be done again by it."},
    {reason::kNotInDoubt, "Only keys in doubt can be resolved: semel lookup shows the state of this one."},
    {reason::kAdminForbidden, "This server serves no administration here: ask who runs it."},
    {reason::kBackupRunning, "Another backup is being made: wait for it."},
    {reason::kBackupFailed, "No backup was added, the server goes on: mend what the message says and try again."},
    {reason::kNamespaceForbidden, "Check the namespace and your credentials."},
    {reason::kQuotaExceeded, "The namespace is at its limit: try later, or ask its owner."},
    {reason::kOverloaded, "The server has too much to do: try again later."},
    {reason::kDraining, "The server is shutting down: try again in a moment."},
    {reason::kStorageFailed, "The server cannot write, or cannot read what it holds of this key; its log says why."},
};

std::string AdviceOn(const absl::Status& error, const ErrorDetails& details, const std::optional<Tls>& tls) {
  for (const Advice& advice : kAdvice) {
    if (advice.reason == details.reason) return std::string(advice.text);
  }
  const std::string on_tls = TlsAdvice(error, tls);
  if (!on_tls.empty() && !details.outcome_unknown) return on_tls;
  if (error.code() != absl::StatusCode::kUnavailable && error.code() != absl::StatusCode::kDeadlineExceeded) return "";
  return details.outcome_unknown ? "Repeat the call with the same attempt id or token to find out what became of it."
                                 : "Check that semeld runs there: --address or SEMEL_ADDRESS says where to look.";
}

std::string NameOf(const absl::Status& error, const ErrorDetails& details) {
  const std::string code(absl::StatusCodeToString(error.code()));
  return details.reason.empty() ? code : code + "/" + details.reason;
}

}  // namespace

std::string Explain(const absl::Status& error, const std::optional<Tls>& tls) {
  const ErrorDetails details = DetailsOf(error);
  std::string text =
      "semel: " + NameOf(error, details) + "\n  " + Shown(InOptionsOfTheCommand(std::string(error.message()))) + "\n";
  for (const FieldViolation& violation : details.field_violations) {
    if (violation.field + ": " + violation.description == error.message()) continue;  // said above
    text += "  " + Shown(violation.field) + ": " + Shown(violation.description) + "\n";
  }
  if (details.retry_delay) text += "  Retry after " + FormatDuration(*details.retry_delay) + ".\n";
  const std::string advice = AdviceOn(error, details, tls);
  return advice.empty() ? text : text + "  " + advice + "\n";
}

Facts FactsOf(const absl::Status& error, const std::optional<Tls>& tls) {
  const ErrorDetails details = DetailsOf(error);
  Facts facts("error", std::string(absl::StatusCodeToString(error.code())));
  facts.AddText("reason", details.reason);
  facts.AddText("message", InOptionsOfTheCommand(std::string(error.message())));
  facts.AddTexts("metadata", details.metadata);
  for (const FieldViolation& violation : details.field_violations) facts.AddText("field", violation.field);
  if (details.retry_delay) facts.AddLength("retry_after", *details.retry_delay);
  facts.AddFlag("outcome_unknown", details.outcome_unknown);
  facts.AddText("advice", AdviceOn(error, details, tls));
  return facts;
}

}  // namespace semel::cli
