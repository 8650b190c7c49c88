#include "client/cpp/session_call.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "semel/v1/idempotency_service.grpc.pb.h"

namespace semel {
namespace {

using SteadyClock = std::chrono::steady_clock;
// Requests are put together elsewhere, byte by byte.
using Stub = grpc::TemplatedGenericStub<grpc::ByteBuffer, v1::SessionResponse>;

constexpr auto kNever = SteadyClock::time_point::max();

std::string Method() { return absl::StrCat("/", v1::IdempotencyService::service_full_name(), "/Session"); }

grpc::ByteBuffer EmptyMessage() {
  const grpc::Slice nothing;
  return {&nothing, 1};
}

gpr_timespec DeadlineAt(SteadyClock::time_point time) {
  return time == kNever ? gpr_inf_future(GPR_CLOCK_MONOTONIC) : FromNow(time - SteadyClock::now());
}

}  // namespace

SessionCall::SessionCall(Connection& connection, Listener& listener) : listener_(listener) {
  connection.Authorize(context_);
  rpc_ = Stub(connection.channel()).PrepareCall(&context_, Method(), &queue_);
}

SessionCall::~SessionCall() {
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

grpc::Status SessionCall::Live() {
  bool gave_up = false;
  gives_up_ = SteadyClock::now() + kOpeningTime;
  rpc_->StartCall(Tag(Step::kStarted));
  // A write that began before the end comes back after it.
  while (!finished_ || writing_) {
    void* tag = nullptr;
    bool ok = false;
    if (queue_.AsyncNext(&tag, &ok, DeadlineAt(gives_up_)) == grpc::CompletionQueue::GOT_EVENT) {
      Happened(static_cast<Step>(reinterpret_cast<intptr_t>(tag)), ok);
      continue;
    }
    gave_up = !finishing_;
    gives_up_ = kNever;
    TryCancel();
  }
  if (gave_up) return {grpc::StatusCode::DEADLINE_EXCEEDED, "the server's first message did not come"};
  return status_;
}

void SessionCall::Happened(Step step, bool ok) {
  switch (step) {
    case Step::kStarted: return OnStarted(ok);
    case Step::kRead: return OnRead(ok);
    case Step::kWritten:
      writing_ = false;
      if (ok) listener_.OnWritten();  // else the stream is over, as the read will find
      return;
    case Step::kFinished: finished_ = true; return;
  }
}

void SessionCall::OnStarted(bool ok) {
  if (!ok) return Finish();
  ClaimWrite();
  Write(EmptyMessage());
  rpc_->Read(&response_, Tag(Step::kRead));
}

void SessionCall::OnRead(bool ok) {
  if (!ok) return Finish();
  opened_ = true;
  if (!finishing_) gives_up_ = kNever;
  listener_.OnResponse(response_);
  rpc_->Read(&response_, Tag(Step::kRead));
}

void SessionCall::Finish() {
  listener_.OnEnding();
  finishing_ = true;
  gives_up_ = SteadyClock::now() + kEndingTime;
  rpc_->Finish(&status_, Tag(Step::kFinished));
}

}  // namespace semel
