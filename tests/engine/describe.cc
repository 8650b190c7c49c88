#include "tests/engine/describe.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace semel::engine {
namespace {

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <typename... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

std::string Field(absl::string_view name, absl::string_view value) {
  return value.empty() ? "" : absl::StrCat(" ", name, "=", value);
}

const char* Name(State state) {
  switch (state) {
    case State::kInProgress: return "IN_PROGRESS";
    case State::kInDoubt: return "IN_DOUBT";
    case State::kDone: return "DONE";
    case State::kFailed: return "FAILED";
    case State::kVacant: return "VACANT";
  }
  return "(no such state)";
}

const char* Name(Previous previous) {
  switch (previous) {
    case Previous::kNone: return "NONE";
    case Previous::kAbandoned: return "ABANDONED";
    case Previous::kFailed: return "FAILED";
    case Previous::kReleased: return "RELEASED";
  }
  return "(no such previous)";
}

const char* Name(VisibleState state) {
  switch (state) {
    case VisibleState::kInProgress: return "IN_PROGRESS";
    case VisibleState::kInDoubt: return "IN_DOUBT";
    case VisibleState::kDone: return "DONE";
    case VisibleState::kFailed: return "FAILED";
    case VisibleState::kExpired: return "EXPIRED";
  }
  return "(no such state)";
}

const char* Name(Reason reason) {
  switch (reason) {
    case Reason::kFieldInvalid: return "FIELD_INVALID";
    case Reason::kResultTooLarge: return "RESULT_TOO_LARGE";
    case Reason::kBatchTooLarge: return "BATCH_TOO_LARGE";
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
    case Reason::kAdminForbidden: return "ADMIN_FORBIDDEN";
    case Reason::kBackupNotConfigured: return "BACKUP_NOT_CONFIGURED";
    case Reason::kBackupRunning: return "BACKUP_RUNNING";
    case Reason::kBackupFailed: return "BACKUP_FAILED";
  }
  return "(no such reason)";
}

std::string DescribeFailure(const storage::Failure& failure) {
  return absl::StrCat(failure.reason, failure.retryable ? " retryable" : " final",
                      failure.retryable ? Field("retry_after", Describe(failure.retry_after)) : "");
}

std::string DescribeOutcome(const Outcome& outcome) {
  return std::visit(
      Overloaded{
          [](const std::monostate&) { return std::string(" outcome=none"); },
          [](const storage::Result& result) { return absl::StrCat(" result=", result.payload); },
          [](const storage::Failure& failure) { return absl::StrCat(" failure=", DescribeFailure(failure)); },
      },
      outcome);
}

}  // namespace

std::string Describe(Duration duration) {
  struct Unit {
    int64_t micros;
    const char* name;
  };
  constexpr std::array<Unit, 5> kUnits = {
      {{86'400'000'000, "d"}, {3'600'000'000, "h"}, {60'000'000, "m"}, {1'000'000, "s"}, {1, "us"}}};
  std::string text = duration < Duration(0) ? "-" : "";
  int64_t rest = duration < Duration(0) ? -duration.count() : duration.count();
  if (rest == 0) return "0s";
  for (const Unit& unit : kUnits) {
    if (rest >= unit.micros) absl::StrAppend(&text, rest / unit.micros, unit.name);
    rest %= unit.micros;
  }
  return text;
}

std::string Describe(Time time) { return absl::StrCat("@", Describe(time - kStart)); }

// Attempt ids of the tests are one letter repeated.
std::string Describe(const AttemptId& id) { return std::string(1, static_cast<char>(id[0])); }

