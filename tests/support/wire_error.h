// What a standard client reads from a failed call, or from the failed item of a batch.

#ifndef SEMEL_TESTS_SUPPORT_WIRE_ERROR_H_
#define SEMEL_TESTS_SUPPORT_WIRE_ERROR_H_

#include <grpcpp/support/status.h>

#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "semel/v1/error.pb.h"

namespace semel::support {

struct WireError {
  grpc::StatusCode code = grpc::StatusCode::OK;
  std::string reason;  // empty: no ErrorInfo came
  std::string domain;  // items have none
  std::string message;
  std::map<std::string, std::string> metadata;
  std::optional<absl::Duration> retry_delay;
  std::vector<std::string> fields;  // that were wrong
};

// Of a status whose details cannot be decoded, or contradict it: with the reason "MALFORMED".
WireError Describe(const grpc::Status& status);
WireError Describe(const v1::Error& error);

std::ostream& operator<<(std::ostream& out, const WireError& error);

}  // namespace semel::support

#endif  // SEMEL_TESTS_SUPPORT_WIRE_ERROR_H_
