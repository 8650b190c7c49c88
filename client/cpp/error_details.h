// From what the wire says about an error to an absl::Status that DetailsOf can read.

#ifndef SEMEL_CLIENT_CPP_ERROR_DETAILS_H_
#define SEMEL_CLIENT_CPP_ERROR_DETAILS_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "grpcpp/support/status.h"
#include "semel/error.h"
#include "semel/v1/error.pb.h"

namespace semel {

// A failed call. Details that cannot be decoded are left out: the code and the message still stand.
absl::Status ToStatus(const grpc::Status& status);

// A failed item of a batch.
absl::Status ToStatus(const v1::Error& error);

// A failed operation of a stream, as the call of its own would have failed.
grpc::Status ToGrpcStatus(const v1::Error& error);

// An error that this library found before anything was sent.
absl::Status LocalError(absl::StatusCode code, std::string_view reason, const std::string& message,
                        std::map<std::string, std::string> metadata = {});

// The same of wrong fields, at least one: kInvalidArgument (FIELD_INVALID), with the message that the server would give.
absl::Status LocalFieldError(const std::vector<FieldViolation>& violations);

// The same error with ErrorDetails::outcome_unknown, or with ErrorDetails::fn_ran.
absl::Status WithOutcomeUnknown(absl::Status status);
absl::Status WithFnRan(absl::Status status);

// The same error and its details with another message.
absl::Status WithMessage(const absl::Status& status, const std::string& message);

}  // namespace semel

#endif  // SEMEL_CLIENT_CPP_ERROR_DETAILS_H_
