#include "server/engine/decide_calls.h"

#include <algorithm>

namespace semel::engine {
namespace {

// The record of an attempt that ended: what duplicates, retries and the next attempt need.
Record Settled(const Record& record, State state, const Context& context) {
  Record settled{.state = state, .token = record.token, .attempt = record.attempt, .create_time = record.create_time};
  settled.fingerprint = record.fingerprint;
  settled.owner = record.owner;
  settled.previous = record.previous;  // that an owner before fell silent stays visible
  settled.complete_time = context.now;
  return settled;
}

}  // namespace

using storage::LeaseEnd;

bool Lapsed(const Record& record, Time now) { return now >= LeaseEnd(record); }

Duration LeaseRemaining(const Record& record, Time now) { return std::max(LeaseEnd(record) - now, Duration::zero()); }

bool IsInDoubt(const Record& record, const Policy& policy, Time now) {
  if (record.state == State::kInDoubt) return true;
  return record.state == State::kInProgress && Lapsed(record, now) && LapsesIntoDoubt(record, policy);
}

bool LapsesIntoDoubt(const Record& record, const Policy& policy) {
  return record.effects_began || policy.on_lapse == LapsePolicy::kInDoubt;
}

std::string_view NameOf(State state) {
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

Decision Refuse(Reason reason, std::string message, std::vector<std::pair<std::string, std::string>> metadata) {
  return Answer(Refusal{.reason = reason, .message = std::move(message), .metadata = std::move(metadata)});
}

Decision RefuseNotFound() {
  return Refuse(Reason::kKeyNotFound,
                "there is no record of this key: it was never begun, was released, or is forgotten");
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

Record Vacated(const Record& record, Previous previous, const Context& context) {
  Record vacant = Settled(record, State::kVacant, context);
  vacant.fingerprint.clear();
  vacant.previous = previous;
  vacant.result_expire_time = context.now;
  vacant.key_expire_time = context.now + context.policy.key_retention;
  return vacant;
}

}  // namespace semel::engine
