#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "client/cpp/error_details.h"
#include "semel/client.h"

namespace semel {
namespace {

// Another attempt's outcome, or the reason why there is none: fn is not called.
RunOutcome NotRun(AcquireAnswer answer) {
  RunOutcome outcome;
  std::visit(
      [&outcome](auto& told) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(told)>, Lease>) outcome.answer = std::move(told);
      },
      answer);
  outcome.replayed = outcome.result() != nullptr || outcome.failure() != nullptr;
  return outcome;
}

// The caller gets its outcome back whole, whatever could be recorded of it, except for the pause that others are told.
RunOutcome OwnOutcome(Outcome reported, const Outcome& recorded, const Completed& completed, int attempt) {
  RunOutcome outcome;
  if (auto* result = std::get_if<Result>(&reported)) {
    outcome.answer = Done{.result = std::move(*result), .expire_time = completed.expire_time};
  } else if (auto* failure = std::get_if<Failure>(&reported)) {
    Failed failed{.failure = std::move(*failure), .attempt = attempt};
    failed.failure.retryable = failed.failure.retryable && !completed.made_final;
    if (const auto* stored = std::get_if<Failure>(&recorded)) failed.failure.retry_after = stored->retry_after;
    if (failed.failure.retryable) failed.retry_after = failed.failure.retry_after;
    outcome.answer = std::move(failed);
  }
  outcome.omitted = completed.omitted;
  outcome.refused = completed.refused;
  outcome.left_out = completed.left_out;
  return outcome;
}

absl::Status NotBegun(const absl::Status& error) {
  return WithMessage(error, absl::StrCat("the work was not begun: ", error.message()));
}

absl::Status NotRecorded(const absl::Status& error) {
  const ErrorDetails details = DetailsOf(error);
  // After a lost reply the first report may have been stored before somebody took over.
  const bool taken_over = details.reason == reason::kTokenStale && !details.outcome_unknown;
  const std::string what =
      taken_over
          ? "the lease was lost while the work went on and another attempt took over, so the outcome was not recorded"
          : "the work was done, but its outcome is not known to be recorded";
  return WithFnRan(WithMessage(error, absl::StrCat(what, ": ", error.message())));
}

}  // namespace

const Result* RunOutcome::result() const {
  const auto* done = std::get_if<Done>(&answer);
  return done != nullptr ? &done->result : nullptr;
}

const Failure* RunOutcome::failure() const {
  const auto* failed = std::get_if<Failed>(&answer);
  return failed != nullptr ? &failed->failure : nullptr;
}

absl::StatusOr<RunOutcome> Client::Run(std::string_view key, const Function& fn, const RunOptions& options) {
  absl::StatusOr<AcquireAnswer> answer = Acquire({.key = std::string(key),
                                                  .fingerprint = options.fingerprint,
                                                  .lease = options.lease,
                                                  .wait = options.wait,
                                                  .owner = options.owner},
                                                 {.namespace_name = options.namespace_name});
  if (!answer.ok()) return NotBegun(answer.status());
  auto* lease = std::get_if<Lease>(&*answer);
  if (lease == nullptr) return NotRun(*std::move(answer));
  Attempt attempt(*lease);
  Outcome outcome = fn(attempt);  // where it throws, the lease is left to lapse
  CompleteRequest report{
      .key = lease->key(), .token = lease->token(), .outcome = outcome, .retention = options.retention};
  absl::StatusOr<Completed> completed = lease->Report(report);
  if (!completed.ok()) return NotRecorded(completed.status());
  return OwnOutcome(std::move(outcome), report.outcome, *completed, lease->number());
}

}  // namespace semel
