#include <algorithm>
#include <iostream>
#include <memory>

#include "client/cli/bytes_text.h"
#include "client/cli/command.h"
#include "client/cli/report.h"

namespace semel::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  semel begin order/1017 -n shop\n"
    "  semel begin order/1017 -n shop --fingerprint '{\"total\":1290}' --lease 5m\n"
    "  semel begin order/1017 -n shop --wait 30s --output json\n"
    "\n"
    "In a script:\n"
    "  if answer=$(semel begin nightly/2024-05-01 -n jobs --lease 10m -o json); then\n"
    "    token=$(printf %s \"$answer\" | sed 's/.*\"token\":\\([0-9]*\\).*/\\1/')\n"
    "    ./nightly && semel complete nightly/2024-05-01 -n jobs --token \"$token\" --result ok\n"
    "  fi\n"
    "\n";

AttemptId ToAttemptId(const std::string& bytes) {
  AttemptId id{};
  if (bytes.size() != id.size()) {
    throw CLI::ValidationError("--attempt-id", "takes 32 hexadecimal digits, not " + std::to_string(bytes.size() * 2));
  }
  std::copy(bytes.begin(), bytes.end(), id.begin());
  return id;
}

ExitCode Begin(BeginRequest request, const CommonOptions& common) {
  auto client = Open(common);
  if (!client.ok()) return PrintError(common, client.status());
  // Drawn here rather than by the client, so that a person can repeat a Begin whose answer never came.
  if (!request.attempt_id) request.attempt_id = NewAttemptId();
  const absl::StatusOr<BeginAnswer> answer = (*client)->Begin(request);
  const std::string id = ToHex(std::string(request.attempt_id->begin(), request.attempt_id->end()));
  if (!answer.ok()) {
    const ExitCode exit_code = PrintError(common, answer.status());
    if (DetailsOf(answer.status()).outcome_unknown) {
      std::cerr << "  Repeat with --attempt-id " << id << "\n";
    }
    return exit_code;
  }
  Print(common, FactsOf(*answer));
  if (!std::cout) std::cerr << "The answer was not written. To get it again, repeat with --attempt-id " << id << "\n";
  if (common.output == "text") std::cerr << AdviceOn(*answer, request.key);
  return ExitCodeOf(*answer);
}

}  // namespace

void AddBeginCommand(CLI::App& app, CommonOptions& common, ExitCode& exit_code) {
  CLI::App* command = app.add_subcommand("begin", "Ask for ownership of a key, before the work");
  auto request = std::make_shared<BeginRequest>();
  command->add_option("KEY", request->key, "1 to 255 bytes of printable ASCII, no space at either end")->required();
  auto* text = command->add_option_function<std::string>(
      "--fingerprint", [request](const std::string& content) { request->fingerprint = FingerprintOf(content); },
      "What the key stands for, as text: its SHA-256 is compared, as the libraries do");
  AddHex(*command, "--fingerprint-hex", "The fingerprint itself, at most 64 bytes in hexadecimal digits",
         [request](std::string bytes) { request->fingerprint = std::move(bytes); });
  command->get_option("--fingerprint-hex")->excludes(text);
  AddDuration(*command, "--lease", "How long the work may take without a sign of life (default: the namespace's)",
              [request](Duration lease) { request->lease = lease; });
  AddDuration(*command, "--wait", "How long to wait while another attempt is in progress, at most 1h",
              [request](Duration wait) { request->wait = wait; });
  command->add_option("--owner", request->owner, "What to call yourself, for people (default: host:pid)");
  AddHex(*command, "--attempt-id", "16 random bytes; the same ones repeat a begin whose answer was lost",
         [request](const std::string& bytes) { request->attempt_id = ToAttemptId(bytes); });
  AddCommonOptions(*command, common);
  command->footer(std::string(kExamples) + kExitCodeHelp);
  command->callback([request, &common, &exit_code] { exit_code = Begin(*request, common); });
}

}  // namespace semel::cli
