// Valid requests, to be sent as they are or to be spoiled one field at a time.

#ifndef SEMEL_TESTS_SUPPORT_REQUESTS_H_
#define SEMEL_TESTS_SUPPORT_REQUESTS_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "semel/v1/admin_service.pb.h"
#include "semel/v1/idempotency_service.pb.h"

namespace semel::support {

inline constexpr char kNamespace[] = "shop";

google::protobuf::Duration ToWire(absl::Duration duration);

// 16 bytes that no other call gets, of this or another process.
std::string NewAttemptId();

v1::BeginRequest BeginOf(const std::string& key);  // with an attempt id of its own
v1::BeginRequest WaitingBeginOf(const std::string& key, absl::Duration wait = absl::Hours(1));
v1::CompleteRequest ResultOf(const std::string& key, int64_t token, const std::string& payload = "done");
v1::CompleteRequest FailureOf(const std::string& key, int64_t token, const std::string& reason = "CARD_DECLINED");
v1::LookupRequest LookupOf(const std::string& key);
v1::RenewRequest RenewOf(const std::string& key, int64_t token);
v1::ReleaseRequest ReleaseOf(const std::string& key, int64_t token);
v1::ResolveKeyRequest ResolveToResultOf(const std::string& key, const std::string& payload = "done");
v1::ResolveKeyRequest ResolveToFailureOf(const std::string& key, const std::string& reason = "LOST");
v1::ResolveKeyRequest ResolveToAbsentOf(const std::string& key);
v1::DeleteKeyRequest DeleteOf(const std::string& key);
v1::CheckpointRequest CheckpointOf(const std::string& key, int64_t token, const std::string& data);

}  // namespace semel::support

#endif  // SEMEL_TESTS_SUPPORT_REQUESTS_H_
