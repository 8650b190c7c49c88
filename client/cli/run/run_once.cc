#include "client/cli/run/run_once.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "client/cli/bytes_text.h"
#include "client/cli/report.h"
#include "client/cli/run/held_elsewhere.h"
#include "client/cli/run/owned_run.h"
#include "client/cli/run/replay.h"
#include "client/cli/run/run_exit_code.h"
#include "client/cli/run/run_notices.h"
#include "client/cli/run/signal_inbox.h"
#include "client/cli/script_commands.h"
#include "client/cli/tls_advice.h"

namespace semel::cli {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::hours kLongestWait{1};  // of one Begin

absl::StatusOr<std::unique_ptr<Client>> Connect(const RunRequest& request, const CommonOptions& common) {
  absl::StatusOr<ClientOptions> options = ClientOptionsOf(common);
  if (!options.ok()) return options.status();
  options->owner = request.owner;
  options->lease = request.lease;
  options->complete_timeout = request.complete_timeout;
  return Client::Connect(*std::move(options));
}

const InProgress* InProgressIn(const absl::StatusOr<RunOutcome>& outcome) {
  return outcome.ok() ? std::get_if<InProgress>(&outcome->answer) : nullptr;
}

// Who waits longer than one Begin may asks again.
absl::StatusOr<RunOutcome> RunOrWait(Client& client, const RunRequest& request, const std::string& fingerprint,
                                     const Client::Function& fn) {
  const auto ask = [&](Duration wait) {
    return client.Run(request.key, fn, {.fingerprint = fingerprint, .wait = wait, .retention = request.retention});
  };
  const auto give_up = steady_clock::now() + request.wait;
  if (IsPartOfARun(request.key, client)) {
    absl::StatusOr<RunOutcome> outcome = ask(Duration::zero());
    const InProgress* in_progress = InProgressIn(outcome);
    if (in_progress == nullptr || IsHeldByThatRun(*in_progress, request.key, client)) return outcome;
  }
  for (;;) {
    const Duration left = std::max<Duration>(give_up - steady_clock::now(), Duration::zero());
    absl::StatusOr<RunOutcome> outcome = ask(std::min<Duration>(left, kLongestWait));
    const InProgress* in_progress = InProgressIn(outcome);
    if (in_progress == nullptr || steady_clock::now() >= give_up) return outcome;
    // Too many wait already, or the hour is over.
    std::this_thread::sleep_for(std::min<Duration>(in_progress->retry_after, give_up - steady_clock::now()));
  }
}

// Less than the whole was recorded.
void TellWhatIsMissing(const RunOutcome& outcome, const RunNotices& notices) {
  const auto lacks = [&](std::string_view field) {
    return std::find(outcome.left_out.begin(), outcome.left_out.end(), field) != outcome.left_out.end();
  };
  if (outcome.left_out == std::vector<std::string>{"result.payload"}) {
    return notices.Note("the output is too large for this namespace: only the exit code was recorded");
  }
  std::string missing;
  if (lacks("retention")) {
    missing += "\n  --retention does not count: it is kept as long as the namespace keeps outcomes.";
  }
  if (lacks("failure.retry_after")) missing += "\n  --retry-after does not count: the next may run at once.";
  if (lacks("result.payload") || lacks("failure.details")) {
    missing += "\n  The output is not kept: only the exit code is.";
  }
  notices.Warn("the command ran (and is recorded), but the server refused a part of what was to be recorded: " +
               Shown(outcome.refused) + missing);
}

// Why the server will never take this attempt's outcome; empty where it may yet.
std::string WhyNever(const ErrorDetails& details) {
  // After a lost reply an earlier try may have been taken.
  const std::string unless = details.outcome_unknown ? ", unless it was recorded before that" : "";
  if (details.reason == reason::kTokenStale) {
    return "Another machine took over, and runs or ran the command too" + unless + ".";
  }
  if (details.reason == reason::kKeyNotFound) {
    return "The key was released or deleted while the command ran: whoever asks next runs the command again" + unless +
           ".";
  }
  if (details.reason == reason::kOutcomeConflict) {
    return "The key was completed or resolved while the command ran; that outcome stands: semel lookup shows it.";
  }
  return "";
}

std::string HowToRecord(const OwnedRun& run, const std::string& key, const Client& client) {
  return "Unless it arrived after all, whoever asks next may run it again, or is told that it is in doubt. To record "
         "that it " +
         std::string(run.end()->code() == 0 ? "succeeded" : "failed") +
         " (its output is not recorded by this, and nobody is shown it again):\n  semel complete " + ShellQuoted(key) +
         " --namespace " + client.options().namespace_name + " --token " + std::to_string(run.token()) +
         (run.end()->code() == 0 ? " --result ''" : " --failure COMMAND_FAILED --retryable");
}

int NotRecorded(const absl::Status& error, const OwnedRun& run, const std::string& key, const Client& client,
                const RunNotices& notices) {
  const ErrorDetails details = DetailsOf(error);
  const std::string never = WhyNever(details);
  const bool certain = !never.empty() && !details.outcome_unknown;
  notices.Warn("the command ran to its end (" + run.end()->Name() + "), but that is not " +
               (certain ? "recorded" : "known to be recorded") + ".\n  " + std::string(error.message()) + "\n  " +
               (never.empty() ? HowToRecord(run, key, client) : never));
  return kRunNotRecorded;
}

int Conclude(const absl::StatusOr<RunOutcome>& outcome, OwnedRun& run, const RunRequest& request, Client& client,
             const RunNotices& notices) {
  if (!outcome.ok()) {
    if (run.end()) {
      run.ExitCode();  // writes the rest of what the command wrote
      return NotRecorded(outcome.status(), run, request.key, client, notices);
    }
    notices.Warn("the command was not started\n" + Explain(outcome.status(), client.options().tls));
    return RunExitCodeOf(outcome.status());
  }
  if (run.end()) {
    if (!outcome->refused.empty()) TellWhatIsMissing(*outcome, notices);
    return run.ExitCode();
  }
  const std::string name = client.options().namespace_name + "/" + request.key;
  return std::visit(
      [&](const auto& answer) {
        if constexpr (requires { Replay(answer, name, notices); }) {
          return Replay(answer, name, notices);
        } else if constexpr (requires { Refuse(answer, request, client, notices); }) {
          return Refuse(answer, request, client, notices);
        } else {
          return Refuse(answer, name, notices);
        }
      },
      outcome->answer);
}

}  // namespace

