#include "server/engine/tally.h"

namespace semel::engine {
namespace {

BeginOutcome OutcomeOf(const Reply& reply) {
  if (std::holds_alternative<Acquired>(reply)) return BeginOutcome::kAcquired;
  if (std::holds_alternative<Done>(reply)) return BeginOutcome::kDone;
  if (std::holds_alternative<Failed>(reply)) return BeginOutcome::kFailed;
  if (std::holds_alternative<InProgress>(reply)) return BeginOutcome::kInProgress;
  if (std::holds_alternative<InDoubt>(reply)) return BeginOutcome::kInDoubt;
  if (std::holds_alternative<Expired>(reply)) return BeginOutcome::kExpired;
  const auto* refusal = std::get_if<Refusal>(&reply);
  const bool mismatch = refusal != nullptr && refusal->reason == Reason::kFingerprintMismatch;
  return mismatch ? BeginOutcome::kMismatch : BeginOutcome::kRefused;
}

}  // namespace

void TallyAnswer(const Operation& operation, const Reply& reply, EngineStats& stats) {
  NamespaceStats& ns = stats.namespaces[operation.ns->index];
  if (std::holds_alternative<Begin>(operation.request)) {
    ns.begins[static_cast<size_t>(OutcomeOf(reply))].Add();
  }
  if (const auto* acquired = std::get_if<Acquired>(&reply)) {
    if (acquired->previous == Previous::kAbandoned) ns.takeovers.Add();
  } else if (const auto* completed = std::get_if<Completed>(&reply)) {
    if (completed->already_applied) {
      ns.already_applied.Add();
    } else {
      (completed->state == State::kDone ? ns.completed_done : ns.completed_failed).Add();
    }
  } else if (const auto* refusal = std::get_if<Refusal>(&reply)) {
    if (refusal->reason == Reason::kTokenStale) ns.stale_tokens.Add();
    if (refusal->reason == Reason::kFingerprintMismatch) ns.mismatches.Add();
  }
}

}  // namespace semel::engine
