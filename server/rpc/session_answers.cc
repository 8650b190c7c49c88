#include "server/rpc/session_answers.h"

#include <utility>

#include "server/engine/limits.h"

namespace semel::rpc {
namespace {

// What an answer takes in its message beside its own bytes: a tag and a length.
constexpr size_t kOverhead = 6;

// Leaves room for the limits.
constexpr size_t kMostBytes = engine::kMaxMessageBytes - 64;

// Of a message that was sent, whose memory waits for the next one.
constexpr size_t kMostKeptBytes = 64 * engine::kKiB;
constexpr int kMostKeptAnswers = 64;

}  // namespace

SessionAnswers::Waiting& SessionAnswers::Last() {
  if (waiting_.empty()) {
    waiting_.push_back({std::move(taken_.message), 0});
  }
  return waiting_.back();
}

SessionAnswers::Message::Answer& SessionAnswers::Add() { return *Last().message.add_answers(); }

size_t SessionAnswers::Added() {
  auto* answers = waiting_.back().message.mutable_answers();
  const size_t bytes = (answers->end() - 1)->ByteSizeLong() + kOverhead;
  if (answers->size() > 1 && waiting_.back().bytes + bytes > kMostBytes) {
    Message next;
    next.mutable_answers()->AddAllocated(answers->ReleaseLast());
    waiting_.push_back({std::move(next), 0});
  }
  waiting_.back().bytes += bytes;
  bytes_ += bytes;
  ++count_;
  return bytes;
}

void SessionAnswers::TellLimits(const v1::SessionLimits& limits) { *Last().message.mutable_limits() = limits; }

const SessionAnswers::Message& SessionAnswers::Take() {
  taken_ = std::move(waiting_.front());
  waiting_.pop_front();
  bytes_ -= taken_.bytes;
  count_ -= static_cast<size_t>(taken_.message.answers_size());
  return taken_.message;
}

void SessionAnswers::Written() {
  if (taken_.bytes > kMostKeptBytes || taken_.message.answers_size() > kMostKeptAnswers) taken_ = {};
  taken_.message.Clear();
}

void SessionAnswers::Clear() {
  waiting_.clear();
  bytes_ = 0;
  count_ = 0;
}

}  // namespace semel::rpc
