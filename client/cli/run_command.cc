#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "client/cli/command.h"
#include "client/cli/duration_text.h"
#include "client/cli/run/run_exit_code.h"
#include "client/cli/run/run_once.h"
#include "client/cli/script_commands.h"

namespace semel::cli {
namespace {

constexpr char kExamples[] =
    "Runs COMMAND once across all machines that use the same server, and replays its output and exit code for "
    "everyone\n"
    "else. A command that fails may be run again by the next who asks, unless --final-on says otherwise.\n"
    "\n"
    "The command finds SEMEL_ADDRESS, SEMEL_NAMESPACE, SEMEL_KEY, SEMEL_TOKEN, SEMEL_ATTEMPT, SEMEL_PREVIOUS (none, "
    "abandoned,\n"
    "failed or released), SEMEL_CHECKPOINT_FILE and, as SEMEL_TLS..., how to connect in its environment; semel "
    "checkpoint,\n"
    "renew and release use them.\n"
    "\n"
    "Examples:\n"
    "  semel run --namespace deploys --key v1.2.3 -- ./deploy.sh --region eu\n"
    "  semel run -n jobs --key nightly/$(date +%F) --wait 1h -- ./nightly\n"
    "  semel run -n builds --key app/42 --fingerprint-file app.tar --fingerprint-env REGION -- ./publish app.tar\n"
    "  semel run -n billing --key invoices/2024-05 --effects-began-after 0s --final-on 2,64-78 -- ./send-invoices\n"
    "\n";

constexpr size_t kMostOutput = size_t{1536} * 1024;  // twice that is the largest result of any namespace

// What no server takes, whatever its namespaces allow. To be refused before the command runs, not after.
constexpr std::chrono::hours kLongestRetryAfter{24 * 7};
constexpr std::chrono::milliseconds kShortestRetention{1};
constexpr std::chrono::hours kLongestRetention{24 * 3660};  // ten years

void AddBoundedDuration(CLI::App& command, const std::string& name, const std::string& help, Duration shortest,
                        Duration longest, std::function<void(Duration)> set) {
  AddDuration(command, name, help, [name, shortest, longest, set = std::move(set)](Duration duration) {
    if (duration < shortest || duration > longest) {
      throw CLI::ValidationError(name, FormatDuration(duration) + " is not between " + FormatDuration(shortest) +
                                           " and " + FormatDuration(longest));
    }
    set(duration);
  });
}

void AddInputOptions(CLI::App& command, RunRequest& request, bool& with_command) {
  auto* group =
      command.add_option_group("Input", "What the key stands for: another input under the same key is refused");
  group->add_option("--fingerprint-file", request.input.files, "The content of this file; may be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false);
  group->add_option("--fingerprint-env", request.input.variables, "The value of this variable; may be repeated")
      ->type_name("NAME")
      ->allow_extra_args(false);
  group->add_flag("--fingerprint-command", with_command, "The command and its arguments");
}

void AddEffectsOption(CLI::App& command, RunRequest& request) {
  command
      .add_option_function<std::string>(
          "--effects-began-after",
          [&request](const std::string& text) {
            if (text == "never") return request.effects_began_after.reset();
            request.effects_began_after = ParseDuration(text);
            if (!request.effects_began_after) {
              throw CLI::ValidationError("--effects-began-after",
                                         "\"" + text + "\" is neither `never` nor 0s, 30s, ...");
            }
          },
          "When the command's effects can no longer be taken back, counted from its start. A run that is killed after "
          "that is in "
          "doubt, before that it may run again. never (the default): as the namespace's policy says, or as the command "
          "declares with semel checkpoint --effects-began")
      ->type_name("DURATION|never");
}

void AddOutcomeOptions(CLI::App& command, RunRequest& request) {
  command
      .add_option_function<std::string>(
          "--final-on",
          [&request](const std::string& text) {
            const std::optional<ExitCodeSet> codes = ExitCodeSet::Parse(text);
            if (!codes) throw CLI::ValidationError("--final-on", "\"" + text + "\" is neither `any` nor like 2,64-78");
            request.final_on = *codes;
          },
          "Exit codes that are final: the command is not run again, its failure is replayed (default: none)")
      ->type_name("CODES|any");
  AddBoundedDuration(command, "--retry-after",
                     "After a failure, how long it is replayed before the next may run; at most 7d (default: 0s)",
                     Duration::zero(), kLongestRetryAfter, [&request](Duration pause) { request.retry_after = pause; });
  AddBoundedDuration(
      command, "--retention",
      "How long to replay the outcome; 1ms to 3660d. Where the namespace allows less (default: 90d), its "
      "default counts instead (default: the namespace's)",
      kShortestRetention, kLongestRetention, [&request](Duration retention) { request.retention = retention; });
  command
      .add_option(
          "--max-output", request.max_output,
          "How much of stdout and of stderr to keep, each; beyond, their beginning and their end; at most 1536KiB "
          "(default: 256KiB; a failure keeps 16 KiB in all)")
      ->type_name("SIZE")
      ->transform(CLI::AsSizeValue(false))
      ->check(CLI::Range(size_t{0}, kMostOutput));
}

void AddLifetimeOptions(CLI::App& command, RunRequest& request) {
  AddDuration(command, "--wait", "How long to wait while another machine runs it (default: 0s)",
              [&request](Duration wait) { request.wait = wait; });
  AddDuration(
      command, "--lease",
      "How long semel may be silent before another may take over (default: the namespace's); it is renewed while the "
      "command runs",
      [&request](Duration lease) { request.lease = lease; });
  AddDuration(command, "--kill-after",
              "When the lease is lost or semel dies, how long after SIGTERM the command gets SIGKILL (default: 10s)",
              [&request](Duration grace) { request.kill_after = grace; });
  AddTimeout(command, "--complete-timeout", "How long to try to record the outcome (default: 30s)",
             [&request](Duration timeout) { request.complete_timeout = timeout; });
  command.add_option("--owner", request.owner, "What to call yourself, for people (default: host:pid)");
  command.add_flag("-q,--quiet", request.quiet,
                   "Say nothing beside the command's own output, except where semel itself fails");
}

}  // namespace

void AddRunCommand(CLI::App& app, CommonOptions& common, const std::vector<std::string>& words, ExitCode& exit_code) {
  CLI::App* command = app.add_subcommand("run", "Run a command once, and replay its outcome for everyone else");
  auto request = std::make_shared<RunRequest>();
  auto with_command = std::make_shared<bool>(false);
  command->add_option("KEY,--key", request->key, "What is to be done once: 1 to 255 bytes of printable ASCII")
      ->required();
  AddInputOptions(*command, *request, *with_command);
  AddEffectsOption(*command, *request);
  AddOutcomeOptions(*command, *request);
  AddLifetimeOptions(*command, *request);
  AddConnectionOptions(*command, common);
  command->footer(std::string(kExamples) + kRunExitCodeHelp);
  command->callback([request, with_command, &words, &common, &exit_code] {
    request->words = words;
    if (request->words.empty()) throw CLI::RequiredError("A command after -- (semel run --key KEY -- COMMAND)");
    if (*with_command) request->input.arguments = request->words;
    exit_code = static_cast<ExitCode>(RunOnce(*request, common));  // any number: the command's own
  });
}

}  // namespace semel::cli
