// What an owner may do with its key. Every call needs the token of the current attempt (rule 4).

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/engine/decide_calls.h"

namespace semel::engine {
namespace {

using storage::IsOpen;

Decision RefuseStale(const Record& record, int64_t token) {
  return Refuse(Reason::kTokenStale,
                "the token is not that of the current attempt: another attempt took over, stop working",
                {{"state", std::string(NameOf(record.state))},
                 {"attempt", absl::StrCat(record.attempt)},
                 {"token", absl::StrCat(token)}});
}

Decision RefuseNotInProgress(const Record& record) {
  std::string message = record.state == State::kInDoubt
                            ? "the key is in doubt since the lease lapsed: Complete or Release still settle it"
                            : "the attempt has ended";
  return Refuse(Reason::kNotInProgress, std::move(message),
                {{"state", std::string(NameOf(record.state))}, {"attempt", absl::StrCat(record.attempt)}});
}

// Whether max_attempts made a failure final that was reported as retryable (rule 12).
bool MadeFinal(const Outcome& reported, const Record& settled) {
  const auto* asked = std::get_if<storage::Failure>(&reported);
  const auto* kept = std::get_if<storage::Failure>(&settled.outcome);
  return asked != nullptr && kept != nullptr && asked->retryable && !kept->retryable;
}

}  // namespace

// Rule 5, and the end of every attempt.
Decision DecideCall(const Record* record, const Complete& complete, const Context& context) {
  if (record == nullptr || record->state == State::kVacant) return RefuseNotFound();
  if (record->token != complete.token) return RefuseStale(*record, complete.token);
  if (!IsOpen(*record)) {
    if (record->outcome_digest != complete.outcome_digest) {
      return Refuse(Reason::kOutcomeConflict, "another outcome was stored with this token: Lookup shows it",
                    {{"state", std::string(NameOf(record->state))}});
    }
    // What is no longer replayed may be stripped from the record any moment.
    return Answer(
        Completed{.state = record->state,
                  .expire_time = record->result_expire_time,
                  .already_applied = true,
                  .made_final = context.now < record->result_expire_time && MadeFinal(complete.outcome, *record)});
  }
  // Also after the lease lapsed, and from IN_DOUBT: nobody else acquired, and the owner knows best (rule 6).
  Record settled = WithOutcome(*record, complete.outcome, complete.outcome_digest, complete.retention, context);
  Completed reply{.state = settled.state,
                  .expire_time = settled.result_expire_time,
                  .made_final = MadeFinal(complete.outcome, settled)};
  return {.write = std::move(settled), .reply = reply};
}

Decision DecideCall(const Record* record, const Renew& renew, const Context& context) {
  if (record == nullptr || record->state == State::kVacant) return RefuseNotFound();
  if (record->token != renew.token) return RefuseStale(*record, renew.token);
  if (record->state != State::kInProgress) return RefuseNotInProgress(*record);
  Record next = *record;
  next.lease_start = context.now;
  next.lease = renew.lease.value_or(record->lease);
  Renewed reply{.lease = next.lease};
  return {.write = std::move(next), .reply = reply};
}

Decision DecideCall(const Record* record, const Checkpoint& checkpoint, const Context& context) {
  if (record == nullptr || record->state == State::kVacant) return RefuseNotFound();
  if (record->token != checkpoint.token) return RefuseStale(*record, checkpoint.token);
  if (record->state != State::kInProgress) return RefuseNotInProgress(*record);
  Record next = *record;
  next.checkpoint = checkpoint.data;
  next.effects_began = record->effects_began || checkpoint.effects_began;
  Checkpointed reply{.lease_remaining = LeaseRemaining(*record, context.now)};
  return {.write = std::move(next), .reply = reply};
}

Decision DecideCall(const Record* record, const Release& release, const Context& context) {
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
  } else if (record->previous != Previous::kNone) {
    vacant.checkpoint = record->checkpoint;  // of an attempt that failed, perhaps with others released since
  }
  return {.write = std::move(vacant), .reply = Released{}};
}

}  // namespace semel::engine
