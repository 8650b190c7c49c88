// What a failed call says.
//
// Every call answers an absl::Status or an absl::StatusOr. An error's code and message suffice for a log line;
// DetailsOf(status) has what a program decides on:
//
//   if (!completed.ok() && semel::DetailsOf(completed.status()).reason == semel::reason::kTokenStale) StopWorking();
//
// | code | reason | what to do |
// | --- | --- | --- |
// | kInvalidArgument | FIELD_INVALID (also text that is not UTF-8), RESULT_TOO_LARGE, BATCH_TOO_LARGE | mend it; nothing was changed |
// | kNotFound | KEY_NOT_FOUND | the key is not, or no longer, known: there is nothing to complete or to renew |
// | kFailedPrecondition | FINGERPRINT_MISMATCH | the key stands for another request: use another key |
// | kFailedPrecondition | OUTCOME_CONFLICT | another outcome is stored under this token: the first report counts |
// | kFailedPrecondition | NOT_IN_PROGRESS, NOT_IN_DOUBT | the attempt has ended |
// | kAborted | TOKEN_STALE | another attempt took over: stop working |
// | kUnauthenticated, kPermissionDenied | NAMESPACE_FORBIDDEN, ADMIN_FORBIDDEN | |
// | kUnauthenticated | none | TLS: the server's certificate is not trusted; see ClientOptions::tls |
// | kResourceExhausted | QUOTA_EXCEEDED | a limit of the namespace |
// | kUnavailable | OVERLOADED, DRAINING, STORAGE_FAILED, or none | retries are used up: see outcome_unknown |
// | kDeadlineExceeded | none | retries are used up: see outcome_unknown |
// | kFailedPrecondition | BACKUP_NOT_CONFIGURED | the server has no directory for backups |
// | kAborted | BACKUP_RUNNING | another backup is being made: try again after retry_delay |
// | kUnavailable | BACKUP_FAILED | no backup was added; the message says what to mend |
// | kUnimplemented | none | Transport::kStream: streams do not come through to the server; the message says what to do |
// | kInternal | none | an answer that this client does not understand, or a request that the server does not |

#ifndef SEMEL_ERROR_H_
#define SEMEL_ERROR_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "semel/outcome.h"

namespace semel {

namespace reason {
inline constexpr std::string_view kFieldInvalid = "FIELD_INVALID";
inline constexpr std::string_view kResultTooLarge = "RESULT_TOO_LARGE";
inline constexpr std::string_view kBatchTooLarge = "BATCH_TOO_LARGE";
inline constexpr std::string_view kKeyNotFound = "KEY_NOT_FOUND";
inline constexpr std::string_view kFingerprintMismatch = "FINGERPRINT_MISMATCH";
inline constexpr std::string_view kOutcomeConflict = "OUTCOME_CONFLICT";
inline constexpr std::string_view kNotInProgress = "NOT_IN_PROGRESS";
inline constexpr std::string_view kNotInDoubt = "NOT_IN_DOUBT";
inline constexpr std::string_view kTokenStale = "TOKEN_STALE";
inline constexpr std::string_view kNamespaceForbidden = "NAMESPACE_FORBIDDEN";
inline constexpr std::string_view kAdminForbidden = "ADMIN_FORBIDDEN";
inline constexpr std::string_view kQuotaExceeded = "QUOTA_EXCEEDED";
inline constexpr std::string_view kOverloaded = "OVERLOADED";
inline constexpr std::string_view kDraining = "DRAINING";
inline constexpr std::string_view kStorageFailed = "STORAGE_FAILED";
inline constexpr std::string_view kBackupNotConfigured = "BACKUP_NOT_CONFIGURED";
inline constexpr std::string_view kBackupRunning = "BACKUP_RUNNING";
inline constexpr std::string_view kBackupFailed = "BACKUP_FAILED";
}  // namespace reason

// One wrong field of a request.
struct FieldViolation {
  std::string field;        // path, for example result.content_type
  std::string description;  // its rule, and what came instead
};

struct ErrorDetails {
  // One of semel::reason, or one that a newer server knows. Empty where the server did not answer.
  std::string reason;
  // What was wrong in detail, for example limit and actual size.
  std::map<std::string, std::string> metadata;
  // Every wrong field, for FIELD_INVALID and RESULT_TOO_LARGE.
  std::vector<FieldViolation> field_violations;
  // How long to wait before calling again, where waiting helps.
  std::optional<Duration> retry_delay;
  // True: a try was sent and its reply never came, so the server may or may not have done what was asked. Call again with
  // the same attempt id or token to find out. False: the call changed nothing.
  bool outcome_unknown = false;
  // Client::Run only. True: fn had returned, so the effect has happened as far as fn can tell, but the outcome is not
  // known to be recorded. False: fn was not called.
  bool fn_ran = false;
};

// Everything that is known about an error; all empty for an OK status or one that did not come from this library.
// Thread-safe.
ErrorDetails DetailsOf(const absl::Status& status);

// Whether an error of Complete, Renew, Release or Checkpoint says that the attempt has nothing more to say: its key was completed,
// given up or deleted, or another attempt took it over. All other errors leave it as it was. Thread-safe.
bool AttemptIsOver(const absl::Status& error);

}  // namespace semel

#endif  // SEMEL_ERROR_H_
