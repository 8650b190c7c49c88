#include <iostream>
#include <limits>
#include <memory>
#include <utility>

#include "client/cli/input_bytes.h"
#include "client/cli/operator.h"
#include "client/cli/report.h"
#include "client/cli/value_checks.h"

namespace semel::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  semel resolve order/1017 -n shop --result 'charge 88' --reason \"the bank's statement has it\"\n"
    "  semel resolve order/1017 -n shop --failure NOT_CHARGED --retryable --retry-after 5m \\\n"
    "      --reason 'the bank has no trace of it'\n"
    "  semel resolve order/1017 -n shop --absent --reason 'the till was never reached' --actor jo@example.com\n"
    "\n"
    "Find the keys: semel list --all-namespaces --state in_doubt\n"
    "\n";

constexpr size_t kMostToStore = size_t{3} * 1024 * 1024;

struct Verdict {
  std::string key;
  Result result;
  std::string result_file;
  Failure failure;
  bool absent = false;
  std::optional<Duration> retention;
  int attempt = 0;
  Audit audit;
};

ResolveKeyRequest RequestOf(const Verdict& verdict, std::string namespace_name) {
  ResolveKeyRequest request{.namespace_name = std::move(namespace_name),
                            .key = verdict.key,
                            .retention = verdict.retention,
                            .reason = verdict.audit.reason,
                            .actor = verdict.audit.actor,
                            .attempt = verdict.attempt};
  if (verdict.absent) {
    request.resolution = Absent();
  } else if (!verdict.failure.reason.empty()) {
    request.resolution = verdict.failure;
  } else {
    request.resolution = verdict.result;
  }
  return request;
}

ExitCode Resolve(Verdict verdict, const CommonOptions& common) {
  if (!verdict.result_file.empty()) {
    verdict.result.payload = ReadInput("--result-file", verdict.result_file, kMostToStore);
  }
  const absl::StatusOr<std::string> namespace_name = NamespaceOf(common);
  if (!namespace_name.ok()) return PrintError(common, namespace_name.status());
  auto admin = OpenAdmin(common);
  if (!admin.ok()) return PrintError(common, admin.status());
  const absl::StatusOr<Resolved> resolved = (*admin)->ResolveKey(RequestOf(verdict, *namespace_name));
  if (!resolved.ok()) return PrintError(common, resolved.status());
  Print(common, FactsOf(*resolved));
  return ExitCode::kOk;
}

void AddVerdictOptions(CLI::App& command, Verdict& verdict) {
  auto* which = command.add_option_group("Verdict", "What was found out: one of");
  which->add_option("--result", verdict.result.payload, "It was done; callers get this text as its result")
      ->type_name("TEXT");
  which->add_option("--result-file", verdict.result_file, "It was done; this file is its result; - is standard input")
      ->type_name("FILE");
  which->add_option("--failure", verdict.failure.reason, "It was not done, or only in part; why, in UPPER_SNAKE_CASE")
      ->type_name("REASON");
  which->add_flag("--absent", verdict.absent, "Nothing happened: the next begin may run it, as if nobody had begun");
  which->require_option(1);

  auto* result = command.add_option_group("With a result");
  result->add_option("--content-type", verdict.result.content_type, "Media type of the result")->type_name("TYPE");

  auto* failure = command.add_option_group("With a failure");
  failure->add_option("--message", verdict.failure.message, "More about it, for people")->type_name("TEXT");
  failure->add_flag("--retryable", verdict.failure.retryable, "Another attempt may be made");
  AddDuration(*failure, "--retry-after", "Not before this has passed; only with --retryable",
              [&verdict](Duration pause) { verdict.failure.retry_after = pause; });
  failure->get_option("--retry-after")->needs(failure->get_option("--retryable"));
  for (CLI::Option* option : failure->get_options()) option->needs(command.get_option("--failure"));
}

}  // namespace

void AddResolveCommand(CLI::App& app, CommonOptions& common, ExitCode& exit_code) {
  CLI::App* command = app.add_subcommand("resolve", "Settle a key in doubt, once you know what happened");
  auto verdict = std::make_shared<Verdict>();
  command->add_option("KEY", verdict->key, "The key in doubt")->required();
  AddVerdictOptions(*command, *verdict);
  AddDuration(*command, "--retention", "How long to replay the outcome (default: the namespace's)",
              [verdict](Duration retention) { verdict->retention = retention; });
  command->get_option("--retention")->excludes(command->get_option("--absent"));
  command
      ->add_option("--attempt", verdict->attempt,
                   "The attempt that you looked at, as list and lookup show it: no other one is settled")
      ->check(WholeNumber(1, std::numeric_limits<int>::max()))
      ->type_name("NUMBER");
  AddAuditOptions(*command, verdict->audit);
  AddCommonOptions(*command, common);
  command->footer(std::string(kExamples) + kExitCodeHelp);
  command->callback([verdict, &common, &exit_code] { exit_code = Resolve(*verdict, common); });
}

}  // namespace semel::cli
