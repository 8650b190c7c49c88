#include "tests/support/wire_error.h"

#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "semel/wire/v1/status.pb.h"

namespace semel::support {
namespace {

absl::Duration FromWire(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

WireError Malformed(WireError error, const std::string& what) {
  error.reason = "MALFORMED";
  error.message = what;
  return error;
}

// False: it is of a kind that nobody told us of, or it cannot be read.
bool Take(const google::protobuf::Any& detail, WireError& error) {
  absl::string_view kind = detail.type_url();
  if (!absl::ConsumePrefix(&kind, "type.googleapis.com/google.rpc.")) return false;
  if (kind == "ErrorInfo") {
    wire::v1::ErrorInfo info;
    if (!info.ParseFromString(detail.value())) return false;
    error.reason = info.reason();
    error.domain = info.domain();
    error.metadata = {info.metadata().begin(), info.metadata().end()};
    return true;
  }
  if (kind == "RetryInfo") {
    wire::v1::RetryInfo retry;
    if (!retry.ParseFromString(detail.value())) return false;
    error.retry_delay = FromWire(retry.retry_delay());
    return true;
  }
  wire::v1::BadRequest bad;
  if (kind != "BadRequest" || !bad.ParseFromString(detail.value())) return false;
  for (const auto& violation : bad.field_violations()) error.fields.push_back(violation.field());
  return true;
}

}  // namespace

WireError Describe(const grpc::Status& status) {
  WireError error{.code = status.error_code(), .message = status.error_message()};
  if (status.error_details().empty()) return error;
  wire::v1::Status details;
  if (!details.ParseFromString(status.error_details())) return Malformed(error, "the details are not a Status");
  if (details.code() != status.error_code() || details.message() != status.error_message()) {
    return Malformed(error, "the details contradict the status");
  }
  for (const google::protobuf::Any& detail : details.details()) {
    if (!Take(detail, error)) return Malformed(error, "not a known detail: " + detail.type_url());
  }
  return error;
}

WireError Describe(const v1::Error& wire) {
  WireError error{.code = static_cast<grpc::StatusCode>(wire.code()),
                  .reason = wire.reason(),
                  .message = wire.message(),
                  .metadata = {wire.metadata().begin(), wire.metadata().end()}};
  if (wire.has_retry_delay()) error.retry_delay = FromWire(wire.retry_delay());
  for (const v1::FieldViolation& violation : wire.field_violations()) error.fields.push_back(violation.field());
  return error;
}

std::ostream& operator<<(std::ostream& out, const WireError& error) {
  return out << "code " << error.code << " " << error.reason << " [" << absl::StrJoin(error.fields, ", ")
             << "]: " << error.message;
}

}  // namespace semel::support
