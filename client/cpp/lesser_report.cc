#include "client/cpp/lesser_report.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "semel/error.h"

namespace semel {
namespace {

constexpr const char* kRetention = "retention";
constexpr const char* kPayload = "result.payload";
constexpr const char* kContentType = "result.content_type";
constexpr const char* kAttributes = "result.attributes";
constexpr const char* kMessage = "failure.message";
constexpr const char* kDetails = "failure.details";
constexpr const char* kRetryAfter = "failure.retry_after";

using Names = std::vector<std::string>;

template <typename Field>
void Take(Field& field, const char* name, Names& taken) {
  if (field == Field()) return;
  field = Field();
  taken.push_back(name);
}

void TakePayload(Result& result, Names& taken) {
  if (result.omitted && result.payload.empty()) return;
  result.payload.clear();
  result.omitted = true;
  taken.push_back(kPayload);
}

// The payload goes with what says how to read it: without that, it might be taken for something else.
void TakeAll(Result& result, Names& taken) {
  TakePayload(result, taken);
  Take(result.content_type, kContentType, taken);
  Take(result.attributes, kAttributes, taken);
}

Names TakeNamed(CompleteRequest& report, const ErrorDetails& refusal) {
  const auto names = [&](auto matches) {
    return std::any_of(refusal.field_violations.begin(), refusal.field_violations.end(),
                       [&](const FieldViolation& violation) { return matches(violation.field); });
  };
  const auto named = [&](std::string_view field) {
    return names([&](const std::string& name) { return name == field; });
  };
  Names taken;
  if (named(kRetention)) Take(report.retention, kRetention, taken);
  if (auto* result = std::get_if<Result>(&report.outcome)) {
    const auto describes = [](const std::string& name) {
      return absl::StartsWith(name, "result.") && name != kPayload;
    };
    if (names(describes)) TakeAll(*result, taken);
    if (named(kPayload) || refusal.reason == reason::kResultTooLarge) TakePayload(*result, taken);
  }
  if (auto* failure = std::get_if<Failure>(&report.outcome)) {
    if (named(kMessage)) Take(failure->message, kMessage, taken);
    if (named(kDetails)) Take(failure->details, kDetails, taken);
    if (named(kRetryAfter)) Take(failure->retry_after, kRetryAfter, taken);
  }
  return taken;
}

Names TakeAllThatCanBeSpared(CompleteRequest& report) {
  Names taken;
  Take(report.retention, kRetention, taken);
  if (auto* result = std::get_if<Result>(&report.outcome)) TakeAll(*result, taken);
  if (auto* failure = std::get_if<Failure>(&report.outcome)) {
    Take(failure->details, kDetails, taken);
    Take(failure->retry_after, kRetryAfter, taken);
  }
  return taken;
}

// For people.
std::string Told(const absl::Status& refusal, const Names& taken) {
  Names rules;
  for (const FieldViolation& violation : DetailsOf(refusal).field_violations) {
    rules.push_back(absl::StrCat(violation.field, ": ", violation.description));
  }
  return absl::StrCat(rules.empty() ? std::string(refusal.message()) : absl::StrJoin(rules, "; "),
                      " (recorded without ", absl::StrJoin(taken, ", "), ")");
}

bool IsOmitted(const Outcome& outcome) {
  const auto* result = std::get_if<Result>(&outcome);
  return result != nullptr && result->omitted;
}

}  // namespace

Names TakeWhatIsRefused(CompleteRequest& report, const absl::Status& refusal) {
  Names taken = TakeNamed(report, DetailsOf(refusal));
  return taken.empty() ? TakeAllThatCanBeSpared(report) : taken;
}

absl::StatusOr<Completed> CompleteOrLess(
    CompleteRequest& report, absl::FunctionRef<absl::StatusOr<Completed>(const CompleteRequest&)> complete) {
  const bool omitted_before = IsOmitted(report.outcome);
  const absl::StatusOr<Completed> first = complete(report);
  absl::StatusOr<Completed> completed = first;
  Names refused;
  Names left_out;
  // Ends: every round takes something away.
  while (absl::IsInvalidArgument(completed.status())) {
    const Names taken = TakeWhatIsRefused(report, completed.status());
    if (taken.empty()) return first;
    refused.push_back(Told(completed.status(), taken));
    left_out.insert(left_out.end(), taken.begin(), taken.end());
    completed = complete(report);
  }
  if (completed.ok()) {
    completed->omitted = IsOmitted(report.outcome) && !omitted_before;
    completed->refused = absl::StrJoin(refused, "; ");
    completed->left_out = std::move(left_out);
  }
  return completed;
}

}  // namespace semel
