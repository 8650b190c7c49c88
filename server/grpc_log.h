// What gRPC has to say goes into the server's log, where it keeps the log's format, instead of raw onto stderr.

#ifndef SEMEL_SERVER_GRPC_LOG_H_
#define SEMEL_SERVER_GRPC_LOG_H_

#include "server/ops/logging.h"

namespace semel {

// While it lives. As debug, but for the last words before gRPC aborts, and for errors once the server serves: until then it says
// in its own words why it cannot, afterwards nobody else may say that, for example, gRPC accepts no more connections.
class GrpcLog {
 public:
  explicit GrpcLog(const ops::Logger& log);  // which must outlive it; one at a time
  void Serving();                            // from now on its errors are the server's
  ~GrpcLog();
  GrpcLog(const GrpcLog&) = delete;
  GrpcLog& operator=(const GrpcLog&) = delete;
};

}  // namespace semel

#endif  // SEMEL_SERVER_GRPC_LOG_H_
