#include "server/rpc/session.h"

#include <optional>
#include <string>
#include <utility>

#include <grpcpp/impl/codegen/proto_utils.h>

#include "absl/strings/str_cat.h"

namespace semel::rpc {
namespace {

using engine::Reason;
using engine::Refusal;
using Operation = v1::SessionRequest::Operation;
using TimePoint = Poller::Clock::time_point;

// Of a message whose memory waits for the next one.
constexpr int kMostKeptOperations = 64;
constexpr size_t kMostKeptBytes = 64 * engine::kKiB;

Refusal TooMany(const std::string& field, size_t limit, int came) {
  return WrongCount(field, absl::StrCat("at most ", limit, " in a message"), limit, came);
}

Refusal ShuttingDown() {
  return {.reason = Reason::kDraining, .message = "this server is shutting down: connect again"};
}

}  // namespace

Session::Session(Sessions& sessions, Surroundings& surroundings) : sessions_(sessions), surroundings_(surroundings) {
  context_.AsyncNotifyWhenDone(&gone_);
  grpc::ServerCompletionQueue* queue = surroundings_.poller.queue();
  surroundings_.service.RequestSession(&context_, &stream_, queue, queue, &arrived_);
}

void Session::End() {
  absl::MutexLock lock(&mutex_);
  EndWith(ShuttingDown());
  Proceed();
}

void Session::OnArrived(bool ok) {
  if (!ok) {  // the server shuts down: nobody came
    delete this;
    return;
  }
  new Session(sessions_, surroundings_);
  arrival_ = Poller::Clock::now();
  CallStats& stats = surroundings_.stats;
  stats.sessions.open.Add();
  const bool enters = sessions_.Enter(this);
  Change([&] {
    if (!enters) EndWith(ShuttingDown());
    if (stats.sessions.open.value() > static_cast<int64_t>(surroundings_.limits.max_sessions)) {
      EndWith(Overloaded("max_sessions", "too many streams are open"));
    }
    ReadOn();
  });
}

void Session::OnRead(bool ok) {
  Change([&] {
    reading_ = false;
    if (!ok) {
      if (!status_) status_ = grpc::Status::OK;  // half-closed
    } else if (!status_) {
      TakeMessage();
    }
    ReadOn();
  });
}

void Session::OnWrote(bool ok) {
  Change([&] {
    writing_ = false;
    LetGo(std::exchange(writing_bytes_, 0), std::exchange(writing_answers_, 0));
    if (answers_.empty()) items_.KeepFew();
    if (!ok) Break();
    ReadOn();
  });
}

// The caller has gone, or all was told.
void Session::OnGone(bool) {
  Change([&] {
    gone_seen_ = true;
    if (context_.IsCancelled()) Break();
  });
}

void Session::OnFinished(bool) {
  surroundings_.stats.sessions.open.Remove();
  Change([&] { finish_ = Finish::kDone; });
}

void Session::Proceed() {
  if (!writing_ && !broken_ && !answers_.empty()) {
    writing_ = true;
    const SessionAnswers::Message message = answers_.Take();
    writing_bytes_ = message.size;
    writing_answers_ = message.answers;
    surroundings_.stats.sessions.responses.Add();
    stream_.Write(message.bytes, &wrote_);
  }
  if (status_ && finish_ == Finish::kNotYet && items_.size() == 0 && answers_.empty() && !writing_) {
    finish_ = Finish::kUnderWay;
    surroundings_.stats.methods[kSessionMethod].Ended(status_->error_code(), arrival_);
    stream_.Finish(*status_, &finished_);
  }
}

// Only on the polling thread.
void Session::ReadOn() {
  const size_t unread = answers_.bytes() + writing_bytes_;
  const size_t most_unread = surroundings_.HasRoomFor(engine::kMaxMessageBytes) ? engine::kMaxUnreadBytes : 0;
  if (status_ || reading_ || rests_ || unread > most_unread) return;
  if (!surroundings_.poller.HasRoom()) {
    rests_ = true;
    return surroundings_.poller.WhenRoom(this);
  }
  reading_ = true;
  stream_.Read(&received_, &read_);
}

void Session::EndWith(const Refusal& refusal) {
  if (!status_) status_ = ToStatus(refusal, surroundings_.stats.refusals);
}

// Nothing is decided for nobody. What ends an attempt is: its effect has happened, or has not.
void Session::Break() {
  broken_ = true;
  LetGo(answers_.bytes(), answers_.count());
  answers_.Clear();
  if (!status_ || status_->ok()) status_ = grpc::Status::CANCELLED;
  items_.ForEach([&](SessionItem& item) {
    if (item.kind == Operation::kBegin) return TakeBack(item);
    item.caller_gone = item.kind != Operation::kComplete;
  });
}

void Session::TakeMessage() {
  surroundings_.stats.sessions.requests.Add();
  const size_t size = received_.Length();
  if (!grpc::SerializationTraits<v1::SessionRequest>::Deserialize(&received_, &incoming_).ok()) {
    // As gRPC says it of a call of its own.
    status_ = grpc::Status(grpc::StatusCode::INTERNAL, "Unable to parse request");
  } else {
    TakeRequest();
  }
  // An idle stream does not hold on to a large message. To use the memory of small ones again is what makes them cheap.
  const bool large = incoming_.operations_size() > kMostKeptOperations || size > kMostKeptBytes;
  if (large) v1::SessionRequest().Swap(&incoming_);
}

void Session::TakeRequest() {
  if (!std::exchange(told_limits_, true)) {
    v1::SessionLimits limits;
    limits.set_max_operations(engine::kMaxBatchItems);
    limits.set_max_unanswered(static_cast<int32_t>(surroundings_.limits.max_session_operations));
    answers_.TellLimits(limits);
  }
  const size_t most_cancelled = surroundings_.limits.max_session_operations;
  if (static_cast<size_t>(incoming_.operations_size()) > engine::kMaxBatchItems) {
    return EndWith(TooMany("operations", engine::kMaxBatchItems, incoming_.operations_size()));
  }
  if (static_cast<size_t>(incoming_.cancelled_size()) > most_cancelled) {
    return EndWith(TooMany("cancelled", most_cancelled, incoming_.cancelled_size()));
  }
  surroundings_.poller.Took(static_cast<size_t>(incoming_.operations_size()));
  const TimePoint arrival = Poller::Clock::now();
  const engine::Time now = surroundings_.committer.Now();
  for (Operation& operation : *incoming_.mutable_operations()) Take(operation, arrival, now);
  for (const uint64_t id : incoming_.cancelled()) CancelBegin(id);
}

void Session::Take(Operation& wire, TimePoint arrival, engine::Time now) {
  SessionItem& item = items_.Take();
  item.id = wire.id();
  item.kind = wire.request_case();
  item.arrival = arrival;
  item.weight = wire.ByteSizeLong() + engine::kBatchItemBytes;
  surroundings_.stats.live.Add();
  const std::optional<Refusal> refusal = RefuseForLoad(item);
  Hold(static_cast<int64_t>(item.weight));
  if (refusal) return Say(item, *refusal);
  if (Refused refused = Validate(wire, surroundings_.policies, now, item)) return Say(item, *std::move(refused));
  if (item.kind == Operation::kBegin) items_.RememberBegin(item);
  surroundings_.poller.Submit(&item, &item, arrival);
}

std::optional<Refusal> Session::RefuseForLoad(const SessionItem& item) const {
  if (items_.size() > surroundings_.limits.max_session_operations) {
    return Overloaded("max_session_operations", "too many operations of this stream are waiting for an answer");
  }
  if (auto refusal = surroundings_.RefuseForLoad(IsNewWork(item.kind), item.arrival)) return refusal;
  if (!surroundings_.HasRoomFor(item.weight)) return RequestsHoldTooMuch();
  return std::nullopt;
}

void Session::CancelBegin(uint64_t id) {
  if (SessionItem* item = items_.ForgetBegin(id)) TakeBack(*item);
}

// One that still stands in line is answered so in its turn.
void Session::TakeBack(SessionItem& item) {
  item.caller_gone = true;
  if (surroundings_.committer.Cancel(&item)) Say(item, engine::TakenBack());
}

engine::Outbox* Session::ItemFinished(SessionItem& item, engine::Reply reply) {
  absl::MutexLock lock(&mutex_);
  Say(item, std::move(reply));
  return std::exchange(send_owed_, true) ? nullptr : this;
}

void Session::Say(SessionItem& item, engine::Reply reply) {
  v1::SessionResponse::Answer discarded;
  v1::SessionResponse::Answer& answer = broken_ ? discarded : answers_.Add();
  answer.set_id(item.id);
  grpc::StatusCode code = ToAnswer(item.kind, std::move(reply), surroundings_.stats.refusals, answer);
  size_t size = answer.ByteSizeLong();
  if (!surroundings_.HasRoomFor(size)) {
    code = ToAnswer(AnswersUnread(), surroundings_.stats.refusals, answer);
    size = answer.ByteSizeLong();
  }
  if (!broken_) Hold(static_cast<int64_t>(answers_.Added(size)));
  if (item.kind != Operation::REQUEST_NOT_SET)
    surroundings_.stats.methods[MethodOf(item.kind)].Ended(code, item.arrival);
  LetGo(item.weight, broken_ ? 1 : 0);  // an answer counts until it has left
  items_.GiveBack(item);
}

void Session::Hold(int64_t bytes) { surroundings_.stats.held_bytes.Add(bytes); }

void Session::LetGo(size_t bytes, size_t calls) {
  Hold(-static_cast<int64_t>(bytes));
  for (; calls > 0; --calls) surroundings_.stats.live.Remove();
}

}  // namespace semel::rpc
