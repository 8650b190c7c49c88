// The life of one call on a completion queue: armed, arrived, answered, gone.
//
//   armed ── a caller comes ──▶ arrived: another one is armed, Start() ──▶ Answer() ──▶ finished ──▶ deleted
//   A call that may wait also watches its caller: CallerGone() when it cancels or disconnects.

#ifndef SEMEL_SERVER_RPC_CALL_H_
#define SEMEL_SERVER_RPC_CALL_H_

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_unary_call.h>

#include "semel/v1/admin_service.grpc.pb.h"
#include "semel/v1/idempotency_service.grpc.pb.h"
#include "server/engine/committer.h"
#include "server/engine/policy_table.h"
#include "server/rpc/call_stats.h"
#include "server/rpc/errors.h"
#include "server/rpc/event.h"
#include "server/rpc/poller.h"

namespace semel::rpc {

class Administration;

// A Session's messages are taken as bytes: gRPC would report one that cannot be parsed as if the caller had half-closed.
using IdempotencyAsyncService = v1::IdempotencyService::WithRawMethod_Session<v1::IdempotencyService::AsyncService>;

// What every call needs; outlives all of them.
struct Surroundings {
  IdempotencyAsyncService& service;
  v1::AdminService::AsyncService& admin_service;
  Administration& administration;
  Poller& poller;
  engine::Committer& committer;
  const engine::PolicyTable& policies;
  const engine::Limits& limits;
  CallStats& stats;

  // The cheapest refusals first: where there is too much work, refusing must not become work. nullopt: it may go on.
  std::optional<engine::Refusal> RefuseForLoad(bool is_new_work, Poller::Clock::time_point arrival) const {
    if (stats.live.value() > static_cast<int64_t>(limits.max_calls)) {
      return Overloaded("max_calls", "too many calls are waiting for an answer");
    }
    if (is_new_work && poller.TurnsAway(arrival)) {
      return Overloaded("max_queue_delay", "calls have to wait for too long");
    }
    return std::nullopt;
  }

  // Whether calls may hold so much more. What is small always may: max_calls bounds it, and callers who do not read their answers
  // must not keep out those who do.
  bool HasRoomFor(size_t bytes) const {
    const int64_t held = stats.held_bytes.value() + static_cast<int64_t>(bytes);
    return bytes <= engine::kSmallMessageBytes || held <= static_cast<int64_t>(limits.max_inflight_bytes);
  }
};

template <class Service, class Request, class Response>
class Call {
 public:
  // What tells one method from another.
  struct Method {
    Service& service;
    void (Service::*request)(grpc::ServerContext*, Request*, grpc::ServerAsyncResponseWriter<Response>*,
                             grpc::CompletionQueue*, grpc::ServerCompletionQueue*, void*);
    MethodStats& stats;
    Surroundings& surroundings;
    bool may_wait;
    bool is_new_work = false;  // refused while too much waits; owners' calls never are: they end work
  };

  explicit Call(const Method& method) : method_(method) {}
  virtual ~Call() = default;

  // Waits for a caller. The call deletes itself when it is over.
  void Arm() {
    if (method_.may_wait) context_.AsyncNotifyWhenDone(&gone_);
    grpc::ServerCompletionQueue* queue = method_.surroundings.poller.queue();
    (method_.service.*method_.request)(&context_, &request_, &responder_, queue, queue, &arrived_);
  }

 protected:
  virtual void ArmAnother() = 0;
  virtual void Start() = 0;
  virtual void CallerGone() {}
  // What the call holds in bytes until it is answered, as far as its request tells.
  virtual size_t Weight() { return request_.ByteSizeLong(); }
  virtual void Refuse(const engine::Refusal& refusal) { Answer(ToStatus(refusal, refusals())); }

  // Exactly once after Start, from any thread. The call may be gone when it returns.
  void Answer(const grpc::Status& status) {
    Hold(response_.ByteSizeLong());
    method_.stats.Ended(status.error_code(), arrival_);
    responder_.Finish(response_, status, &finished_);
  }

  bool HasRoomFor(size_t bytes) const { return surroundings().HasRoomFor(bytes); }

  // The caller's deadline on the server's clock.
  engine::Time Deadline() const {
    const auto deadline = context_.deadline();
    if (deadline == std::chrono::system_clock::time_point::max()) return engine::Time::max();
    const auto left = deadline - std::chrono::system_clock::now();
    return surroundings().committer.Now() + std::chrono::duration_cast<engine::Duration>(left);
  }

  // Address of the caller, as gRPC tells it: ipv4:10.0.0.7:51234.
  std::string Peer() const { return context_.peer(); }

  Surroundings& surroundings() const { return method_.surroundings; }
  RefusalStats& refusals() const { return surroundings().stats.refusals; }
  Poller::Clock::time_point arrival() const { return arrival_; }
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
    const Surroundings& surroundings = method_.surroundings;
    surroundings.stats.live.Add();
    if (const auto refusal = surroundings.RefuseForLoad(method_.is_new_work, arrival_)) return Refuse(*refusal);
    const size_t bytes = Weight();
    if (!HasRoomFor(bytes)) return Refuse(RequestsHoldTooMuch());
    Hold(bytes);
    Start();
  }

  void OnFinished(bool) {
    is_finished_ = true;
    method_.surroundings.stats.live.Remove();  // not sooner: a caller that does not read holds memory
    method_.surroundings.stats.held_bytes.Add(-static_cast<int64_t>(held_));
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

  void Hold(size_t bytes) {
    held_ += bytes;
    method_.surroundings.stats.held_bytes.Add(static_cast<int64_t>(bytes));
  }

  const Method method_;
  grpc::ServerContext context_;
  Request request_;
  Response response_;
  grpc::ServerAsyncResponseWriter<Response> responder_{&context_};
  Poller::Clock::time_point arrival_;
  size_t held_ = 0;  // bytes of the request and the answer
  Step<Call> arrived_{*this, &Call::OnArrived};
  Step<Call> finished_{*this, &Call::OnFinished};
  Step<Call> gone_{*this, &Call::OnGone};
  bool is_finished_ = false;  // both only on the polling thread
  bool is_gone_ = false;
};

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_CALL_H_
