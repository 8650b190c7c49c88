// Begin: who owns the key, and what everyone else is told.

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/engine/decide_calls.h"

namespace semel::engine {
namespace {

using storage::LeaseEnd;

Acquired AcquiredReply(const Record& record) {
  return {.token = record.token,
          .attempt = record.attempt,
          .lease = record.lease,
          .previous = record.previous,
          .checkpoint = record.checkpoint};
}

// A new attempt. `before` is what it follows, or nullptr; its fingerprint and checkpoint live on.
Decision Acquire(const Record* before, Previous previous, const Begin& begin, const Context& context) {
  Record next{.state = State::kInProgress, .token = context.fresh_token, .attempt = 1, .create_time = context.now};
  next.fingerprint = begin.fingerprint;
  if (before != nullptr) {
    next.attempt = before->attempt + 1;
    next.create_time = before->create_time;
    next.checkpoint = before->checkpoint;
    if (next.fingerprint.empty()) next.fingerprint = before->fingerprint;
  }
  next.owner = begin.owner;
  next.previous = previous;
  next.attempt_id = begin.attempt_id;
  next.lease_start = context.now;
  next.lease = begin.lease;
  next.abandoned_retention = context.policy.abandoned_retention;
  Reply reply = AcquiredReply(next);
  return {.write = std::move(next), .reply = std::move(reply)};
}

// Rule 3: the same caller, which has not had its answer yet. Same attempt, same token, fresh lease.
Decision AcquireAgain(const Record& record, const Begin& begin, const Context& context) {
  Record next = record;
  next.state = State::kInProgress;
  next.lease_start = context.now;
  next.lease = begin.lease;
  Reply reply = AcquiredReply(next);
  return {.write = std::move(next), .reply = std::move(reply)};
}

InDoubt InDoubtReply(const Record& record) {
  return {.owner = record.owner, .since = LeaseEnd(record), .checkpoint = record.checkpoint};
}

Decision BeginInProgress(const Record& record, const Begin& begin, const Context& context) {
  const bool lapsed = Lapsed(record, context.now);
  // An owner that declared effects has had its answer: its attempt id vouches for nothing any more once it fell silent.
  if (record.attempt_id == begin.attempt_id && !(lapsed && record.effects_began)) {
    return AcquireAgain(record, begin, context);
  }
  if (!lapsed) {
    return Answer(InProgress{
        .owner = record.owner, .attempt = record.attempt, .lease_remaining = LeaseRemaining(record, context.now)});
  }
  if (LapsesIntoDoubt(record, context.policy)) {
    Record doubtful = record;
    doubtful.state = State::kInDoubt;
    return {.write = std::move(doubtful), .reply = InDoubtReply(record)};
  }
  return Acquire(&record, Previous::kAbandoned, begin, context);
}

Decision BeginInDoubt(const Record& record, const Begin& begin, const Context& context) {
  if (record.attempt_id == begin.attempt_id && !record.effects_began) return AcquireAgain(record, begin, context);
  return Answer(InDoubtReply(record));
}

Decision BeginDone(const Record& record, const Context& context) {
  const auto* result = std::get_if<storage::Result>(&record.outcome);
  // Compaction may strip an outcome only after its time, so a missing one means the same as a late clock.
  if (context.now >= record.result_expire_time || result == nullptr) {
    return Answer(Expired{.complete_time = record.complete_time});
  }
  return Answer(
      Done{.result = *result, .complete_time = record.complete_time, .expire_time = record.result_expire_time});
}

Decision BeginFailed(const Record& record, const Begin& begin, const Context& context) {
  const auto* failure = std::get_if<storage::Failure>(&record.outcome);
  if (failure != nullptr && failure->retryable) {
    const Time retry_time = record.complete_time + failure->retry_after;
    if (context.now >= retry_time) return Acquire(&record, Previous::kFailed, begin, context);
    Failed reply{.failure = *failure, .retry_after = retry_time - context.now, .attempt = record.attempt};
    // Rule 11: the texts are gone at the end of their retention, not when compaction happens to pass by.
    if (context.now >= record.result_expire_time) {
      reply.failure = {.retryable = true, .retry_after = failure->retry_after};
    }
    return Answer(std::move(reply));
  }
  if (context.now >= record.result_expire_time || failure == nullptr) {
    return Answer(Expired{.complete_time = record.complete_time});
  }
  return Answer(Failed{.failure = *failure, .retry_after = std::nullopt, .attempt = record.attempt});
}

}  // namespace

Decision DecideCall(const Record* record, const Begin& begin, const Context& context) {
  if (record == nullptr) return Acquire(nullptr, Previous::kNone, begin, context);
  if (!begin.fingerprint.empty() && !record->fingerprint.empty() && begin.fingerprint != record->fingerprint) {
    return Refuse(Reason::kFingerprintMismatch,
                  "the key stands for another request: use a new key for a new request, or send the same request again",
                  {{"state", std::string(NameOf(record->state))}, {"attempt", absl::StrCat(record->attempt)}});
  }
  switch (record->state) {
    case State::kInProgress: return BeginInProgress(*record, begin, context);
    case State::kInDoubt: return BeginInDoubt(*record, begin, context);
    case State::kDone: return BeginDone(*record, context);
    case State::kFailed: return BeginFailed(*record, begin, context);
    case State::kVacant: return Acquire(record, record->previous, begin, context);
  }
  return Refuse(Reason::kStorageFailed, "the stored state is unknown to this release");
}

}  // namespace semel::engine
