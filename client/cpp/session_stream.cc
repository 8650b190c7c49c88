#include "client/cpp/session_stream.h"

#include <algorithm>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/cpp/randomness.h"

namespace semel {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Between streams; those who wait meanwhile have pauses of their own.
constexpr Duration kFirstPause = std::chrono::milliseconds(50);
constexpr Duration kLongestPause = std::chrono::seconds(1);
// After a stream that lived for so long the pauses begin anew.
constexpr Duration kLongLife = std::chrono::seconds(1);
// How soon a pause notices that the stream is not needed any longer.
constexpr Duration kNap = std::chrono::milliseconds(50);

Backoff Pauses() { return {{.initial_backoff = kFirstPause, .max_backoff = kLongestPause}, RandomSeed()}; }

std::string NameOf(grpc::StatusCode code) { return absl::StatusCodeToString(static_cast<absl::StatusCode>(code)); }

// For what was sent: whatever ended the stream, the reply is lost. What the server itself says of it is passed on.
grpc::Status Lost(const grpc::Status& end) {
  if (end.error_code() == grpc::StatusCode::UNAVAILABLE) return end;
  return {grpc::StatusCode::UNAVAILABLE,
          absl::StrCat("the Session stream ended with ", NameOf(end.error_code()), ": ", end.error_message())};
}

// For what was not sent: why not.
grpc::Status NotSent(const SessionStream::End& end) {
  const grpc::Status& status = end.status;
  if (end.was_open || status.ok()) {
    return {grpc::StatusCode::UNAVAILABLE,
            absl::StrCat(kNotSent, "the Session stream ended: ", status.error_message())};
  }
  if (status.error_code() != grpc::StatusCode::UNIMPLEMENTED) {
    return {status.error_code(), absl::StrCat(kNotSent, status.error_message()), status.error_details()};
  }
  return {grpc::StatusCode::UNIMPLEMENTED,
          absl::StrCat(kNotSent,
                       "the server, or a proxy before it, does not take the Session stream: upgrade it, or set "
                       "ClientOptions::transport to kAuto or kUnary (",
                       status.error_message(), ")")};
}

}  // namespace

SessionStream::SessionStream(Connection& connection, std::function<void(const End&)> on_end)
    : connection_(connection), on_end_(std::move(on_end)), backoff_(Pauses()) {}

SessionStream::~SessionStream() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    if (call_ != nullptr) call_->TryCancel();
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

uint64_t SessionStream::Submit(Operation& operation, Done done) {
  std::unique_lock lock(mutex_);
  const uint64_t id = operations_.Add(operation, std::move(done));
  if (state_ == State::kClosed) StartThread();
  Flush(lock);
  return id;
}

SessionStream::Cancelled SessionStream::Cancel(uint64_t id) {
  std::unique_lock lock(mutex_);
  const Cancelled cancelled = operations_.Cancel(id);
  if (cancelled == Cancelled::kTooLate) return cancelled;
  // Of what was sent, and waits for its key, the server should have told by now that the wait is over.
  const bool overdue = cancelled == Cancelled::kSent || operations_.due() > 0;
  const bool silent = overdue && SteadyClock::now() - quiet_since_ > kLongestSilence;
  if (silent && call_ != nullptr) call_->TryCancel();
  Flush(lock);
  return cancelled;
}

void SessionStream::Open() {
  std::lock_guard lock(mutex_);
  if (state_ != State::kClosed || wanted_) return;
  wanted_ = true;
  StartThread();
}

bool SessionStream::is_open() const {
  std::lock_guard lock(mutex_);
  return state_ == State::kOpen;
}

grpc::Status SessionStream::why_closed() const {
  std::lock_guard lock(mutex_);
  return why_closed_;
}

bool SessionStream::HasRoomFor(const Operation& operation) const {
  std::lock_guard lock(mutex_);
  return state_ == State::kOpen && operations_.HasRoomFor(operation);
}

SessionStream::Figures SessionStream::figures() const {
  std::lock_guard lock(mutex_);
  return {.messages_sent = operations_.messages_sent(), .operations_sent = operations_.operations_sent()};
}

void SessionStream::StartThread() {
  if (!thread_.joinable()) thread_ = std::thread([this] { Work(); });
  changed_.notify_all();
}

void SessionStream::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || wanted_ || operations_.HasUnsent(); });
    if (stopping_) break;
    lock.unlock();
    Pause();
    TellEnd(LiveOnce());
    lock.lock();
  }
  lock.unlock();
  TellEnd({.status = {grpc::StatusCode::CANCELLED, "the client was destroyed"}});
}

// gRPC does its input and output on the threads that wait for it: the connection comes back while we wait inside of it.
void SessionStream::Pause() {
  for (;;) {
    const SteadyTime now = SteadyClock::now();
    {
      std::lock_guard lock(mutex_);
      if (stopping_ || now >= not_before_) return;
    }
    connection_.Pause(std::min<Duration>(not_before_ - now, kNap));
  }
}

SessionStream::End SessionStream::LiveOnce() {
  End end{.began = SteadyClock::now()};
  SessionCall call(connection_, *this);
  {
    std::lock_guard lock(mutex_);
    wanted_ = false;
    state_ = State::kOpening;
    call_ = &call;
    if (stopping_) call.TryCancel();
  }
  end.status = call.Live();
  end.was_open = call.opened();
  std::lock_guard lock(mutex_);
  state_ = State::kClosed;
  call_ = nullptr;
  return end;
}

void SessionStream::OnResponse(v1::SessionResponse& response) {
  std::unique_lock lock(mutex_);
  quiet_since_ = SteadyClock::now();
  if (state_ == State::kOpening) {
    operations_.SetLimits(response.limits());
    state_ = State::kOpen;
    why_closed_ = grpc::Status::OK;
  }
  for (Answer& answer : *response.mutable_answers()) {
    Done done = operations_.Answered(answer.id());
    if (done) answered_.emplace_back(std::move(done), &answer);
  }
  handing_out_ = true;
  lock.unlock();
  for (auto& [done, answer] : answered_) done(grpc::Status::OK, answer);
  answered_.clear();
  lock.lock();
  handing_out_ = false;
  Flush(lock);
}

void SessionStream::OnWritten() {
  std::unique_lock lock(mutex_);
  Flush(lock);
}

void SessionStream::OnEnding() {
  std::lock_guard lock(mutex_);
  state_ = State::kEnding;
}

// Writes what waits, unless somebody else is about to.
void SessionStream::Flush(std::unique_lock<std::mutex>& lock) {
  if (state_ != State::kOpen || handing_out_ || call_->writing()) return;
  if (operations_.due() == 0) quiet_since_ = SteadyClock::now();
  grpc::ByteBuffer message;
  if (!operations_.TakeMessage(message)) return;
  SessionCall& call = *call_;
  call.ClaimWrite();
  lock.unlock();
  call.Write(message);
}

void SessionStream::TellEnd(const End& end) {
  const grpc::Status not_sent = NotSent(end);
  std::unique_lock lock(mutex_);
  why_closed_ = not_sent;
  std::vector<Done> sent = operations_.TakeSent();
  std::vector<Done> unsent = operations_.TakeUnsent();
  lock.unlock();
  const SteadyTime now = SteadyClock::now();
  if (end.was_open && now - end.began >= kLongLife) backoff_ = Pauses();
  not_before_ = now + backoff_.Next(std::nullopt);
  if (on_end_) on_end_(end);
  for (Done& done : sent) done(Lost(end.status), nullptr);
  for (Done& done : unsent) done(not_sent, nullptr);
}

}  // namespace semel
