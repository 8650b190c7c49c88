#include "client/cpp/error_details.h"

#include <utility>

#include "absl/strings/cord.h"
#include "client/cpp/from_wire.h"
#include "semel/wire/v1/status.pb.h"

namespace semel {
namespace {

// Details travel with a status as its payloads, under the type URLs of their messages: as they came from the server.
constexpr std::string_view kTypePrefix = "type.googleapis.com/";
constexpr std::string_view kErrorInfo = "google.rpc.ErrorInfo";
constexpr std::string_view kRetryInfo = "google.rpc.RetryInfo";
constexpr std::string_view kBadRequest = "google.rpc.BadRequest";
// Facts that only the client knows; present or not, without content.
constexpr absl::string_view kOutcomeUnknown = "semel.v1/outcome_unknown";
constexpr absl::string_view kFnRan = "semel.v1/fn_ran";
constexpr std::string_view kDomain = "semel.v1";

std::string TypeUrl(std::string_view message) { return std::string(kTypePrefix) + std::string(message); }

void Attach(std::string_view message_name, const google::protobuf::MessageLite& message, absl::Status& status) {
  status.SetPayload(TypeUrl(message_name), absl::Cord(message.SerializeAsString()));
}

// The host of a type URL means nothing (google/protobuf/any.proto): only what follows the last slash is compared.
bool Names(std::string_view type_url, std::string_view message) {
  return type_url.substr(type_url.find_last_of('/') + 1) == message;
}

template <typename Message>
std::optional<Message> Attached(const absl::Status& status, std::string_view message_name) {
  const auto payload = status.GetPayload(TypeUrl(message_name));
  Message message;
  if (!payload || !message.ParseFromString(std::string(*payload))) return std::nullopt;
  return message;
}

absl::Status StatusOf(int code, const std::string& message) {
  // An unknown code of a newer server must not read as success.
  const bool known = code > 0 && code <= static_cast<int>(absl::StatusCode::kUnauthenticated);
  return absl::Status(known ? static_cast<absl::StatusCode>(code) : absl::StatusCode::kUnknown, message);
}

void CopyDetails(const absl::Status& from, absl::Status& to) {
  from.ForEachPayload([&](absl::string_view type_url, const absl::Cord& payload) { to.SetPayload(type_url, payload); });
}

}  // namespace

absl::Status ToStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status error = StatusOf(status.error_code(), status.error_message());
  wire::v1::Status wire;
  if (!wire.ParseFromString(status.error_details())) return error;
  for (const auto& detail : wire.details()) {
    for (std::string_view known : {kErrorInfo, kRetryInfo, kBadRequest}) {
      if (Names(detail.type_url(), known)) error.SetPayload(TypeUrl(known), absl::Cord(detail.value()));
    }
  }
  return error;
}

absl::Status ToStatus(const v1::Error& error) {
  absl::Status status = StatusOf(error.code(), error.message());
  wire::v1::ErrorInfo info;
  info.set_reason(error.reason());
  info.set_domain(std::string(kDomain));
  *info.mutable_metadata() = error.metadata();
  Attach(kErrorInfo, info, status);
  if (error.has_retry_delay()) {
    wire::v1::RetryInfo retry;
    *retry.mutable_retry_delay() = error.retry_delay();
    Attach(kRetryInfo, retry, status);
  }
  wire::v1::BadRequest bad_request;
  for (const auto& violation : error.field_violations()) {
    auto* field = bad_request.add_field_violations();
    field->set_field(violation.field());
    field->set_description(violation.description());
  }
  if (bad_request.field_violations_size() > 0) Attach(kBadRequest, bad_request, status);
  return status;
}

grpc::Status ToGrpcStatus(const v1::Error& error) {
  const absl::Status status = ToStatus(error);
  const auto code = static_cast<grpc::StatusCode>(status.raw_code());
  wire::v1::Status details;
  details.set_code(code);
  details.set_message(error.message());
  status.ForEachPayload([&](absl::string_view type_url, const absl::Cord& payload) {
    google::protobuf::Any* detail = details.add_details();
    detail->set_type_url(std::string(type_url));
    detail->set_value(std::string(payload));
  });
  return {code, error.message(), details.SerializeAsString()};
}

absl::Status LocalError(absl::StatusCode code, std::string_view reason, const std::string& message,
                        std::map<std::string, std::string> metadata) {
  absl::Status status(code, message);
  wire::v1::ErrorInfo info;
  info.set_reason(std::string(reason));
  info.set_domain(std::string(kDomain));
  info.mutable_metadata()->insert(metadata.begin(), metadata.end());
  Attach(kErrorInfo, info, status);
  return status;
}

absl::Status LocalFieldError(const std::vector<FieldViolation>& violations) {
  const FieldViolation& first = violations.front();
  const std::string more =
      violations.size() > 1 ? " (and " + std::to_string(violations.size() - 1) + " more)" : std::string();
  absl::Status status = LocalError(absl::StatusCode::kInvalidArgument, reason::kFieldInvalid,
                                   first.field + ": " + first.description + more, {{"field", first.field}});
  wire::v1::BadRequest bad_request;
  for (const FieldViolation& violation : violations) {
    auto* field = bad_request.add_field_violations();
    field->set_field(violation.field);
    field->set_description(violation.description);
  }
  Attach(kBadRequest, bad_request, status);
  return status;
}

absl::Status WithOutcomeUnknown(absl::Status status) {
  status.SetPayload(kOutcomeUnknown, absl::Cord());
  return status;
}

absl::Status WithFnRan(absl::Status status) {
  status.SetPayload(kFnRan, absl::Cord());
  return status;
}

absl::Status WithMessage(const absl::Status& status, const std::string& message) {
  absl::Status renamed(status.code(), message);
  CopyDetails(status, renamed);
  return renamed;
}

ErrorDetails DetailsOf(const absl::Status& status) {
  ErrorDetails details;
  if (auto info = Attached<wire::v1::ErrorInfo>(status, kErrorInfo)) {
    details.reason = info->reason();
    details.metadata.insert(info->metadata().begin(), info->metadata().end());
  }
  if (auto retry = Attached<wire::v1::RetryInfo>(status, kRetryInfo))
    details.retry_delay = ToDuration(retry->retry_delay());
  if (auto bad_request = Attached<wire::v1::BadRequest>(status, kBadRequest)) {
    for (const auto& violation : bad_request->field_violations()) {
      details.field_violations.push_back({violation.field(), violation.description()});
    }
  }
  details.outcome_unknown = status.GetPayload(kOutcomeUnknown).has_value();
  details.fn_ran = status.GetPayload(kFnRan).has_value();
  return details;
}

bool AttemptIsOver(const absl::Status& error) {
  return absl::IsAborted(error) || absl::IsNotFound(error) || absl::IsFailedPrecondition(error);
}

}  // namespace semel
