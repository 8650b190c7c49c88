#include "client/cli/run/lesser_record.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "client/cli/report.h"

namespace semel::cli {
namespace {

constexpr std::string_view kRetention = "retention";
constexpr std::string_view kRetryAfter = "failure.retry_after";

bool Names(const ErrorDetails& details, std::string_view field) {
  return std::any_of(details.field_violations.begin(), details.field_violations.end(),
                     [field](const FieldViolation& violation) { return violation.field == field; });
}

std::string WhatWasRefused(const absl::Status& refusal) {
  std::string text;
  for (const FieldViolation& violation : DetailsOf(refusal).field_violations) {
    text += (text.empty() ? "" : "; ") + Shown(violation.field) + ": " + Shown(violation.description);
  }
  return text.empty() ? Shown(std::string(refusal.message())) : text;
}

// Without the options that the refusal names: the namespace's default counts, and no pause.
CompleteRequest WithoutRefusedOptions(CompleteRequest request, const ErrorDetails& details) {
  if (Names(details, kRetention)) request.retention.reset();
  auto* failure = std::get_if<Failure>(&request.outcome);
  if (failure != nullptr && Names(details, kRetryAfter)) failure->retry_after = Duration::zero();
  return request;
}

CompleteRequest Plain(CompleteRequest request) {
  request.retention.reset();
  if (const auto* failure = std::get_if<Failure>(&request.outcome)) {
    request.outcome = Failure{.reason = failure->reason, .message = failure->message, .retryable = failure->retryable};
  } else {
    request.outcome = Result{.omitted = true};
  }
  return request;
}

std::string WhatIsMissing(const CompleteRequest& recorded, const CompleteRequest& refused) {
  std::string text;
  if (refused.retention && !recorded.retention) {
    text += "\n  --retention does not count: it is kept as long as the namespace keeps outcomes.";
  }
  const auto* result = std::get_if<Result>(&recorded.outcome);
  if (result != nullptr && result->omitted) text += "\n  The output is not kept: only the exit code is.";
  const auto* failure = std::get_if<Failure>(&recorded.outcome);
  const auto* whole = std::get_if<Failure>(&refused.outcome);
  if (failure == nullptr || whole == nullptr) return text;
  if (failure->retry_after != whole->retry_after) text += "\n  --retry-after does not count: the next may run at once.";
  if (failure->details != whole->details) text += "\n  The output is not kept: only the exit code is.";
  return text;
}

}  // namespace

bool IsRefused(const absl::Status& error) { return error.code() == absl::StatusCode::kInvalidArgument; }

std::vector<CompleteRequest> LesserRecords(const CompleteRequest& refused, const absl::Status& refusal) {
  std::vector<CompleteRequest> records{WithoutRefusedOptions(refused, DetailsOf(refusal))};
  if (const auto* result = std::get_if<Result>(&records.front().outcome)) {
    CompleteRequest without_output = records.front();
    without_output.outcome =
        Result{.content_type = result->content_type, .attributes = result->attributes, .omitted = true};
    records.push_back(std::move(without_output));
  }
  records.push_back(Plain(refused));
  return records;
}

absl::StatusOr<Completed> RecordLess(Client& client, const CompleteRequest& refused, const absl::Status& refusal,
                                     const RunNotices& notices) {
  absl::StatusOr<Completed> completed = refusal;
  for (const CompleteRequest& record : LesserRecords(refused, refusal)) {
    completed = client.Complete(record, {.timeout = client.options().complete_timeout});
    if (completed.ok()) {
      notices.Warn("the command ran (and is recorded), but the server refused a part of what was to be recorded: " +
                   WhatWasRefused(refusal) + WhatIsMissing(record, refused));
    }
    if (completed.ok() || !IsRefused(completed.status())) break;
  }
  return completed;
}

}  // namespace semel::cli
