#include "server/rpc/errors.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "semel/wire/v1/status.pb.h"
#include "server/rpc/wire_time.h"

namespace semel::rpc {
namespace {

using engine::Reason;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kDomain = "semel.v1";
constexpr std::string_view kTypePrefix = "type.googleapis.com/google.rpc.";

constexpr ReasonOnWire kFieldInvalid{grpc::StatusCode::INVALID_ARGUMENT, "FIELD_INVALID", {}};
constexpr ReasonOnWire kResultTooLarge{grpc::StatusCode::INVALID_ARGUMENT, "RESULT_TOO_LARGE", {}};
constexpr ReasonOnWire kBatchTooLarge{grpc::StatusCode::INVALID_ARGUMENT, "BATCH_TOO_LARGE", {}};
constexpr ReasonOnWire kKeyNotFound{grpc::StatusCode::NOT_FOUND, "KEY_NOT_FOUND", {}};
constexpr ReasonOnWire kMismatch{grpc::StatusCode::FAILED_PRECONDITION, "FINGERPRINT_MISMATCH", {}};
constexpr ReasonOnWire kOutcomeConflict{grpc::StatusCode::FAILED_PRECONDITION, "OUTCOME_CONFLICT", {}};
constexpr ReasonOnWire kNotInProgress{grpc::StatusCode::FAILED_PRECONDITION, "NOT_IN_PROGRESS", {}};
constexpr ReasonOnWire kNotInDoubt{grpc::StatusCode::FAILED_PRECONDITION, "NOT_IN_DOUBT", {}};
constexpr ReasonOnWire kTokenStale{grpc::StatusCode::ABORTED, "TOKEN_STALE", {}};
constexpr ReasonOnWire kOverloaded{grpc::StatusCode::UNAVAILABLE, "OVERLOADED", milliseconds(200)};
constexpr ReasonOnWire kDraining{grpc::StatusCode::UNAVAILABLE, "DRAINING", seconds(1)};
constexpr ReasonOnWire kStorageFailed{grpc::StatusCode::UNAVAILABLE, "STORAGE_FAILED", seconds(5)};
constexpr ReasonOnWire kDeadline{grpc::StatusCode::DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", {}};
constexpr ReasonOnWire kCancelled{grpc::StatusCode::CANCELLED, "CANCELLED", {}};
constexpr ReasonOnWire kAdminForbidden{grpc::StatusCode::PERMISSION_DENIED, "ADMIN_FORBIDDEN", {}};
constexpr ReasonOnWire kBackupNotConfigured{grpc::StatusCode::FAILED_PRECONDITION, "BACKUP_NOT_CONFIGURED", {}};
constexpr ReasonOnWire kBackupRunning{grpc::StatusCode::ABORTED, "BACKUP_RUNNING", seconds(5)};
// Without a delay: what keeps a backup from being made does not go away by asking again.
constexpr ReasonOnWire kBackupFailed{grpc::StatusCode::UNAVAILABLE, "BACKUP_FAILED", {}};

template <class Detail>
void Pack(std::string_view name, const Detail& detail, wire::v1::Status& status) {
  google::protobuf::Any* any = status.add_details();
  any->set_type_url(std::string(kTypePrefix).append(name));
  detail.SerializeToString(any->mutable_value());
}

}  // namespace

const ReasonOnWire& OnWire(Reason reason) {
  switch (reason) {
    case Reason::kFieldInvalid: return kFieldInvalid;
    case Reason::kResultTooLarge: return kResultTooLarge;
    case Reason::kBatchTooLarge: return kBatchTooLarge;
    case Reason::kKeyNotFound: return kKeyNotFound;
    case Reason::kFingerprintMismatch: return kMismatch;
    case Reason::kOutcomeConflict: return kOutcomeConflict;
    case Reason::kNotInProgress: return kNotInProgress;
    case Reason::kNotInDoubt: return kNotInDoubt;
    case Reason::kTokenStale: return kTokenStale;
    case Reason::kOverloaded: return kOverloaded;
    case Reason::kDraining: return kDraining;
    case Reason::kStorageFailed: return kStorageFailed;
    case Reason::kDeadlineExceeded: return kDeadline;
    case Reason::kCancelled: return kCancelled;
    case Reason::kAdminForbidden: return kAdminForbidden;
    case Reason::kBackupNotConfigured: return kBackupNotConfigured;
    case Reason::kBackupRunning: return kBackupRunning;
    case Reason::kBackupFailed: return kBackupFailed;
  }
  return kStorageFailed;
}

engine::Refusal Overloaded(std::string_view limit, const std::string& why) {
  return {.reason = Reason::kOverloaded,
          .message = why + ": try again in a moment",
          .metadata = {{"limit", std::string(limit)}}};
}

engine::Refusal RequestsHoldTooMuch() {
  return Overloaded("max_inflight_bytes", "requests and answers hold too much memory");
}

engine::Refusal WrongCount(const std::string& field, const std::string& rule, size_t limit, int came) {
  const std::string broken = absl::StrCat(rule, "; came ", came);
  return {.reason = came == 0 ? Reason::kFieldInvalid : Reason::kBatchTooLarge,
          .message = absl::StrCat(field, ": ", broken),
          .metadata = {{"limit", absl::StrCat(limit)}, {"size", absl::StrCat(came)}},
          .violations = {{field, broken}}};
}

engine::Refusal AnswersUnread() {
  return Overloaded("max_inflight_bytes", "answers that callers do not read hold too much memory");
}

grpc::Status ToStatus(const engine::Refusal& refusal, RefusalStats& stats) {
  stats.Count(refusal.reason);
  const ReasonOnWire& on_wire = OnWire(refusal.reason);
  wire::v1::Status status;
  status.set_code(on_wire.code);
  status.set_message(refusal.message);

  wire::v1::ErrorInfo info;
  info.set_reason(std::string(on_wire.name));
  info.set_domain(std::string(kDomain));
  for (const auto& [name, value] : refusal.metadata) (*info.mutable_metadata())[name] = value;
  Pack("ErrorInfo", info, status);

  if (on_wire.retry_delay) {
    wire::v1::RetryInfo retry;
    ToWire(*on_wire.retry_delay, retry.mutable_retry_delay());
    Pack("RetryInfo", retry, status);
  }
  if (!refusal.violations.empty()) {
    wire::v1::BadRequest bad;
    for (const engine::Violation& violation : refusal.violations) {
      auto* field = bad.add_field_violations();
      field->set_field(violation.field);
      field->set_description(violation.description);
    }
    Pack("BadRequest", bad, status);
  }
  return {on_wire.code, refusal.message, status.SerializeAsString()};
}

v1::Error ToError(const engine::Refusal& refusal, RefusalStats& stats) {
  stats.Count(refusal.reason);
  const ReasonOnWire& on_wire = OnWire(refusal.reason);
  v1::Error error;
  error.set_code(on_wire.code);
  error.set_reason(std::string(on_wire.name));
  error.set_message(refusal.message);
  for (const auto& [name, value] : refusal.metadata) (*error.mutable_metadata())[name] = value;
  if (on_wire.retry_delay) ToWire(*on_wire.retry_delay, error.mutable_retry_delay());
  for (const engine::Violation& violation : refusal.violations) {
    auto* field = error.add_field_violations();
    field->set_field(violation.field);
    field->set_description(violation.description);
  }
  return error;
}

}  // namespace semel::rpc
