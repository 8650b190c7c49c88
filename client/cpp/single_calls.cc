#include "client/cpp/single_calls.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "absl/cleanup/cleanup.h"
#include "client/cpp/error_details.h"
#include "client/cpp/to_wire.h"

namespace semel {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Cancelled = SessionStream::Cancelled;

// The answer to one operation, which one thread waits for.
class AwaitedAnswer {
 public:
  void Arrived(const grpc::Status& end, SessionStream::Answer* answer) {
    std::lock_guard lock(mutex_);
    end_ = end;
    if (answer != nullptr) answer_.Swap(answer);
    arrived_ = true;
    changed_.notify_one();  // with the mutex held: this may be gone as soon as it is free
  }

  void Wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return arrived_; });
  }
  bool WaitUntil(SteadyClock::time_point deadline) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, deadline, [this] { return arrived_; });
  }

  // After it arrived.
  const grpc::Status& end() const { return end_; }
  SessionStream::Answer& answer() { return answer_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_ until it arrived.
  bool arrived_ = false;
  grpc::Status end_;
  SessionStream::Answer answer_;
};

bool FitsIntoMessage(const SessionStream::Operation& operation) {
  return operation.ByteSizeLong() + SessionOperations::kOperationOverhead <= SessionOperations::kMaxMessageBytes;
}

grpc::Status NotSentInTime(const grpc::Status& why_closed) {
  if (!why_closed.ok()) return why_closed;
  return {grpc::StatusCode::DEADLINE_EXCEEDED,
          std::string(kNotSent) + "the Session stream was not open, or had no room, in time"};
}

}  // namespace

SingleCalls::SingleCalls(const ClientOptions& options, Connection& connection, Stub& stub)
    : transport_(options.transport),
      connection_(connection),
      stub_(stub),
      stream_(connection, [this](const SessionStream::End& end) { trial_.StreamEnded(end, SteadyClock::now()); }) {}

Transport SingleCalls::InUse() const {
  if (transport_ == Transport::kAuto) return stream_.is_open() ? Transport::kStream : Transport::kUnary;
  return transport_;
}

absl::Status SingleCalls::Call(const std::string& what, CallBudget budget, SessionStream::Operation& operation,
                               absl::FunctionRef<void()> before_try, ByItself by_itself, TakeResponse take) {
  const bool alone = under_way_.fetch_add(1) == 0;
  const absl::Cleanup leave = [this] { under_way_.fetch_sub(1); };
  bool failed_on_stream = false;
  return connection_.Repeatedly(what, budget, [&](Duration timeout) {
    before_try();
    // What the stream did not answer goes on by itself where it may: perhaps only the stream is at fault.
    const bool unary = failed_on_stream && transport_ == Transport::kAuto;
    if (unary || !TakesStream(operation, alone)) return CallByItself(timeout, by_itself);
    grpc::Status status = CallOverStream(timeout, operation, take);
    failed_on_stream = !status.ok();
    return status;
  });
}

bool SingleCalls::TakesStream(const SessionStream::Operation& operation, bool alone) {
  if (transport_ == Transport::kUnary || !FitsIntoMessage(operation)) return false;
  if (transport_ == Transport::kStream || stream_.HasRoomFor(operation)) return true;
  if (!alone && trial_.MayOpen(SteadyClock::now())) stream_.Open();
  return false;
}

grpc::Status SingleCalls::CallByItself(Duration timeout, ByItself by_itself) {
  const auto began = SteadyClock::now();
  grpc::ClientContext context;
  SetTimeout(context, timeout);
  connection_.Authorize(context);
  grpc::Status status = by_itself(context);
  // An error with details comes from the server, too.
  if (status.ok() || !status.error_details().empty()) trial_.CallAnswered(began);
  return status;
}

grpc::Status SingleCalls::CallOverStream(Duration timeout, SessionStream::Operation& operation, TakeResponse take) {
  const auto deadline = SteadyClock::now() + timeout;
  *operation.mutable_timeout() =
      ToWire(std::max(timeout, Duration::zero()));  // a pause may have taken longer than it should
  AwaitedAnswer awaited;
  const uint64_t id = stream_.Submit(
      operation, [&awaited](const grpc::Status& end, SessionStream::Answer* answer) { awaited.Arrived(end, answer); });
  if (!awaited.WaitUntil(deadline)) {
    switch (stream_.Cancel(id)) {
      case Cancelled::kUnsent: return NotSentInTime(stream_.why_closed());
      case Cancelled::kSent: return {grpc::StatusCode::DEADLINE_EXCEEDED, "Deadline Exceeded"};
      case Cancelled::kTooLate: awaited.Wait();  // it is just arriving
    }
  }
  if (!awaited.end().ok()) return awaited.end();
  if (awaited.answer().has_error()) return ToGrpcStatus(awaited.answer().error());
  if (!take(awaited.answer())) return {grpc::StatusCode::INTERNAL, "the answer is that of another operation"};
  return grpc::Status::OK;
}

}  // namespace semel
