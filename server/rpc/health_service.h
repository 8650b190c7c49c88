// grpc.health.v1 on a completion queue: Check and Watch for "" and "semel.v1.IdempotencyService", which always agree.
//
// Not gRPC's built-in one, because that is written on the callback API, whose threads poll every connection beside ours and
// made each call a third dearer.

#ifndef SEMEL_SERVER_RPC_HEALTH_SERVICE_H_
#define SEMEL_SERVER_RPC_HEALTH_SERVICE_H_

#include <set>
#include <string_view>

#include <grpcpp/completion_queue.h>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace semel::rpc {

// Thread-safe.
class HealthService {
 public:
  using Status = grpc::health::v1::HealthCheckResponse::ServingStatus;
  using AsyncService = grpc::health::v1::Health::AsyncService;

  AsyncService& service() { return service_; }  // to register before the server starts

  // Waits for callers on the queue, until the server shuts down.
  void Serve(grpc::ServerCompletionQueue* queue);

  void SetServing(bool serving);

  // Ends the calls of those who watch: a server waits for them when it shuts down.
  void EndWatches();

 private:
  class Check;
  class Watch;

  Status StatusOf(std::string_view name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  AsyncService service_;

  absl::Mutex mutex_;
  bool serving_ ABSL_GUARDED_BY(mutex_) = true;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<Watch*> watches_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_HEALTH_SERVICE_H_
