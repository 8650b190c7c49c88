// Calls to Semel as continuations: what comes next stands where the call is made.
//
//   wire.Begin("Begin, fresh", request, [=](const Answer<v1::BeginResponse>& answer) { ... });
//   while (wire.Next()) {}                     // in one thread: no locks anywhere

#ifndef SEMEL_BENCH_TRAFFIC_WIRE_H_
#define SEMEL_BENCH_TRAFFIC_WIRE_H_

#include <grpcpp/channel.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "bench/traffic/tally.h"
#include "semel/v1/idempotency_service.grpc.pb.h"

namespace semel::bench {

template <typename Response>
struct Answer {
  grpc::Status status;
  Response response;
};

class Wire {
 public:
  template <typename Response>
  using Then = std::function<void(const Answer<Response>&)>;
  using BeginThen = Then<v1::BeginResponse>;
  using CompleteThen = Then<v1::CompleteResponse>;

  // The calls go over the channels in turn. `tally` must outlive the wire.
  Wire(const std::vector<std::shared_ptr<grpc::Channel>>& channels, Tally& tally);

  // `kind` is under what its latency is tallied, and must outlive the wire: a literal.
  void Begin(std::string_view kind, const v1::BeginRequest& request, BeginThen then);
  void Complete(std::string_view kind, const v1::CompleteRequest& request, CompleteThen then);
  void After(std::chrono::milliseconds delay, std::function<void()> then);

  // Waits for the next answer and goes on with what was to come then. False: none came for longer than any may take.
  bool Next();

 private:
  struct Event;  // what a completion queue brings back
  template <typename Response>
  struct Call;
  struct Alarm;

  v1::IdempotencyService::Stub& NextStub() { return *stubs_[next_stub_++ % stubs_.size()]; }

  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<v1::IdempotencyService::Stub>> stubs_;
  size_t next_stub_ = 0;
  Tally& tally_;
};

}  // namespace semel::bench

#endif  // SEMEL_BENCH_TRAFFIC_WIRE_H_
