// What an operator may do with a key: settle one in doubt, and make Semel forget one.

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/engine/decide_calls.h"

namespace semel::engine {
namespace {

std::vector<std::pair<std::string, std::string>> WhereItStands(const Record& record) {
  return {{"state", std::string(NameOf(record.state))}, {"attempt", absl::StrCat(record.attempt)}};
}

// A key that is settled already: by this very call, whose answer was lost, or otherwise.
Decision ResolveSettled(const Record& record, const Resolve& resolve) {
  if (record.outcome_digest != resolve.outcome_digest) {
    return Refuse(Reason::kOutcomeConflict, "the key was settled meanwhile, to another outcome: Lookup shows it",
                  WhereItStands(record));
  }
  return Answer(Resolved{.state = record.state, .expire_time = record.result_expire_time, .already_applied = true});
}

// A key that was vacated. Only if an operator freed it had it been in doubt; an owner that released it left no doubt.
Decision ResolveVacant(const Record& record, const Resolve& resolve) {
  if (record.outcome_digest != DigestOf(Outcome{})) return RefuseNotFound();
  if (resolve.outcome) {
    return Refuse(Reason::kOutcomeConflict, "the key was settled meanwhile: it is free for another attempt",
                  WhereItStands(record));
  }
  return Answer(Resolved{.already_applied = true});
}

Decision RefuseNotInDoubt(const Record& record, std::string message) {
  return Refuse(Reason::kNotInDoubt, std::move(message), WhereItStands(record));
}

}  // namespace

Decision DecideCall(const Record* record, const Resolve& resolve, const Context& context) {
  if (record == nullptr) return RefuseNotFound();
  if (resolve.attempt != 0 && resolve.attempt != record->attempt) {
    return RefuseNotInDoubt(*record, absl::StrCat("attempt ", resolve.attempt, " is over, the last one is ",
                                                  record->attempt, ": look at the key again"));
  }
  switch (record->state) {
    case State::kVacant: return ResolveVacant(*record, resolve);
    case State::kDone:
    case State::kFailed: return ResolveSettled(*record, resolve);
    case State::kInProgress:
    case State::kInDoubt: break;
  }
  if (!IsInDoubt(*record, context.policy, context.now)) {
    return RefuseNotInDoubt(*record, "only a key in doubt can be resolved; this one is in progress");
  }
  if (!resolve.outcome) {
    Record freed = Vacated(*record, Previous::kReleased, context);
    freed.outcome_digest = DigestOf(Outcome{});
    return {.write = std::move(freed), .reply = Resolved{}};
  }
  Record settled = WithOutcome(*record, *resolve.outcome, resolve.outcome_digest, resolve.retention, context);
  Resolved reply{.state = settled.state, .expire_time = settled.result_expire_time};
  return {.write = std::move(settled), .reply = reply};
}

Decision DecideCall(const Record* record, const Delete&, const Context& context) {
  if (record == nullptr) return RefuseNotFound();
  const std::optional<Found> found = Show(*record, context.policy, context.now);
  if (!found) return RefuseNotFound();  // vacated: there is nothing that an operator could see
  return {.write = Forgotten(*record, context.now), .reply = Deleted{.state = found->state}};
}

}  // namespace semel::engine