int RunOnce(const RunRequest& request, const CommonOptions& common) {
  const RunNotices notices(request.quiet);
  // A large file is long to read: so far signals end semel as they end anyone.
  const absl::StatusOr<std::string> fingerprint = FingerprintOf(request.input);
  SignalInbox signals;  // before the client starts threads
  if (!fingerprint.ok()) {
    notices.Warn(std::string(fingerprint.status().message()));
    return RunExitCodeOf(fingerprint.status());
  }
  const auto client = Connect(request, common);
  if (!client.ok()) {
    notices.Warn(InOptionsOfTheCommand(std::string(client.status().message())));
    return RunExitCodeOf(client.status());
  }
  EndedBySignals until_begun(signals);
  OwnedRun run(request, **client, signals, notices);
  int exit_code = 0;
  // What came too late to be forwarded is dropped; from here on signals end semel as they end anyone.
  const auto let_go = [&] {
    until_begun.Stop();
    while (signals.Next()) {
    }
    signals.Restore();
  };
  try {
    const absl::StatusOr<RunOutcome> outcome = RunOrWait(**client, request, *fingerprint, [&](Attempt& attempt) {
      until_begun.Stop();
      return run(attempt);
    });
    let_go();
    exit_code = Conclude(outcome, run, request, **client, notices);
  } catch (const NothingToReport& nothing) {
    let_go();
    if (run.end()) run.ExitCode();  // writes the rest of what the command wrote
    exit_code = nothing.exit_code;
  }
  return exit_code;
}

}  // namespace semel::cli
