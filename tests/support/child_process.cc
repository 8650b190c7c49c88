#include "tests/support/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace semel::support {
namespace {

constexpr int kCannotRun = 127;

// Between fork and exec only what is safe in a signal handler may be called.
[[noreturn]] void Exec(char* const* arguments, char* const* environment, int out, int err, const rlimit* max_file,
                       const rlimit* max_open_files, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kCannotRun);  // it died before the line above
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (max_file != nullptr) {
    signal(SIGXFSZ, SIG_IGN);  // the write shall fail, not the process
    setrlimit(RLIMIT_FSIZE, max_file);
  }
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  if (max_open_files != nullptr) setrlimit(RLIMIT_NOFILE, max_open_files);
  execve(arguments[0], arguments, environment);
  _exit(kCannotRun);
}

bool AwaitReadable(int file, absl::Duration patience) {
  const absl::Time give_up = absl::Now() + patience;
  pollfd readable{.fd = file, .events = POLLIN};
  int ready = 0;
  do {
    const int64_t left = std::clamp<int64_t>(absl::ToInt64Milliseconds(give_up - absl::Now()), 0, 3'600'000);
    ready = poll(&readable, 1, static_cast<int>(left));
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

}  // namespace

ChildProcess::ChildProcess(const Options& options) {
  int out[2];
  if (pipe2(out, O_CLOEXEC) != 0) std::abort();
  const int err = open(options.stderr_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const rlimit max_file{options.max_file_bytes.value_or(0), RLIM_INFINITY};
  const rlim_t files = options.max_open_files.value_or(0);
  const rlimit max_open_files{files, files};
  std::vector<char*> arguments;
  for (const std::string& argument : options.command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  std::vector<char*> environment;  // the first of two with one name counts
  for (const std::string& variable : options.environment) environment.push_back(const_cast<char*>(variable.c_str()));
  for (char** variable = environ; *variable != nullptr; ++variable) environment.push_back(*variable);
  environment.push_back(nullptr);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    Exec(arguments.data(), environment.data(), out[1], err, options.max_file_bytes ? &max_file : nullptr,
         options.max_open_files ? &max_open_files : nullptr, parent);
  }
  if (pid_ < 0) std::abort();
  pid_file_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  close(out[1]);
  close(err);
  stdout_ = out[0];
}

ChildProcess::~ChildProcess() {
  Kill();
  close(stdout_);
  close(pid_file_);
}

std::optional<std::string> ChildProcess::ReadLine(absl::Duration patience) {
  const absl::Time give_up = absl::Now() + patience;
  for (;;) {
    if (const size_t end = read_.find('\n'); end != std::string::npos) {
      std::string line = read_.substr(0, end);
      read_.erase(0, end + 1);
      return line;
    }
    if (!AwaitReadable(stdout_, give_up - absl::Now())) return std::nullopt;
    char chunk[4096];
    const ssize_t got = read(stdout_, chunk, sizeof(chunk));
    if (got <= 0) return std::nullopt;
    read_.append(chunk, static_cast<size_t>(got));
  }
}

void ChildProcess::Signal(int signal) {
  if (!ending_) kill(pid_, signal);  // a pid that was reaped may be another process's
}

std::optional<Ending> ChildProcess::AwaitEnd(absl::Duration patience) {
  if (ending_) return ending_;
  int status = 0;
  if (!AwaitReadable(pid_file_, patience) || waitpid(pid_, &status, 0) != pid_) return std::nullopt;
  ending_.emplace();
  if (WIFEXITED(status)) ending_->exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) ending_->signal = WTERMSIG(status);
  return ending_;
}

void ChildProcess::Kill() {
  Signal(SIGKILL);
  AwaitEnd();
}

}  // namespace semel::support
