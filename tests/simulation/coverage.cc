#include "tests/simulation/coverage.h"

#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace semel::simulation {
namespace {

using engine::Reason;
using engine::VisibleState;
using storage::Previous;

struct Kind {
  std::string operator()(const engine::Acquired& reply) const {
    switch (reply.previous) {
      case Previous::kNone: return "acquired";
      case Previous::kAbandoned: return "acquired after ABANDONED";
      case Previous::kFailed: return "acquired after FAILED";
      case Previous::kReleased: return "acquired after RELEASED";
    }
    return "";
  }
  std::string operator()(const engine::Done& reply) const {
    return reply.result.payload_detached ? "done without payload" : "done";
  }
  std::string operator()(const engine::Failed& reply) const { return reply.retry_after ? "failed early" : "failed"; }
  std::string operator()(const engine::InProgress&) const { return "in_progress"; }
  std::string operator()(const engine::InDoubt&) const { return "in_doubt"; }
  std::string operator()(const engine::Expired&) const { return "expired"; }
  std::string operator()(const engine::Completed& reply) const {
    if (reply.already_applied) return "already applied";
    return reply.state == storage::State::kDone ? "completed DONE" : "completed FAILED";
  }
  std::string operator()(const engine::Found& reply) const {
    switch (reply.state) {
      case VisibleState::kInProgress: return "found IN_PROGRESS";
      case VisibleState::kInDoubt: return "found IN_DOUBT";
      case VisibleState::kDone: return "found DONE";
      case VisibleState::kFailed: return "found FAILED";
      case VisibleState::kExpired: return "found EXPIRED";
    }
    return "";
  }
  std::string operator()(const engine::NotFound&) const { return "no record"; }
  std::string operator()(const engine::Renewed&) const { return "renewed"; }
  std::string operator()(const engine::Released&) const { return "released"; }
  std::string operator()(const engine::Checkpointed&) const { return "checkpointed"; }
  std::string operator()(const engine::Resolved& reply) const {
    if (reply.already_applied) return "resolved already";
    return reply.state == storage::State::kVacant ? "resolved to nothing" : "resolved";
  }
  std::string operator()(const engine::Deleted&) const { return "deleted"; }
  std::string operator()(const engine::Refusal& refusal) const {
    switch (refusal.reason) {
      case Reason::kFieldInvalid:
      case Reason::kResultTooLarge:
      case Reason::kBatchTooLarge:
      case Reason::kAdminForbidden:
      case Reason::kBackupNotConfigured:
      case Reason::kBackupRunning:
      case Reason::kBackupFailed: return "not the engine's to refuse";
      case Reason::kKeyNotFound: return "KEY_NOT_FOUND";
      case Reason::kFingerprintMismatch: return "FINGERPRINT_MISMATCH";
      case Reason::kOutcomeConflict: return "OUTCOME_CONFLICT";
      case Reason::kNotInProgress: return "NOT_IN_PROGRESS";
      case Reason::kNotInDoubt: return "NOT_IN_DOUBT";
      case Reason::kTokenStale: return "TOKEN_STALE";
      case Reason::kOverloaded: return "OVERLOADED";
      case Reason::kDraining: return "DRAINING";
      case Reason::kStorageFailed: return "STORAGE_FAILED";
      case Reason::kDeadlineExceeded: return "DEADLINE_EXCEEDED";
      case Reason::kCancelled: return "CANCELLED";
    }
    return "";
  }
};

}  // namespace

void Coverage::Note(const engine::Reply& reply) { ++heard_[std::visit(Kind(), reply)]; }

void Coverage::Add(const Coverage& other) {
  for (const auto& [kind, count] : other.heard_) heard_[kind] += count;
}

std::vector<std::string> Coverage::Missing() const {
  std::vector<std::string> missing;
  for (const char* kind : {"acquired",
                           "acquired after ABANDONED",
                           "acquired after FAILED",
                           "acquired after RELEASED",
                           "done",
                           "done without payload",
                           "failed",
                           "failed early",
                           "in_progress",
                           "in_doubt",
                           "expired",
                           "completed DONE",
                           "completed FAILED",
                           "already applied",
                           "found IN_PROGRESS",
                           "found IN_DOUBT",
                           "found DONE",
                           "found FAILED",
                           "found EXPIRED",
                           "no record",
                           "renewed",
                           "released",
                           "checkpointed",
                           "resolved",
                           "resolved to nothing",
                           "resolved already",
                           "deleted",
                           "KEY_NOT_FOUND",
                           "FINGERPRINT_MISMATCH",
                           "OUTCOME_CONFLICT",
                           "NOT_IN_PROGRESS",
                           "NOT_IN_DOUBT",
                           "TOKEN_STALE",
                           "OVERLOADED",
                           "DRAINING",
                           "DEADLINE_EXCEEDED",
                           "CANCELLED"}) {
    if (!heard_.contains(kind)) missing.emplace_back(kind);
  }
  return missing;
}

std::string Coverage::Tell() const {
  return absl::StrJoin(heard_, ", ", [](std::string* line, const auto& entry) {
    absl::StrAppend(line, entry.first, " ", entry.second);
  });
}

}  // namespace semel::simulation
