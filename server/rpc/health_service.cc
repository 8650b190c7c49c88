#include "server/rpc/health_service.h"

#include <optional>

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_stream.h>
#include <grpcpp/support/async_unary_call.h>

#include "server/rpc/event.h"

namespace semel::rpc {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

class HealthService::Check {
 public:
  Check(HealthService& health, grpc::ServerCompletionQueue* queue) : health_(health), queue_(queue) {
    health_.service_.RequestCheck(&context_, &request_, &responder_, queue_, queue_, &arrived_);
  }

 private:
  void OnArrived(bool ok) {
    if (!ok) {
      delete this;
      return;
    }
    new Check(health_, queue_);
    HealthCheckResponse response;
    {
      absl::MutexLock lock(&health_.mutex_);
      response.set_status(health_.StatusOf(request_.service()));
    }
    const bool known = response.status() != HealthCheckResponse::SERVICE_UNKNOWN;
    responder_.Finish(response, known ? grpc::Status::OK : grpc::Status(grpc::StatusCode::NOT_FOUND, "unknown service"),
                      &finished_);
  }
  void OnFinished(bool) { delete this; }

  HealthService& health_;
  grpc::ServerCompletionQueue* const queue_;
  grpc::ServerContext context_;
  HealthCheckRequest request_;
  grpc::ServerAsyncResponseWriter<HealthCheckResponse> responder_{&context_};
  Step<Check> arrived_{*this, &Check::OnArrived};
  Step<Check> finished_{*this, &Check::OnFinished};
};

// At most one operation of the stream is under way at a time; what changed meanwhile is said when it is over.
class HealthService::Watch {
 public:
  Watch(HealthService& health, grpc::ServerCompletionQueue* queue) : health_(health), queue_(queue) {
    context_.AsyncNotifyWhenDone(&gone_);
    health_.service_.RequestWatch(&context_, &request_, &writer_, queue_, queue_, &arrived_);
  }

  // Says what is new, or ends the call.
  void Proceed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(health_.mutex_) {
    if (busy_ || finishing_) return;
    const Status now = health_.StatusOf(request_.service());
    busy_ = true;
    if (is_gone_ || health_.ending_) {
      finishing_ = true;
      writer_.Finish(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the server is shutting down"), &finished_);
    } else if (now != said_) {
      said_ = now;
      HealthCheckResponse response;
      response.set_status(now);
      writer_.Write(response, &wrote_);
    } else {
      busy_ = false;
    }
  }

 private:
  void OnArrived(bool ok) {
    if (!ok) {
      delete this;
      return;
    }
    new Watch(health_, queue_);
    absl::MutexLock lock(&health_.mutex_);
    health_.watches_.insert(this);
    Proceed();
  }
  void OnWrote(bool ok) {
    absl::MutexLock lock(&health_.mutex_);
    busy_ = false;
    is_gone_ = is_gone_ || !ok;
    Proceed();
  }
  void OnGone(bool) {
    bool over;
    {
      absl::MutexLock lock(&health_.mutex_);
      is_gone_ = true;
      gone_seen_ = true;
      Proceed();
      over = finished_seen_;
    }
    if (over) delete this;
  }
  void OnFinished(bool) {
    bool over;
    {
      absl::MutexLock lock(&health_.mutex_);
      health_.watches_.erase(this);
      finished_seen_ = true;
      over = gone_seen_;
    }
    if (over) delete this;
  }

  HealthService& health_;
  grpc::ServerCompletionQueue* const queue_;
  grpc::ServerContext context_;
  HealthCheckRequest request_;
  grpc::ServerAsyncWriter<HealthCheckResponse> writer_{&context_};
  Step<Watch> arrived_{*this, &Watch::OnArrived};
  Step<Watch> wrote_{*this, &Watch::OnWrote};
  Step<Watch> gone_{*this, &Watch::OnGone};
  Step<Watch> finished_{*this, &Watch::OnFinished};

  // Guarded by health_.mutex_.
  std::optional<Status> said_;
  bool busy_ = false;
  bool finishing_ = false;
  bool is_gone_ = false;
  bool gone_seen_ = false;
  bool finished_seen_ = false;
};

void HealthService::Serve(grpc::ServerCompletionQueue* queue) {
  new Check(*this, queue);  // each deletes itself when its call is over
  new Watch(*this, queue);
}

void HealthService::SetServing(bool serving) {
  absl::MutexLock lock(&mutex_);
  serving_ = serving;
  for (Watch* watch : watches_) watch->Proceed();
}

void HealthService::EndWatches() {
  absl::MutexLock lock(&mutex_);
  ending_ = true;
  for (Watch* watch : watches_) watch->Proceed();
}

HealthService::Status HealthService::StatusOf(std::string_view name) {
  if (!name.empty() && name != "semel.v1.IdempotencyService") return HealthCheckResponse::SERVICE_UNKNOWN;
  return serving_ ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
}

}  // namespace semel::rpc
