#include "bench/traffic/wire.h"

#include <grpcpp/alarm.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/async_unary_call.h>

#include <utility>

namespace semel::bench {
namespace {

// Longer than any answer may take, those that are waited for included: a server that is silent for so long hangs.
constexpr std::chrono::seconds kPatience(20);

}  // namespace

struct Wire::Event {
  virtual ~Event() = default;
  virtual void Ended() = 0;
};

template <typename Response>
struct Wire::Call final : Event {
  Call(std::string_view kind, Tally& tally, Then<Response> then) : kind(kind), tally(tally), then(std::move(then)) {}

  void Ended() override {
    const SteadyClock::time_point now = SteadyClock::now();
    tally.CallEnded(kind, now, now - sent);
    then(answer);
  }

  const std::string_view kind;
  Tally& tally;
  const Then<Response> then;
  const SteadyClock::time_point sent = SteadyClock::now();
  grpc::ClientContext context;
  Answer<Response> answer;
  std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> reader;  // lives in the context's arena: goes first
};

struct Wire::Alarm final : Event {
  explicit Alarm(std::function<void()> then) : then(std::move(then)) {}

  void Ended() override { then(); }

  const std::function<void()> then;
  grpc::Alarm alarm;
};

Wire::Wire(const std::vector<std::shared_ptr<grpc::Channel>>& channels, Tally& tally) : tally_(tally) {
  for (const auto& channel : channels) stubs_.push_back(v1::IdempotencyService::NewStub(channel));
}

void Wire::Begin(std::string_view kind, const v1::BeginRequest& request, BeginThen then) {
  auto* call = new Call<v1::BeginResponse>(kind, tally_, std::move(then));
  call->reader = NextStub().AsyncBegin(&call->context, request, &queue_);
  call->reader->Finish(&call->answer.response, &call->answer.status, static_cast<Event*>(call));
}

void Wire::Complete(std::string_view kind, const v1::CompleteRequest& request, CompleteThen then) {
  auto* call = new Call<v1::CompleteResponse>(kind, tally_, std::move(then));
  call->reader = NextStub().AsyncComplete(&call->context, request, &queue_);
  call->reader->Finish(&call->answer.response, &call->answer.status, static_cast<Event*>(call));
}

void Wire::After(std::chrono::milliseconds delay, std::function<void()> then) {
  auto* alarm = new Alarm(std::move(then));
  alarm->alarm.Set(&queue_, std::chrono::system_clock::now() + delay, static_cast<Event*>(alarm));
}

bool Wire::Next() {
  void* tag = nullptr;
  bool ok = false;
  if (queue_.AsyncNext(&tag, &ok, std::chrono::system_clock::now() + kPatience) != grpc::CompletionQueue::GOT_EVENT) {
    return false;
  }
  std::unique_ptr<Event> event(static_cast<Event*>(tag));
  event->Ended();
  return true;
}

}  // namespace semel::bench
