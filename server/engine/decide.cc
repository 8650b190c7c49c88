#include "server/engine/decide.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"

namespace semel::engine {
namespace {

using storage::ForgetTime;
using storage::IsOpen;
using storage::LeaseEnd;

bool Lapsed(const Record& record, Time now) { return now >= LeaseEnd(record); }

Duration LeaseRemaining(const Record& record, Time now) { return std::max(LeaseEnd(record) - now, Duration::zero()); }

// Rule 9: whether silence leaves this attempt in doubt rather than free to run again.
bool LapsesIntoDoubt(const Record& record, const Policy& policy) {
  return record.effects_began || policy.on_lapse == LapsePolicy::kInDoubt;
}

bool IsInDoubt(const Record& record, const Context& context) {
  if (record.state == State::kInDoubt) return true;
  return record.state == State::kInProgress && Lapsed(record, context.now) && LapsesIntoDoubt(record, context.policy);
}

bool IsRetryable(const Record& record) {
  const auto* failure = std::get_if<storage::Failure>(&record.outcome);
  return failure != nullptr && failure->retryable;
}

std::string_view Name(State state) {
  switch (state) {
    case State::kInProgress: return "IN_PROGRESS";
    case State::kInDoubt: return "IN_DOUBT";
    case State::kDone: return "DONE";
    case State::kFailed: return "FAILED";
    case State::kVacant: return "VACANT";
  }
  return "UNKNOWN";
}

Decision Answer(Reply reply) { return {.write = std::nullopt, .reply = std::move(reply)}; }

Decision Refuse(Reason reason, std::string message, std::vector<std::pair<std::string, std::string>> metadata = {}) {
  return Answer(Refusal{.reason = reason, .message = std::move(message), .metadata = std::move(metadata)});
}

// ---- Begin ---------------------------------------------------------------------------------------------------------

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

Decision Decide(const Record* record, const Begin& begin, const Context& context) {
  if (record == nullptr) return Acquire(nullptr, Previous::kNone, begin, context);
  if (!begin.fingerprint.empty() && !record->fingerprint.empty() && begin.fingerprint != record->fingerprint) {
    return Refuse(Reason::kFingerprintMismatch,
                  "the key stands for another request: use a new key for a new request, or send the same request again",
                  {{"state", std::string(Name(record->state))}, {"attempt", absl::StrCat(record->attempt)}});
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

// ---- Calls of the owner --------------------------------------------------------------------------------------------

Decision RefuseNotFound() {
  return Refuse(Reason::kKeyNotFound,
                "there is no record of this key: it was never begun, was released, or is forgotten");
}

Decision RefuseStale(const Record& record, int64_t token) {
  return Refuse(Reason::kTokenStale,
                "the token is not that of the current attempt: another attempt took over, stop working",
                {{"state", std::string(Name(record.state))},
                 {"attempt", absl::StrCat(record.attempt)},
                 {"token", absl::StrCat(token)}});
}

Decision RefuseNotInProgress(const Record& record) {
  std::string message = record.state == State::kInDoubt
                            ? "the key is in doubt since the lease lapsed: Complete or Release still settle it"
                            : "the attempt has ended";
  return Refuse(Reason::kNotInProgress, std::move(message),
                {{"state", std::string(Name(record.state))}, {"attempt", absl::StrCat(record.attempt)}});
}

// The record of an attempt that ended: what duplicates, retries and the next attempt need.
Record Settled(const Record& record, State state, const Context& context) {
  Record settled{.state = state, .token = record.token, .attempt = record.attempt, .create_time = record.create_time};
  settled.fingerprint = record.fingerprint;
  settled.owner = record.owner;
  settled.previous = record.previous;  // that an owner before fell silent stays visible
  settled.complete_time = context.now;
  return settled;
}

Record WithOutcome(const Record& record, const Outcome& outcome, uint64_t digest, Duration retention,
                   const Context& context) {
  const bool done = std::holds_alternative<storage::Result>(outcome);
  Record settled = Settled(record, done ? State::kDone : State::kFailed, context);
  settled.outcome = outcome;
  settled.outcome_digest = digest;
  settled.result_expire_time = context.now + retention;
  settled.key_expire_time = context.now + std::max(retention, context.policy.key_retention);
  if (auto* failure = std::get_if<storage::Failure>(&settled.outcome)) {
    const bool last = context.policy.max_attempts > 0 && record.attempt >= context.policy.max_attempts;
    if (last) *failure = storage::Failure{failure->reason, failure->message, failure->details, false, Duration::zero()};
    if (failure->retryable) settled.checkpoint = record.checkpoint;
  }
  return settled;
}

// Rule 5, and the end of every attempt.
Decision Decide(const Record* record, const Complete& complete, const Context& context) {
  if (record == nullptr || record->state == State::kVacant) return RefuseNotFound();
  if (record->token != complete.token) return RefuseStale(*record, complete.token);
  if (!IsOpen(*record)) {
    if (record->outcome_digest != complete.outcome_digest) {
      return Refuse(Reason::kOutcomeConflict, "another outcome was stored with this token: Lookup shows it",
                    {{"state", std::string(Name(record->state))}});
    }
    return Answer(
        Completed{.state = record->state, .expire_time = record->result_expire_time, .already_applied = true});
  }
  // Also after the lease lapsed, and from IN_DOUBT: nobody else acquired, and the owner knows best (rule 6).
  Record settled = WithOutcome(*record, complete.outcome, complete.outcome_digest, complete.retention, context);
  Completed reply{.state = settled.state, .expire_time = settled.result_expire_time};
  return {.write = std::move(settled), .reply = reply};
}

Decision Decide(const Record* record, const Renew& renew, const Context& context) {
  if (record == nullptr || record->state == State::kVacant) return RefuseNotFound();
  if (record->token != renew.token) return RefuseStale(*record, renew.token);
  if (record->state != State::kInProgress) return RefuseNotInProgress(*record);
  Record next = *record;
  next.lease_start = context.now;
  next.lease = renew.lease.value_or(record->lease);
  Renewed reply{.lease = next.lease};
  return {.write = std::move(next), .reply = reply};
}

Decision Decide(const Record* record, const Checkpoint& checkpoint, const Context& context) {
  if (record == nullptr || record->state == State::kVacant) return RefuseNotFound();
  if (record->token != checkpoint.token) return RefuseStale(*record, checkpoint.token);
  if (record->state != State::kInProgress) return RefuseNotInProgress(*record);
  Record next = *record;
  next.checkpoint = checkpoint.data;
  next.effects_began = record->effects_began || checkpoint.effects_began;
  Checkpointed reply{.lease_remaining = LeaseRemaining(*record, context.now)};
  return {.write = std::move(next), .reply = reply};
}

// What is left when an attempt is undone: enough to number the next one and to keep tokens growing.
Record Vacated(const Record& record, Previous previous, const Context& context) {
  Record vacant = Settled(record, State::kVacant, context);
  vacant.fingerprint.clear();
  vacant.previous = previous;
  vacant.result_expire_time = context.now;
  vacant.key_expire_time = context.now + context.policy.key_retention;
  return vacant;
}

Decision Decide(const Record* record, const Release& release, const Context& context) {
  if (record == nullptr) return Answer(Released{});
  if (record->token != release.token) return RefuseStale(*record, release.token);
  if (record->state == State::kVacant) return Answer(Released{});
  if (!IsOpen(*record)) return RefuseNotInProgress(*record);
  Record vacant = Vacated(*record, Previous::kReleased, context);
  // "I did nothing" must not hide that an owner before may have done something.
  if (record->previous == Previous::kAbandoned) {
    vacant.previous = Previous::kAbandoned;
    vacant.fingerprint = record->fingerprint;
    vacant.checkpoint = record->checkpoint;
  } else if (record->previous == Previous::kFailed) {
    vacant.checkpoint = record->checkpoint;
  }
  return {.write = std::move(vacant), .reply = Released{}};
}

// ---- Calls of those who only look, and of operators ----------------------------------------------------------------

Decision Decide(const Record* record, const Lookup&, const Context& context) {
  if (record == nullptr || record->state == State::kVacant) return Answer(NotFound{});
  Found found{.record = *record};
  switch (record->state) {
    case State::kInProgress:
    case State::kInDoubt:
      found.state = IsInDoubt(*record, context) ? VisibleState::kInDoubt : VisibleState::kInProgress;
      if (record->state == State::kInProgress) found.lease_remaining = LeaseRemaining(*record, context.now);
      break;
    case State::kDone:
    case State::kFailed:
    case State::kVacant:
      found.state = record->state == State::kDone ? VisibleState::kDone : VisibleState::kFailed;
      if (context.now >= record->result_expire_time) {
        if (!IsRetryable(*record)) found.state = VisibleState::kExpired;
        found.record.outcome = std::monostate{};
      }
      break;
  }
  return Answer(std::move(found));
}

Decision Decide(const Record* record, const Resolve& resolve, const Context& context) {
  if (record == nullptr || record->state == State::kVacant) return RefuseNotFound();
  if (!IsInDoubt(*record, context)) {
    return Refuse(Reason::kNotInDoubt, "only a key in doubt can be resolved",
                  {{"state", std::string(Name(record->state))}, {"attempt", absl::StrCat(record->attempt)}});
  }
  if (!resolve.outcome) return {.write = Vacated(*record, Previous::kReleased, context), .reply = Resolved{}};
  return {
      .write = WithOutcome(*record, *resolve.outcome, resolve.outcome_digest, context.policy.result_retention, context),
      .reply = Resolved{}};
}

Decision Decide(const Record* record, const Delete&, const Context& context) {
  if (record == nullptr || record->state == State::kVacant) return RefuseNotFound();
  return {.write = Forgotten(*record, context.now), .reply = Deleted{}};
}

}  // namespace

Decision Decide(const Record* record, const Request& request, const Context& context) {
  // Rules 8 and 11: past its time a record is gone at the read. Only its token is heeded, because tokens never fall.
  Context effective{.now = context.now, .fresh_token = context.fresh_token, .policy = context.policy};
  if (record != nullptr) effective.fresh_token = std::max(context.fresh_token, record->token + 1);
  if (record != nullptr && context.now >= ForgetTime(*record)) record = nullptr;
  return std::visit([&](const auto& call) { return Decide(record, call, effective); }, request);
}

std::optional<Record> HonourLease(const Record& record, Time last_alive, Time boot) {
  if (record.state != State::kInProgress || record.lease_start >= boot || LeaseEnd(record) <= last_alive)
    return std::nullopt;
  Record honoured = record;
  honoured.lease_start = boot;
  return honoured;
}

Record Forgotten(const Record& record, Time now) {
  Record vacant{.state = State::kVacant, .token = record.token};
  vacant.create_time = record.create_time;
  vacant.complete_time = now;
  vacant.result_expire_time = now;
  vacant.key_expire_time = now;
  return vacant;
}

}  // namespace semel::engine