std::string Describe(const Reply& reply) {
  return std::visit(
      Overloaded{
          [](const Acquired& r) {
            return absl::StrCat("acquired token=", r.token, " attempt=", r.attempt, " lease=", Describe(r.lease),
                                " previous=", Name(r.previous), Field("checkpoint", r.checkpoint));
          },
          [](const Done& r) {
            return absl::StrCat("done result=", r.result.payload, " completed=", Describe(r.complete_time),
                                " expires=", Describe(r.expire_time));
          },
          [](const Failed& r) {
            return absl::StrCat("failed ", r.failure.reason.empty() ? "(stripped)" : r.failure.reason,
                                r.failure.retryable ? " retryable" : " final",
                                r.retry_after ? Field("retry_after", Describe(*r.retry_after)) : "",
                                " attempt=", r.attempt);
          },
          [](const InProgress& r) {
            return absl::StrCat("in_progress owner=", r.owner, " attempt=", r.attempt,
                                " remaining=", Describe(r.lease_remaining));
          },
          [](const InDoubt& r) {
            return absl::StrCat("in_doubt owner=", r.owner, " since=", Describe(r.since),
                                Field("checkpoint", r.checkpoint));
          },
          [](const Expired& r) { return absl::StrCat("expired completed=", Describe(r.complete_time)); },
          [](const Completed& r) {
            return absl::StrCat("completed ", Name(r.state), " expires=", Describe(r.expire_time),
                                r.already_applied ? " already_applied" : "", r.made_final ? " made_final" : "");
          },
          [](const Found& r) {
            bool open = r.state == VisibleState::kInProgress || r.state == VisibleState::kInDoubt;
            return absl::StrCat(
                "found ", Name(r.state), " attempt=", r.record.attempt,
                r.state == VisibleState::kInProgress ? Field("remaining", Describe(r.lease_remaining)) : "",
                open ? Field("checkpoint", r.record.checkpoint) : DescribeOutcome(r.record.outcome));
          },
          [](const NotFound&) { return std::string("no_record"); },
          [](const Renewed& r) { return absl::StrCat("renewed lease=", Describe(r.lease)); },
          [](const Released&) { return std::string("released"); },
          [](const Checkpointed& r) { return absl::StrCat("checkpointed remaining=", Describe(r.lease_remaining)); },
          [](const Resolved& r) {
            const std::string what = r.state == State::kVacant ? std::string("resolved to nothing")
                                                               : absl::StrCat("resolved ", Name(r.state),
                                                                              " expires=", Describe(r.expire_time));
            return what + (r.already_applied ? " already_applied" : "");
          },
          [](const Deleted& r) { return absl::StrCat("deleted ", Name(r.state)); },
          [](const Refusal& r) { return absl::StrCat("refused ", Name(r.reason)); },
      },
      reply);
}

std::string Describe(const Record& record) {
  std::string text = absl::StrCat(Name(record.state), " token=", record.token, " attempt=", record.attempt,
                                  " previous=", Name(record.previous), Field("fingerprint", record.fingerprint),
                                  Field("checkpoint", record.checkpoint));
  switch (record.state) {
    case State::kInProgress:
    case State::kInDoubt:
      absl::StrAppend(&text, " created=", Describe(record.create_time), " owner=", record.owner,
                      " id=", Describe(record.attempt_id), " lease=", Describe(record.lease_start), "+",
                      Describe(record.lease), " abandoned=", Describe(record.abandoned_retention),
                      record.effects_began ? " effects_began" : "");
      break;
    case State::kDone:
    case State::kFailed:
      absl::StrAppend(&text, " created=", Describe(record.create_time), " owner=", record.owner,
                      " completed=", Describe(record.complete_time), " expires=", Describe(record.result_expire_time),
                      " forgotten=", Describe(record.key_expire_time), " digest=", record.outcome_digest,
                      DescribeOutcome(record.outcome));
      break;
    case State::kVacant:
      absl::StrAppend(&text, " forgotten=", Describe(record.key_expire_time));
      if (record.outcome_digest != 0) {
        absl::StrAppend(&text, record.outcome_digest == DigestOf(Outcome{}) ? " by an operator" : " digest?");
      }
      break;
  }
  return text;
}

std::string Describe(const std::optional<Record>& record) { return record ? Describe(*record) : "nothing"; }

std::string Describe(const Request& request) {
  return std::visit(Overloaded{
                        [](const Begin& r) {
                          return absl::StrCat("begin id=", Describe(r.attempt_id), Field("fingerprint", r.fingerprint),
                                              " lease=", Describe(r.lease));
                        },
                        [](const Complete& r) {
                          return absl::StrCat("complete token=", r.token, DescribeOutcome(r.outcome),
                                              " digest=", r.outcome_digest, " retention=", Describe(r.retention));
                        },
                        [](const Lookup&) { return std::string("lookup"); },
                        [](const Renew& r) {
                          return absl::StrCat("renew token=", r.token,
                                              r.lease ? Field("lease", Describe(*r.lease)) : "");
                        },
                        [](const Release& r) { return absl::StrCat("release token=", r.token); },
                        [](const Checkpoint& r) {
                          return absl::StrCat("checkpoint token=", r.token, " data=", r.data,
                                              r.effects_began ? " effects_began" : "");
                        },
                        [](const Resolve& r) {
                          return absl::StrCat("resolve", r.outcome ? DescribeOutcome(*r.outcome) : " to nothing",
                                              " attempt=", r.attempt);
                        },
                        [](const Delete&) { return std::string("delete"); },
                    },
                    request);
}

}  // namespace semel::engine
