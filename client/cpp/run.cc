#include <chrono>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "client/cpp/client_core.h"
#include "client/cpp/error_details.h"
#include "semel/client.h"

namespace semel {
namespace {

// Another attempt's outcome, or the reason why there is none: fn is not called.
RunOutcome NotRun(BeginAnswer answer) {
  RunOutcome outcome;
  std::visit(
      [&outcome](auto& told) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(told)>, Acquired>) outcome.answer = std::move(told);
      },
      answer);
  outcome.replayed = outcome.result() != nullptr || outcome.failure() != nullptr;
  return outcome;
}

RunOutcome OwnOutcome(Outcome reported, const Completed& completed, int attempt) {
  RunOutcome outcome;
  if (auto* result = std::get_if<Result>(&reported)) {
    outcome.answer = Done{.result = std::move(*result), .expire_time = completed.expire_time};
  } else if (auto* failure = std::get_if<Failure>(&reported)) {
    Failed failed{.failure = std::move(*failure), .attempt = attempt};
    if (failed.failure.retryable) failed.retry_after = failed.failure.retry_after;
    outcome.answer = std::move(failed);
  }
  return outcome;
}

// What may be stored of a result that the server refused; nullopt where it refused something else.
std::optional<Outcome> Storable(const Outcome& refused, const std::string& refusal) {
  const auto* result = std::get_if<Result>(&refused);
  if (result == nullptr) return std::nullopt;
  if (refusal == reason::kResultTooLarge) {
    return Result{.content_type = result->content_type, .attributes = result->attributes, .omitted = true};
  }
  if (refusal == reason::kFieldInvalid) return Result{.omitted = true};
  return std::nullopt;
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
  SteadyTime granted;
  absl::StatusOr<BeginAnswer> answer = BeginNoting({.key = std::string(key),
                                                    .fingerprint = options.fingerprint,
                                                    .lease = options.lease,
                                                    .wait = options.wait,
                                                    .owner = options.owner},
                                                   granted);
  if (!answer.ok()) return NotBegun(answer.status());
  auto* acquired = std::get_if<Acquired>(&*answer);
  if (acquired == nullptr) return NotRun(*std::move(answer));
  if (std::chrono::steady_clock::now() - granted > acquired->lease / 3) {
    // The server waited, the answer was long on its way, or this process was stopped: make sure of the lease before the work.
    granted = std::chrono::steady_clock::now();
    absl::StatusOr<Duration> renewed = Renew({.key = std::string(key), .token = acquired->token});
    if (!renewed.ok()) return NotBegun(renewed.status());
    acquired->lease = *renewed;
  }
  return RunAcquired(key, fn, options, std::move(*acquired), granted);
}

absl::StatusOr<RunOutcome> Client::RunAcquired(std::string_view key, const Function& fn, const RunOptions& options,
                                               Acquired acquired, SteadyTime granted) {
  const std::shared_ptr<HeldLease> lease =
      core_->keeper.Hold(std::string(key), acquired.token, acquired.lease, granted);
  const absl::Cleanup let_go = [&] { core_->keeper.Drop(*lease); };  // also when fn throws
  CompleteRequest report{.key = std::string(key), .token = acquired.token, .retention = options.retention};
  const int number = acquired.attempt;
  {
    Attempt attempt(*this, report.key, std::move(acquired), lease);
    report.outcome = fn(attempt);
  }
  core_->keeper.ExpectEnd(*lease);
  return Report(std::move(report), number);
}

absl::StatusOr<RunOutcome> Client::Report(CompleteRequest report, int attempt) {
  absl::StatusOr<Completed> completed = CompleteWithin(report, core_->options.complete_timeout);
  bool omitted = false;
  if (!completed.ok()) {
    // The effect has happened: better a record without its answer than no record.
    if (std::optional<Outcome> storable = Storable(report.outcome, DetailsOf(completed.status()).reason)) {
      CompleteRequest bare = report;
      bare.outcome = *std::move(storable);
      completed = CompleteWithin(bare, core_->options.complete_timeout);
      omitted = true;
    }
  }
  if (!completed.ok()) return NotRecorded(completed.status());
  RunOutcome outcome = OwnOutcome(std::move(report.outcome), *completed, attempt);
  outcome.omitted = omitted;
  return outcome;
}

}  // namespace semel
