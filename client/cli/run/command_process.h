// The command, as a process group of its own with a pipe for each of its output streams.

#ifndef SEMEL_CLIENT_CLI_RUN_COMMAND_PROCESS_H_
#define SEMEL_CLIENT_CLI_RUN_COMMAND_PROCESS_H_

#include <signal.h>
#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "client/cli/run/recorded_run.h"
#include "client/cli/run/signal_inbox.h"
#include "client/cli/run/watchdog.h"

namespace semel::cli {

struct Invocation {
  std::vector<std::string> words;                                // the program, looked up in PATH, and its arguments
  std::vector<std::pair<std::string, std::string>> environment;  // on top of ours
};

// Not thread-safe.
class CommandProcess {
 public:
  struct Stopped {
    int signal = 0;
  };
  using Change = std::variant<CommandEnd, Stopped>;

  // `signals` is what it starts with. Null: it could not be started, and `error` is the errno.
  static std::unique_ptr<CommandProcess> Start(const Invocation& invocation, const Watchdog& watchdog,
                                               const SignalSettings& signals, int& error);
  ~CommandProcess();  // kills what is left of its group, unless it has ended
  CommandProcess(const CommandProcess&) = delete;
  CommandProcess& operator=(const CommandProcess&) = delete;

  pid_t pid() const { return pid_; }
  int out() const { return out_; }
  int err() const { return err_; }

  // What happened to it since the last call, after SIGCHLD. Its end is told once.
  std::optional<Change> NextChange();

  void Signal(int signal) const;       // to the command alone
  void SignalGroup(int signal) const;  // to all of its process group
  // Whether any process of the group is left, also after the command itself has ended.
  bool GroupLives() const;

 private:
  CommandProcess(pid_t pid, int out, int err) : pid_(pid), out_(out), err_(err) {}

  const pid_t pid_;
  const int out_;
  const int err_;
  bool ended_ = false;
};

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_RUN_COMMAND_PROCESS_H_
