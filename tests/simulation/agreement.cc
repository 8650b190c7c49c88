#include "tests/simulation/agreement.h"

#include <tuple>

#include "absl/strings/str_cat.h"
#include "tests/engine/describe.h"

namespace semel::simulation {
namespace {

using engine::Describe;
using storage::Record;

bool Same(const engine::Acquired& a, const engine::Acquired& b) {
  return std::tie(a.token, a.attempt, a.lease, a.previous, a.checkpoint) ==
         std::tie(b.token, b.attempt, b.lease, b.previous, b.checkpoint);
}
bool Same(const engine::Done& a, const engine::Done& b) {
  return std::tie(a.result, a.complete_time, a.expire_time) == std::tie(b.result, b.complete_time, b.expire_time);
}
bool Same(const engine::Failed& a, const engine::Failed& b) {
  return std::tie(a.failure, a.retry_after, a.attempt) == std::tie(b.failure, b.retry_after, b.attempt);
}
bool Same(const engine::InProgress& a, const engine::InProgress& b) {
  return std::tie(a.owner, a.attempt, a.lease_remaining) == std::tie(b.owner, b.attempt, b.lease_remaining);
}
bool Same(const engine::InDoubt& a, const engine::InDoubt& b) {
  return std::tie(a.owner, a.since, a.checkpoint) == std::tie(b.owner, b.since, b.checkpoint);
}
bool Same(const engine::Expired& a, const engine::Expired& b) { return a.complete_time == b.complete_time; }
bool Same(const engine::Completed& a, const engine::Completed& b) {
  return std::tie(a.state, a.expire_time, a.already_applied, a.made_final) ==
         std::tie(b.state, b.expire_time, b.already_applied, b.made_final);
}
bool Same(const engine::Found& a, const engine::Found& b) {
  const auto shown = [](const Record& r) {
    return std::tie(r.token, r.attempt, r.fingerprint, r.checkpoint, r.owner, r.previous, r.create_time,
                    r.complete_time, r.result_expire_time, r.key_expire_time, r.outcome);
  };
  return a.state == b.state && a.lease_remaining == b.lease_remaining && shown(a.record) == shown(b.record);
}
bool Same(const engine::NotFound&, const engine::NotFound&) { return true; }
bool Same(const engine::Renewed& a, const engine::Renewed& b) { return a.lease == b.lease; }
bool Same(const engine::Released&, const engine::Released&) { return true; }
bool Same(const engine::Checkpointed& a, const engine::Checkpointed& b) {
  return a.lease_remaining == b.lease_remaining;
}
bool Same(const engine::Resolved& a, const engine::Resolved& b) {
  return std::tie(a.state, a.expire_time, a.already_applied) == std::tie(b.state, b.expire_time, b.already_applied);
}
bool Same(const engine::Deleted& a, const engine::Deleted& b) { return a.state == b.state; }
bool Same(const engine::Refusal& a, const engine::Refusal& b) { return a.reason == b.reason; }

bool IsState(Is is, storage::State state) {
  switch (state) {
    case storage::State::kInProgress: return is == Is::kRunning;
    case storage::State::kInDoubt: return is == Is::kInDoubt;
    case storage::State::kDone: return is == Is::kDone;
    case storage::State::kFailed: return is == Is::kFailed;
    case storage::State::kVacant: return is == Is::kVacant;
  }
  return false;
}

// Outcomes may be stripped after their time, and what is left of them is of no interest then.
bool SameOutcome(const KeyModel& expected, const Record& stored, Time now) {
  return now >= expected.replayed_until || stored.outcome == expected.stored;
}

bool SameFields(const KeyModel& expected, const Record& stored, Time now) {
  if (!IsState(expected.is, stored.state)) return false;
  if (std::tie(expected.token, expected.attempt, expected.fingerprint, expected.checkpoint) !=
      std::tie(stored.token, stored.attempt, stored.fingerprint, stored.checkpoint)) {
    return false;
  }
  if (expected.first_begun != stored.create_time) return false;
  switch (expected.is) {
    case Is::kAbsent: return false;
    case Is::kRunning:
    case Is::kInDoubt:
      return std::tie(expected.owner, expected.attempt_id, expected.previous, expected.lease_start, expected.lease,
                      expected.abandoned_retention, expected.effects_began) ==
             std::tie(stored.owner, stored.attempt_id, stored.previous, stored.lease_start, stored.lease,
                      stored.abandoned_retention, stored.effects_began);
    case Is::kDone:
    case Is::kFailed:
      return std::tie(expected.owner, expected.previous, expected.completed, expected.replayed_until,
                      expected.remembered_until) == std::tie(stored.owner, stored.previous, stored.complete_time,
                                                             stored.result_expire_time, stored.key_expire_time) &&
             SameOutcome(expected, stored, now);
    case Is::kVacant:
      return expected.previous == stored.previous && expected.remembered_until == stored.key_expire_time;
  }
  return false;
}

const char* Name(Is is) {
  switch (is) {
    case Is::kAbsent: return "absent";
    case Is::kRunning: return "in progress";
    case Is::kInDoubt: return "in doubt";
    case Is::kDone: return "done";
    case Is::kFailed: return "failed";
    case Is::kVacant: return "vacant";
  }
  return "?";
}

}  // namespace

std::string Disagreement(const Reply& expected, const Reply& actual) {
  const bool same =
      expected.index() == actual.index() &&
      std::visit([&](const auto& reply) { return Same(reply, std::get<std::decay_t<decltype(reply)>>(actual)); },
                 expected);
  return same ? "" : absl::StrCat("expected the answer\n  ", Describe(expected), "\nbut it was\n  ", Describe(actual));
}

std::string Disagreement(const KeyModel& expected, const std::optional<Record>& stored, Time now) {
  const bool forgotten = expected.is == Is::kAbsent || now >= expected.forgotten_at();
  const bool stored_is_forgotten = !stored || now >= storage::ForgetTime(*stored);
  if (forgotten && stored_is_forgotten) return "";
  if (!forgotten && stored && SameFields(expected, *stored, now)) return "";
  return absl::StrCat("the key is ", forgotten ? "forgotten" : Name(expected.is), ", token ", expected.token,
                      ", attempt ", expected.attempt, ", until ", Describe(expected.forgotten_at()),
                      ", but stored is\n  ", Describe(stored));
}

}  // namespace semel::simulation
