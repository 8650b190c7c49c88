#include "server/rpc/session_answers.h"

#include <cstdlib>
#include <utility>

#include <grpcpp/impl/codegen/proto_utils.h>

#include "server/engine/limits.h"

namespace semel::rpc {
namespace {

// What an answer takes in its message beside its own bytes: a tag and a length.
constexpr size_t kOverhead = 6;

// Leaves room for the limits.
constexpr size_t kMostBytes = engine::kMaxMessageBytes - 64;

// Of a message that was sent, whose memory waits for the next one.
constexpr size_t kMostKeptBytes = 64 * engine::kKiB;
constexpr size_t kMostKeptAnswers = 64;

}  // namespace

SessionAnswers::Waiting& SessionAnswers::Last() {
  if (waiting_.empty()) waiting_.push_back({std::move(spare_), 0});
  return waiting_.back();
}

v1::SessionResponse::Answer& SessionAnswers::Add() { return *Last().message.add_answers(); }

// Puts it where its message keeps within what clients take.
size_t SessionAnswers::Added(size_t size) {
  size += kOverhead;
  auto* answers = waiting_.back().message.mutable_answers();
  if (answers->size() > 1 && waiting_.back().bytes + size > kMostBytes) {
    v1::SessionResponse next;
    next.mutable_answers()->AddAllocated(answers->ReleaseLast());
    waiting_.push_back({std::move(next), 0});
  }
  waiting_.back().bytes += size;
  bytes_ += size;
  ++count_;
  return size;
}

void SessionAnswers::TellLimits(const v1::SessionLimits& limits) { *Last().message.mutable_limits() = limits; }

SessionAnswers::Message SessionAnswers::Take() {
  Waiting taken = std::move(waiting_.front());
  waiting_.pop_front();
  Message message{.answers = static_cast<size_t>(taken.message.answers_size()), .size = taken.bytes};
  bool owns = false;
  const grpc::Status made =
      grpc::SerializationTraits<v1::SessionResponse>::Serialize(taken.message, &message.bytes, &owns);
  if (!made.ok())
    std::abort();  // its size is bounded: a defect of this program, and nothing must be left out in silence
  bytes_ -= message.size;
  count_ -= message.answers;
  if (message.size <= kMostKeptBytes && message.answers <= kMostKeptAnswers) {
    taken.message.Clear();
    spare_ = std::move(taken.message);
  }
  return message;
}

void SessionAnswers::Clear() {
  waiting_.clear();
  bytes_ = 0;
  count_ = 0;
}

}  // namespace semel::rpc
