#include "client/cli/run/owned_run.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "client/cli/facts.h"
#include "client/cli/instant_text.h"
#include "client/cli/report.h"
#include "client/cli/run/effects_mark.h"
#include "client/cli/run/replay.h"
#include "client/cli/run/run_exit_code.h"
#include "client/cli/run/supervision.h"
#include "client/cli/run/watchdog.h"

namespace semel::cli {
namespace {

// What is known of the key after the lease was lost.
std::string FateOf(Client& client, const Attempt& attempt) {
  const absl::StatusOr<std::optional<Record>> found = client.Lookup(attempt.key());
  if (!found.ok()) return "Whether another machine took over is unknown: no answer from the server.";
  if (!found->has_value()) return "The key is free: it was released or deleted meanwhile.";
  const Record& record = **found;
  if (record.attempt != attempt.number()) {
    return "Another machine took over: attempt " + std::to_string(record.attempt) + " of " + Shown(record.owner) + ".";
  }
  switch (record.state) {
    case State::kInProgress:
      return record.effects_began ? "Nobody has taken over; whoever asks next is told that it is in doubt."
                                  : "Nobody has taken over yet; whoever asks next may.";
    case State::kInDoubt: return "The key is in doubt: find out whether it happened, and resolve it.";
    case State::kDone:
    case State::kFailed:
    case State::kExpired: break;
  }
  return "The key was settled meanwhile by somebody else: semel lookup shows how.";
}

// Exit codes with which a shell, or another program that waits for one, tells that a signal ended it.
constexpr int kFirstSignalCode = 129;
constexpr int kLastSignalCode = 165;

bool WasCutShort(const CommandEnd& end) {
  return end.signal != 0 || (end.exit_code >= kFirstSignalCode && end.exit_code <= kLastSignalCode);
}

std::string HowCutShort(const CommandEnd& end) {
  if (end.signal != 0) return end.Name();
  return end.Name() + " (as a shell tells " + CommandEnd{.signal = end.exit_code - 128}.Name() + ")";
}

}  // namespace

Outcome OwnedRun::operator()(Attempt& attempt) {
  token_ = attempt.token();
  if (attempt.previous() == Previous::kAbandoned) {
    notices_.Note("an earlier attempt fell silent half way; this is attempt " + std::to_string(attempt.number()) +
                  ", and the command is told SEMEL_PREVIOUS=abandoned");
  }
  const auto file = CheckpointFile::Create(attempt.checkpoint());
  if (!file.ok()) GiveBack(attempt, std::string(file.status().message()), kRunError);
  CheckBeforeStart(attempt, (*file)->path());
  const auto watchdog = Watchdog::Start(request_.kill_after, (*file)->path(), (*file)->directory());
  if (!watchdog.ok()) GiveBack(attempt, std::string(watchdog.status().message()), kRunError);
  int error = 0;
  const std::unique_ptr<CommandProcess> command =
      CommandProcess::Start(InvocationFor(attempt, (*file)->path()), **watchdog, signals_.before(), error);
  if (command == nullptr) {
    GiveBack(attempt, "cannot run " + request_.words[0] + ": " + std::strerror(error),
             error == ENOENT ? kRunNotFound : kRunCannotExecute);
  }
  Supervise(attempt, *command, (*file)->path());
  return Report(attempt);
}

void OwnedRun::CheckBeforeStart(Attempt& attempt, const std::string& checkpoint_file) {
  while (const std::optional<int> signal = signals_.Next()) {
    if (AsksToEnd(*signal)) GiveBack(attempt, strsignal(*signal), kRunSignalBase + *signal);
  }
  if (request_.effects_began_after == Duration::zero()) {
    const CheckpointLock lock(checkpoint_file);
    const absl::Status declared = attempt.Checkpoint(attempt.checkpoint(), /*effects_began=*/true);
    if (!declared.ok()) {
      GiveBack(attempt, "that its effects begin could not be declared: " + std::string(declared.message()),
               RunExitCodeOf(declared));
    }
    effects_due_ = effects_declared_ = true;
  }
  if (attempt.lost()) GiveBack(attempt, "the lease was lost before it was started", kRunLeaseLost);
}

void OwnedRun::GiveBack(const Attempt& attempt, const std::string& why, int exit_code) {
  const absl::Status released = client_.Release(attempt.key(), attempt.token());
  notices_.Warn("the command was not started: " + why +
                (released.ok() ? std::string("\n  Nothing was done; the key is free again.")
                               : "\n  Nothing was done, but the key could not be given back (" +
                                     std::string(released.message()) + "): its lease is left to lapse."));
  throw NothingToReport{exit_code};
}

Invocation OwnedRun::InvocationFor(const Attempt& attempt, const std::string& checkpoint_file) const {
  Invocation invocation{.words = request_.words,
                        .environment = {{"SEMEL_ADDRESS", client_.options().address},
                                        {"SEMEL_NAMESPACE", client_.options().namespace_name},
                                        {"SEMEL_KEY", attempt.key()},
                                        {"SEMEL_TOKEN", std::to_string(attempt.token())},
                                        {"SEMEL_ATTEMPT", std::to_string(attempt.number())},
                                        {"SEMEL_PREVIOUS", std::string(NameOf(attempt.previous()))},
                                        {"SEMEL_CHECKPOINT_FILE", checkpoint_file}}};
  for (auto& variable : TlsEnvironment(client_.options())) invocation.environment.push_back(std::move(variable));
  return invocation;
}

void OwnedRun::Supervise(Attempt& attempt, CommandProcess& command, const std::string& checkpoint_file) {
  std::optional<EffectsMark> mark;
  if (request_.effects_began_after.value_or(Duration::zero()) > Duration::zero()) {
    mark.emplace(client_, attempt, checkpoint_file, *request_.effects_began_after);
  }
  out_.emplace(command.out(), STDOUT_FILENO, request_.max_output);
  err_.emplace(command.err(), STDERR_FILENO, request_.max_output);
  Supervision supervision(command, attempt, signals_, *out_, *err_, request_.kill_after);
  end_ = supervision.AwaitEnd();
  if (mark) {
    mark->End();
    effects_due_ = mark->due();
    effects_declared_ = mark->declared();
    if (const absl::Status refusal = mark->refusal(); !refusal.ok()) {
      notices_.Warn("that the command's effects began was refused by the server: " + std::string(refusal.message()));
    }
  }
  if (!supervision.ended_for_lost_lease()) return;
  notices_.Warn("the lease was lost while the command ran, and the command was ended (" + end_->Name() + ").\n  " +
                FateOf(client_, attempt));
  throw NothingToReport{kRunLeaseLost};
}

OwnedRun::Effects OwnedRun::EffectsAtEnd(const Attempt& attempt) {
  if (effects_declared_) return Effects::kBegan;
  // The command may have declared them itself.
  const absl::StatusOr<std::optional<Record>> record = client_.Lookup(attempt.key());
  if (!record.ok()) return Effects::kUnknown;
  if (record->has_value() && (*record)->attempt == attempt.number() && (*record)->effects_began) return Effects::kBegan;
  return effects_due_ ? Effects::kUnknown : Effects::kNone;
}

void OwnedRun::LeaveInDoubt(Effects effects) {
  if (effects == Effects::kBegan) {
    notices_.Warn(HowCutShort(*end_) +
                  " ended the command after its effects had begun, so nobody knows how far it came.\n"
                  "  The key is in doubt once its lease has lapsed: find out, and resolve it.");
  } else {
    notices_.Warn(
        HowCutShort(*end_) +
        " ended the command, and the server did not say whether its effects had begun.\n"
        "  Its lease is left to lapse: then the key is in doubt, or, where the server knows of no effects, as "
        "the\n  namespace's policy says. Find out whether it happened.");
  }
  throw NothingToReport{kRunInDoubt};
}

Outcome OwnedRun::Report(const Attempt& attempt) {
  const RecordedRun run{.end = *end_,
                        .out = out_->Kept(),
                        .err = err_->Kept(),
                        .owner = client_.options().owner,
                        .ended = Rfc3339(std::chrono::system_clock::now())};
  if (!end_->known) {
    notices_.Warn(
        "the command ended, but the system does not say how: somebody else took its exit code.\n"
        "  Its lease is left to lapse. Find out whether it happened.");
    throw NothingToReport{kRunInDoubt};
  }
  if (end_->code() == 0) return ToResult(run);
  const bool final = request_.final_on.Contains(end_->code());
  // An exit code is the command's word that it failed. A signal left it no time for a word.
  if (!final && WasCutShort(*end_)) {
    const Effects effects = EffectsAtEnd(attempt);
    if (effects != Effects::kNone) LeaveInDoubt(effects);
  }
  return ToFailure(run, !final, final ? Duration::zero() : request_.retry_after);
}

int OwnedRun::ExitCode() {
  out_->Flush();
  err_->Flush();
  return ExitCodeAfterWriting(end_->code(), out_->write_error(), err_->write_error(), notices_);
}

}  // namespace semel::cli
