#include "client/cli/run/held_elsewhere.h"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string_view>

#include "client/cli/bytes_text.h"
#include "client/cli/duration_text.h"
#include "client/cli/facts.h"
#include "client/cli/instant_text.h"
#include "client/cli/run/run_exit_code.h"

namespace semel::cli {
namespace {

std::string_view Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

std::string AttemptOf(const InProgress& in_progress) {
  return "attempt " + std::to_string(in_progress.attempt) + " of " + Shown(in_progress.owner);
}

// Empty where the server does not say: the attempt is another one by now, or there was no answer.
std::string SinceWhen(const InProgress& in_progress, const std::string& key, Client& client) {
  const absl::StatusOr<std::optional<Record>> record = client.Lookup(key, {.timeout = std::chrono::seconds(1)});
  if (!record.ok() || !record->has_value() || (*record)->attempt != in_progress.attempt) return "";
  const std::string begun = InstantText((*record)->create_time);
  return in_progress.attempt == 1 ? ", begun " + begun : ", the first attempt begun " + begun;
}

}  // namespace

bool IsPartOfARun(const std::string& key, const Client& client) {
  return !Variable("SEMEL_ATTEMPT").empty() && Variable("SEMEL_KEY") == key &&
         Variable("SEMEL_NAMESPACE") == client.options().namespace_name &&
         Variable("SEMEL_ADDRESS") == client.options().address;
}

bool IsHeldByThatRun(const InProgress& in_progress, const std::string& key, const Client& client) {
  // A key that was given back or forgotten begins again with attempt 1, but the checkpoint file is gone when its run has ended.
  return IsPartOfARun(key, client) && Variable("SEMEL_ATTEMPT") == std::to_string(in_progress.attempt) &&
         access(std::string(Variable("SEMEL_CHECKPOINT_FILE")).c_str(), F_OK) == 0;
}

int Refuse(const InProgress& in_progress, const RunRequest& request, Client& client, const RunNotices& notices) {
  const std::string key = client.options().namespace_name + "/" + request.key;
  if (IsHeldByThatRun(in_progress, request.key, client)) {
    // With --quiet too: it can never succeed.
    notices.Warn(key + " is in progress, and this is part of the command that it runs (" + AttemptOf(in_progress) +
                 ", by SEMEL_KEY and SEMEL_ATTEMPT):\n  it would wait for itself. Nothing was run. Inside of a command "
                 "use another key than the command's own.");
  } else if (request.wait > Duration::zero()) {
    notices.Note(
        key + " is still in progress, and the wait of " + FormatDuration(request.wait) +
        " is over: " + AttemptOf(in_progress) + " has it" + SinceWhen(in_progress, request.key, client) + ", with " +
        FormatDuration(in_progress.lease_remaining) +
        " of its lease left. Nothing was run here. Wait longer with --wait DURATION, or look what became of it: "
        "semel lookup " +
        ShellQuoted(request.key) + " --namespace " + client.options().namespace_name);
  } else {
    notices.Note(key + " is in progress: " + AttemptOf(in_progress) + ", whose lease has " +
                 FormatDuration(in_progress.lease_remaining) + " left. Wait for its outcome with --wait DURATION");
  }
  return kRunInProgress;
}

}  // namespace semel::cli
