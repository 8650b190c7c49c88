// From the command's start to its end: its output passed on, signals forwarded to it, and an end made of it when the lease is
// lost.
//
// SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP and SIGCONT go to its whole process group, as a terminal sends them; SIGUSR1
// and SIGUSR2 to the command alone, for they end whatever does not expect them. When the command has stopped at a SIGTSTP or for
// want of the terminal, semel stops too, and the lease is not kept alive meanwhile: that is silence. At SIGCONT the command goes
// on only if the lease still holds.

#ifndef SEMEL_CLIENT_CLI_RUN_SUPERVISION_H_
#define SEMEL_CLIENT_CLI_RUN_SUPERVISION_H_

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>

#include "client/cli/run/command_process.h"
#include "client/cli/run/output_stream.h"
#include "client/cli/run/signal_inbox.h"
#include "client/cli/run/terminal.h"
#include "semel/attempt.h"

namespace semel::cli {

// Not thread-safe.
class Supervision {
 public:
  Supervision(CommandProcess& command, const Attempt& attempt, const SignalInbox& signals, OutputStream& out,
              OutputStream& err, Duration kill_after);
  ~Supervision();
  Supervision(const Supervision&) = delete;
  Supervision& operator=(const Supervision&) = delete;

  // Returns when the command has ended and its output is read.
  CommandEnd AwaitEnd();
  // Whether the command was told to end because the lease was lost.
  bool ended_for_lost_lease() const { return kill_at_.has_value(); }

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  void AwaitEvents();
  int PatienceInMilliseconds() const;
  void TakeSignals();
  void TakeSignal(int signal);
  void TakeChanges();
  void TakeStop(int signal);
  void EndCommand();
  bool OutputIsOver() const;
  bool GroupIsOver() const;
  void KillWhenDue();

  // Constant after construction.
  CommandProcess& command_;
  const Attempt& attempt_;
  const SignalInbox& signals_;
  OutputStream& out_;
  OutputStream& err_;
  const Duration kill_after_;
  const int lost_;  // readable once the lease is lost

  Terminal terminal_;
  bool asked_to_stop_ = false;
  std::optional<CommandEnd> end_;
  std::optional<SteadyTime> drained_at_;  // after the command's end: how long others may hold its output open
  std::optional<SteadyTime> kill_at_;     // after SIGTERM
  bool killed_ = false;
  bool err_is_next_ = false;                                          // to write
  std::optional<std::stop_callback<std::function<void()>>> on_lost_;  // last: it writes to lost_
};

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_RUN_SUPERVISION_H_
