// Fields that are text have to be UTF-8 (proto3). A message where one is not is sent all the same, and no server can read it.

#ifndef SEMEL_CLIENT_CPP_CHECK_TEXT_H_
#define SEMEL_CLIENT_CPP_CHECK_TEXT_H_

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace semel {

// Every string field of the request, also those of the messages in it; bytes fields may be anything.
// Errors: kInvalidArgument (FIELD_INVALID), names each wrong field as the server would.
absl::Status CheckText(const google::protobuf::Message& request);

}  // namespace semel

#endif  // SEMEL_CLIENT_CPP_CHECK_TEXT_H_
