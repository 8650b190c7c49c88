#include "client/cli/run/command_process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace semel::cli {
namespace {

// Both ends are closed on exec. The ends that are still open are closed with it.
struct Pipe {
  int ends[2] = {-1, -1};

  Pipe() {
    if (pipe2(ends, O_CLOEXEC) != 0) ends[0] = ends[1] = -1;
  }
  ~Pipe() {
    for (const int end : ends) {
      if (end >= 0) close(end);
    }
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  bool open() const { return ends[0] >= 0; }
  void CloseWriteEnd() { close(std::exchange(ends[1], -1)); }
  int TakeReadEnd() { return std::exchange(ends[0], -1); }
};

std::vector<std::string> EnvironmentWith(const std::vector<std::pair<std::string, std::string>>& more) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string variable(*entry);
    const std::string name = variable.substr(0, variable.find('='));
    bool replaced = false;
    for (const auto& [new_name, value] : more) replaced |= name == new_name;
    if (!replaced) all.push_back(variable);
  }
  for (const auto& [name, value] : more) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

struct Becoming {
  char* const* words;
  char* const* environment;
  const Watchdog& watchdog;
  const SignalSettings& signals;
  int out;
  int err;
  int report;  // where errno goes
};

// In the new process, a copy of one that has threads: only what is safe in a signal handler may be called.
[[noreturn]] void BecomeCommand(const Becoming& becoming) {
  setpgid(0, 0);
  if (becoming.watchdog.Announce(getpid())) {
    signal(SIGPIPE, becoming.signals.on_sigpipe);
    signal(SIGCHLD, becoming.signals.on_sigchld);
    sigprocmask(SIG_SETMASK, &becoming.signals.mask, nullptr);
    dup2(becoming.out, STDOUT_FILENO);
    dup2(becoming.err, STDERR_FILENO);
    execvpe(becoming.words[0], becoming.words, becoming.environment);
  }
  const int error = errno;
  [[maybe_unused]] const ssize_t told = write(becoming.report, &error, sizeof(error));
  _exit(127);
}

}  // namespace

std::unique_ptr<CommandProcess> CommandProcess::Start(const Invocation& invocation, const Watchdog& watchdog,
                                                      const SignalSettings& signals, int& error) {
  Pipe out;
  Pipe err;
  Pipe report;
  if (!out.open() || !err.open() || !report.open()) {
    error = errno;
    return nullptr;
  }
  const std::vector<std::string> environment = EnvironmentWith(invocation.environment);
  const std::vector<char*> words = Pointers(invocation.words);
  const std::vector<char*> variables = Pointers(environment);
  const pid_t pid = fork();
  if (pid == 0) {
    BecomeCommand({.words = words.data(),
                   .environment = variables.data(),
                   .watchdog = watchdog,
                   .signals = signals,
                   .out = out.ends[1],
                   .err = err.ends[1],
                   .report = report.ends[1]});
  }
  error = errno;
  if (pid < 0) return nullptr;
  report.CloseWriteEnd();
  ssize_t count = 0;
  do {
    count = read(report.ends[0], &error, sizeof(error));  // ends when it has become the command
  } while (count < 0 && errno == EINTR);
  if (count == sizeof(error)) {
    while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return nullptr;
  }
  for (const Pipe* pipe : {&out, &err}) fcntl(pipe->ends[0], F_SETFL, O_NONBLOCK);
  return std::unique_ptr<CommandProcess>(new CommandProcess(pid, out.TakeReadEnd(), err.TakeReadEnd()));
}

CommandProcess::~CommandProcess() {
  if (!ended_) {
    SignalGroup(SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  close(out_);
  close(err_);
}

std::optional<CommandProcess::Change> CommandProcess::NextChange() {
  if (ended_) return std::nullopt;
  int status = 0;
  pid_t changed = 0;
  do {
    changed = waitpid(pid_, &status, WNOHANG | WUNTRACED);
  } while (changed < 0 && errno == EINTR);
  if (changed < 0) {  // ECHILD: it is gone, and somebody else was told how
    ended_ = true;
    return CommandEnd{.known = false};
  }
  if (changed != pid_) return std::nullopt;
  if (WIFSTOPPED(status)) return Stopped{.signal = WSTOPSIG(status)};
  ended_ = true;
  if (WIFSIGNALED(status)) return CommandEnd{.signal = WTERMSIG(status)};
  return CommandEnd{.exit_code = WEXITSTATUS(status)};
}

// Once reaped, its number may be another process's.
void CommandProcess::Signal(int signal) const {
  if (!ended_) kill(pid_, signal);
}

void CommandProcess::SignalGroup(int signal) const { kill(-pid_, signal); }

bool CommandProcess::GroupLives() const { return kill(-pid_, 0) == 0; }

}  // namespace semel::cli
