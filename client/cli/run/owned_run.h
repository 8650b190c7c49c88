// One attempt of `semel run` that owns the key: the command started, supervised, and its end turned into what is recorded.

#ifndef SEMEL_CLIENT_CLI_RUN_OWNED_RUN_H_
#define SEMEL_CLIENT_CLI_RUN_OWNED_RUN_H_

#include <cstdint>
#include <optional>
#include <string>

#include "client/cli/run/checkpoint_file.h"
#include "client/cli/run/command_process.h"
#include "client/cli/run/output_stream.h"
#include "client/cli/run/recorded_run.h"
#include "client/cli/run/run_notices.h"
#include "client/cli/run/run_once.h"
#include "client/cli/run/signal_inbox.h"
#include "semel/client.h"

namespace semel::cli {

// Thrown through Client::Run, which then reports nothing: the key was released, or the lease is left to lapse.
struct NothingToReport {
  int exit_code = 0;
};

class OwnedRun {
 public:
  OwnedRun(const RunRequest& request, Client& client, const SignalInbox& signals, const RunNotices& notices)
      : request_(request), client_(client), signals_(signals), notices_(notices) {}

  // The function of Client::Run. Returns when the command has ended by itself; otherwise says why not and throws
  // NothingToReport.
  Outcome operator()(Attempt& attempt);

  // Afterwards. Waits until what the command wrote is written, and answers what to exit with.
  int ExitCode();
  const std::optional<CommandEnd>& end() const { return end_; }
  int64_t token() const { return token_; }

 private:
  void CheckBeforeStart(Attempt& attempt, const std::string& checkpoint_file);
  Invocation InvocationFor(const Attempt& attempt, const std::string& checkpoint_file) const;
  void Supervise(Attempt& attempt, CommandProcess& command, const std::string& checkpoint_file);
  // Whether the command's effects had begun, by what was declared. No answer is no "no".
  enum class Effects { kNone, kBegan, kUnknown };
  Effects EffectsAtEnd(const Attempt& attempt);
  [[noreturn]] void LeaveInDoubt(Effects effects);
  Outcome Report(const Attempt& attempt);
  [[noreturn]] void GiveBack(const Attempt& attempt, const std::string& why, int exit_code);

  const RunRequest& request_;
  Client& client_;
  const SignalInbox& signals_;
  const RunNotices& notices_;

  int64_t token_ = 0;
  bool effects_declared_ = false;  // here, and the server said that it knows
  bool effects_due_ = false;       // they began, whether or not the server knows
  std::optional<OutputStream> out_;
  std::optional<OutputStream> err_;
  std::optional<CommandEnd> end_;
};

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_RUN_OWNED_RUN_H_
