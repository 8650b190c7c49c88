#include "server/engine/decide.h"

#include <algorithm>
#include <utility>

#include "server/engine/decide_calls.h"

namespace semel::engine {

using storage::ForgetTime;
using storage::LeaseEnd;

namespace {

bool IsRetryable(const Record& record) {
  const auto* failure = std::get_if<storage::Failure>(&record.outcome);
  return failure != nullptr && failure->retryable;
}

}  // namespace

Decision Decide(const Record* record, const Request& request, const Context& context) {
  // Rules 8 and 11: past its time a record is gone at the read. Only its token is heeded, because tokens never fall.
  Context effective{.now = context.now, .fresh_token = context.fresh_token, .policy = context.policy};
  if (record != nullptr) effective.fresh_token = std::max(context.fresh_token, record->token + 1);
  if (record != nullptr && context.now >= ForgetTime(*record)) record = nullptr;
  return std::visit([&](const auto& call) { return DecideCall(record, call, effective); }, request);
}

std::optional<Found> Show(const Record& record, const Policy& policy, Time now) {
  if (record.state == State::kVacant || now >= ForgetTime(record)) return std::nullopt;
  Found found{.record = record};
  switch (record.state) {
    case State::kInProgress:
    case State::kInDoubt:
      found.state = IsInDoubt(record, policy, now) ? VisibleState::kInDoubt : VisibleState::kInProgress;
      if (record.state == State::kInProgress) found.lease_remaining = LeaseRemaining(record, now);
      break;
    case State::kDone:
    case State::kFailed:
    case State::kVacant:
      found.state = record.state == State::kDone ? VisibleState::kDone : VisibleState::kFailed;
      if (now >= record.result_expire_time) {
        if (!IsRetryable(record)) found.state = VisibleState::kExpired;
        found.record.outcome = std::monostate{};
      }
      break;
  }
  return found;
}

Decision DecideCall(const Record* record, const Lookup&, const Context& context) {
  std::optional<Found> found;
  if (record != nullptr) found = Show(*record, context.policy, context.now);
  return found ? Answer(*std::move(found)) : Answer(NotFound{});
}

// ---- What a restart and time itself make of a record ----------------------------------------------------------------

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
