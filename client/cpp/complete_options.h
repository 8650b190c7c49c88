// What the user left open, filled in from the environment; what makes no sense, refused.

#ifndef SEMEL_CLIENT_CPP_COMPLETE_OPTIONS_H_
#define SEMEL_CLIENT_CPP_COMPLETE_OPTIONS_H_

#include "absl/status/statusor.h"
#include "semel/options.h"

namespace semel {

// Errors: kInvalidArgument (FIELD_INVALID), says which option.
absl::StatusOr<ClientOptions> CompleteOptions(ClientOptions options);

// The same without a namespace, which stays as it is.
absl::StatusOr<ClientOptions> CompleteConnectionOptions(ClientOptions options);

}  // namespace semel

#endif  // SEMEL_CLIENT_CPP_COMPLETE_OPTIONS_H_
