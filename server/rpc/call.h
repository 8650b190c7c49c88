// The life of one call on a completion queue: armed, arrived, answered, gone.
//
//   armed ── a caller comes ──▶ arrived: another one is armed, Start() ──▶ Answer() ──▶ finished ──▶ deleted
//   A call that may wait also watches its caller: CallerGone() when it cancels or disconnects.

#ifndef SEMEL_SERVER_RPC_CALL_H_
#define SEMEL_SERVER_RPC_CALL_H_

#include <chrono>
#include <utility>

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_unary_call.h>

#include "semel/v1/idempotency_service.grpc.pb.h"
#include "server/engine/committer.h"
#include "server/engine/policy.h"
#include "server/rpc/call_stats.h"
#include "server/rpc/errors.h"
#include "server/rpc/event.h"
#include "server/rpc/poller.h"

namespace semel::rpc {

// What every call needs; outlives all of them.
struct Surroundings {
  v1::IdempotencyService::AsyncService& service;
  Poller& poller;
  engine::Committer& committer;
  const engine::PolicyTable& policies;
  const engine::Limits& limits;
  CallStats& stats;
};

template <class Request, class Response>
class Call {
 public:
  // What tells one method from another.
  struct Method {
    void (v1::IdempotencyService::AsyncService::*request)(grpc::ServerContext*, Request*,
                                                          grpc::ServerAsyncResponseWriter<Response>*,
                                                          grpc::CompletionQueue*, grpc::ServerCompletionQueue*, void*);
    MethodStats& stats;
    Surroundings& surroundings;
    bool may_wait;
  };

  virtual ~Call() = default;

  // Waits for a caller. The call deletes itself when it is over.
  void Arm() {
    if (method_.may_wait) context_.AsyncNotifyWhenDone(&gone_);
    grpc::ServerCompletionQueue* queue = method_.surroundings.poller.queue();
    (method_.surroundings.service.*method_.request)(&context_, &request_, &responder_, queue, queue, &arrived_);
  }

 protected:
  explicit Call(const Method& method) : method_(method) {}

  virtual void ArmAnother() = 0;
  virtual void Start() = 0;
  virtual void CallerGone() {}

  // Exactly once after Start, from any thread. The call may be gone when it returns.
  void Answer(const grpc::Status& status) {
    method_.stats.by_code[static_cast<size_t>(status.error_code())].Add();
    const auto took = std::chrono::steady_clock::now() - arrival_;
    method_.stats.latency_micros.Observe(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
    responder_.Finish(response_, status, &finished_);
  }

  // The caller's deadline on the server's clock.
  engine::Time Deadline() const {
    const auto deadline = context_.deadline();
    if (deadline == std::chrono::system_clock::time_point::max()) return engine::Time::max();
    const auto left = deadline - std::chrono::system_clock::now();
    return surroundings().committer.Now() + std::chrono::duration_cast<engine::Duration>(left);
  }

  Surroundings& surroundings() const { return method_.surroundings; }
  const Method& method() const { return method_; }
  Request& wire_request() { return request_; }
  Response& wire_response() { return response_; }

 private:
  void OnArrived(bool ok) {
    if (!ok) {  // the server shuts down: nobody came
      delete this;
      return;
    }
    ArmAnother();
    arrival_ = std::chrono::steady_clock::now();
    method_.surroundings.stats.live.Add();
    if (method_.surroundings.stats.live.value() > static_cast<int64_t>(method_.surroundings.limits.max_calls)) {
      Answer(ToStatus({.reason = engine::Reason::kOverloaded,
                       .message = "too many calls are waiting for an answer: try again in a moment",
                       .metadata = {{"limit", "max_calls"}}}));
      return;
    }
    Start();
  }

  void OnFinished(bool) {
    is_finished_ = true;
    method_.surroundings.stats.live.Remove();  // not sooner: a caller that does not read holds memory
    DeleteWhenOver();
  }

  void OnGone(bool) {
    is_gone_ = true;
    if (!is_finished_ && context_.IsCancelled()) CallerGone();
    DeleteWhenOver();
  }

  void DeleteWhenOver() {
    if (is_finished_ && (is_gone_ || !method_.may_wait)) delete this;
  }

  const Method method_;
  grpc::ServerContext context_;
  Request request_;
  Response response_;
  grpc::ServerAsyncResponseWriter<Response> responder_{&context_};
  std::chrono::steady_clock::time_point arrival_;
  Step<Call> arrived_{*this, &Call::OnArrived};
  Step<Call> finished_{*this, &Call::OnFinished};
  Step<Call> gone_{*this, &Call::OnGone};
  bool is_finished_ = false;  // both only on the polling thread
  bool is_gone_ = false;
};

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_CALL_H_
