// From the messages of proto/semel/v1 to plain values. The only place where answers are translated.
//
// What this client does not know, because the server is newer, is an error (kInternal) rather than a guess.

#ifndef SEMEL_CLIENT_CPP_FROM_WIRE_H_
#define SEMEL_CLIENT_CPP_FROM_WIRE_H_

#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "semel/answer.h"
#include "semel/v1/idempotency_service.pb.h"

namespace semel {

// Saturate where nanoseconds in 64 bits end (292 years).
Duration ToDuration(const google::protobuf::Duration& duration);
Time ToTime(const google::protobuf::Timestamp& timestamp);

absl::StatusOr<BeginAnswer> ToBeginAnswer(const v1::BeginResponse& response);
absl::StatusOr<Completed> ToCompleted(const v1::CompleteResponse& response);
absl::StatusOr<std::optional<Record>> ToRecord(const v1::LookupResponse& response);
absl::StatusOr<Record> ToRecord(const v1::Record& record);

// nullopt: a state that this client does not know.
std::optional<State> ToState(v1::State state);

// For what cannot be translated: "the server's answer has `what` that this client does not know ...".
absl::Status NotUnderstood(std::string_view what);

}  // namespace semel

#endif  // SEMEL_CLIENT_CPP_FROM_WIRE_H_
