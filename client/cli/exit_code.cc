#include "client/cli/exit_code.h"

#include <variant>

#include "semel/error.h"

namespace semel::cli {
namespace {

ExitCode ExitCodeOfReason(std::string_view reason, ExitCode otherwise) {
  if (reason == reason::kFingerprintMismatch) return ExitCode::kMismatch;
  if (reason == reason::kTokenStale) return ExitCode::kStale;
  if (reason == reason::kKeyNotFound) return ExitCode::kNoRecord;
  if (reason == reason::kOutcomeConflict || reason == reason::kNotInProgress || reason == reason::kNotInDoubt) {
    return ExitCode::kConflict;
  }
  if (reason == reason::kBackupNotConfigured || reason == reason::kBackupRunning) return ExitCode::kRefused;
  // There was an answer, and it is final: the code of what it came with, UNAVAILABLE, is for what may be tried again.
  if (reason == reason::kBackupFailed) return ExitCode::kError;
  return otherwise;
}

ExitCode ExitCodeOfCode(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument: return ExitCode::kUsage;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded: return ExitCode::kUnavailable;
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated: return ExitCode::kRefused;
    default: return ExitCode::kError;
  }
}

struct OfAnswer {
  ExitCode operator()(const Acquired&) const { return ExitCode::kOk; }
  ExitCode operator()(const Done&) const { return ExitCode::kDone; }
  ExitCode operator()(const Failed&) const { return ExitCode::kFailed; }
  ExitCode operator()(const InProgress&) const { return ExitCode::kInProgress; }
  ExitCode operator()(const InDoubt&) const { return ExitCode::kInDoubt; }
  ExitCode operator()(const Expired&) const { return ExitCode::kExpired; }
};

}  // namespace

ExitCode ExitCodeOf(const BeginAnswer& answer) { return std::visit(OfAnswer(), answer); }

ExitCode ExitCodeOf(const absl::Status& error) {
  return ExitCodeOfReason(DetailsOf(error).reason, ExitCodeOfCode(error.code()));
}

}  // namespace semel::cli
