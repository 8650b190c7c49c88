#include <iostream>
#include <memory>
#include <utility>

#include "client/cli/command.h"
#include "client/cli/input_bytes.h"
#include "client/cli/report.h"
#include "client/cli/value_checks.h"

namespace semel::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  semel complete order/1017 -n shop --token 1714521600000001 --result 'placed as 88'\n"
    "  semel complete order/1017 -n shop --token 1714521600000001 --result-file answer.json \\\n"
    "      --content-type application/json --attribute status=201 --retention 7d\n"
    "  semel complete order/1017 -n shop --token 1714521600000001 --failure CARD_DECLINED --message 'ask the "
    "customer'\n"
    "  semel complete order/1017 -n shop --token 1714521600000001 --failure BANK_DOWN --retryable --retry-after 30s\n"
    "\n";

constexpr size_t kMostToStore = size_t{3} * 1024 * 1024;

struct Report {
  std::string key;
  int64_t token = 0;
  std::string result_file;
  Result result;
  Failure failure;
  std::optional<Duration> retention;
};

void AddAttribute(const std::string& text, Result& result) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw CLI::ValidationError("--attribute", "\"" + text + "\" is not NAME=VALUE");
  }
  result.attributes[text.substr(0, equals)] = text.substr(equals + 1);
}

ExitCode Complete(Report report, const CommonOptions& common) {
  if (!report.result_file.empty()) report.result.payload = ReadInput("--result-file", report.result_file, kMostToStore);
  auto client = Open(common);
  if (!client.ok()) return PrintError(common, client.status());
  CompleteRequest request{.key = report.key, .token = report.token, .retention = report.retention};
  if (report.failure.reason.empty()) {
    request.outcome = std::move(report.result);
  } else {
    request.outcome = std::move(report.failure);
  }
  const absl::StatusOr<Completed> completed = (*client)->Complete(request);
  if (!completed.ok()) return PrintError(common, completed.status());
  Print(common, FactsOf(*completed));
  return ExitCode::kOk;
}

void AddResultOptions(CLI::App& command, Report& report) {
  auto* which = command.add_option_group("Outcome", "How the work ended: one of");
  which->add_option("--result", report.result.payload, "It was done, and this text is its result")->type_name("TEXT");
  which
      ->add_option("--result-file", report.result_file, "It was done, and this file is its result; - is standard input")
      ->type_name("FILE");
  which->add_flag("--omitted", report.result.omitted, "It was done, and its result is too large to store");
  which->add_option("--failure", report.failure.reason, "It was not done; why, in UPPER_SNAKE_CASE")
      ->type_name("REASON");
  which->require_option(1);

  auto* result = command.add_option_group("With a result");
  result->add_option("--content-type", report.result.content_type, "Media type of the result")->type_name("TYPE");
  result
      ->add_option_function<std::vector<std::string>>(
          "--attribute",
          [&report](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) AddAttribute(text, report.result);
          },
          "A short fact beside the result; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
}

void AddFailureOptions(CLI::App& command, Report& report) {
  auto* failure = command.add_option_group("With a failure");
  failure->add_option("--message", report.failure.message, "More about it, for people")->type_name("TEXT");
  failure->add_flag("--retryable", report.failure.retryable, "Another attempt may be made");
  AddDuration(*failure, "--retry-after", "Not before this has passed; only with --retryable",
              [&report](Duration pause) { report.failure.retry_after = pause; });
  failure->get_option("--retry-after")->needs(failure->get_option("--retryable"));
  for (CLI::Option* option : failure->get_options()) option->needs(command.get_option("--failure"));
}

}  // namespace

void AddCompleteCommand(CLI::App& app, CommonOptions& common, ExitCode& exit_code) {
  CLI::App* command = app.add_subcommand("complete", "Report how the work ended, after it");
  auto report = std::make_shared<Report>();
  command->add_option("KEY", report->key, "The key that was begun")->required();
  command->add_option("--token", report->token, "The token that begin printed")->required()->check(WholeNumber(1));
  AddResultOptions(*command, *report);
  AddFailureOptions(*command, *report);
  AddDuration(*command, "--retention", "How long to replay the outcome (default: the namespace's)",
              [report](Duration retention) { report->retention = retention; });
  AddCommonOptions(*command, common);
  command->footer(std::string(kExamples) + kExitCodeHelp);
  command->callback([report, &common, &exit_code] { exit_code = Complete(*report, common); });
}

}  // namespace semel::cli
