// What gRPC has to say goes into the server's log, where it keeps the log's format, instead of raw onto stderr.

#ifndef SEMEL_SERVER_GRPC_LOG_H_
#define SEMEL_SERVER_GRPC_LOG_H_

#include "server/ops/logging.h"

namespace semel {

// While it lives. As debug, also what gRPC calls an error: that is about bytes that anybody may send, who could fill the log with
// it. Only its last words before it aborts are an error here, and TLS handshakes that failed a warning, told at most once in ten
// seconds.
class GrpcLog {
 public:
  explicit GrpcLog(const ops::Logger& log);  // which must outlive it; one at a time
  ~GrpcLog();
  GrpcLog(const GrpcLog&) = delete;
  GrpcLog& operator=(const GrpcLog&) = delete;
};

}  // namespace semel

#endif  // SEMEL_SERVER_GRPC_LOG_H_
