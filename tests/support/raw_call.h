// Calls with bytes instead of messages: for what no stub would send, and for services that we have no stub of.

#ifndef SEMEL_TESTS_SUPPORT_RAW_CALL_H_
#define SEMEL_TESTS_SUPPORT_RAW_CALL_H_

#include <grpcpp/channel.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <string>

namespace semel::support {

struct RawAnswer {
  grpc::Status status;
  std::string bytes;  // of the first message, empty: none
};

// One message to `method`, for example "/semel.v1.IdempotencyService/Begin", unary or streaming.
RawAnswer CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& method, const std::string& bytes);

}  // namespace semel::support

#endif  // SEMEL_TESTS_SUPPORT_RAW_CALL_H_
