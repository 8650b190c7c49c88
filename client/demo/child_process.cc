#include "client/demo/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace semel::demo {
namespace {

struct Pipe {
  int read_end = -1;
  int write_end = -1;

  bool Open() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    read_end = ends[0];
    write_end = ends[1];
    return true;
  }
  void Close() const {
    if (read_end >= 0) close(read_end);
    if (write_end >= 0) close(write_end);
  }
};

// In the new process, where only async-signal-safe functions may be called.
[[noreturn]] void BecomeChild(char* const* arguments, const Pipe& input, const Pipe& output, int log, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // the parent died before the line above
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  dup2(input.read_end, STDIN_FILENO);
  dup2(output.write_end, STDOUT_FILENO);
  if (log >= 0) dup2(log, STDERR_FILENO);
  execv(arguments[0], arguments);
  _exit(127);
}

int MillisecondsUntil(ChildProcess::Deadline deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<int64_t>(left.count(), 0, 3'600'000));
}

int ExitCodeOf(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

}  // namespace

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(const std::vector<std::string>& arguments,
                                                                  const std::string& log) {
  signal(SIGPIPE, SIG_IGN);  // a child that dies must not take us with it
  if (access(arguments[0].c_str(), X_OK) != 0) return absl::NotFoundError("cannot run " + arguments[0]);
  Pipe input;
  Pipe output;
  const int log_fd = log.empty() ? -1 : open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (!input.Open() || !output.Open()) {
    input.Close();
    return absl::ResourceExhaustedError(std::string("no pipe: ") + strerror(errno));
  }
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) BecomeChild(argv.data(), input, output, log_fd, parent);
  if (log_fd >= 0) close(log_fd);
  close(input.read_end);
  close(output.write_end);
  if (pid < 0) {
    close(input.write_end);
    close(output.read_end);
    return absl::ResourceExhaustedError(std::string("no process: ") + strerror(errno));
  }
  return std::unique_ptr<ChildProcess>(new ChildProcess(pid, input.write_end, output.read_end));
}

ChildProcess::~ChildProcess() {
  Kill();
  CloseInput();
  close(output_);
}

bool ChildProcess::WriteLine(const std::string& line) {
  const std::string bytes = line + "\n";
  size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t count = write(input_, bytes.data() + written, bytes.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    written += static_cast<size_t>(count);
  }
  return true;
}

void ChildProcess::CloseInput() {
  if (input_ >= 0) close(input_);
  input_ = -1;
}

std::optional<std::string> ChildProcess::ReadLine(Deadline deadline) {
  for (;;) {
    if (std::optional<std::string> line = TakeLine()) return line;
    pollfd readable{.fd = output_, .events = POLLIN};
    const int ready = poll(&readable, 1, MillisecondsUntil(deadline));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0 || !ReadAvailable()) return std::nullopt;
  }
}

bool ChildProcess::ReadAvailable() {
  char chunk[8192];
  ssize_t count = 0;
  do {
    count = read(output_, chunk, sizeof(chunk));
  } while (count < 0 && errno == EINTR);
  if (count <= 0) return false;
  read_.append(chunk, static_cast<size_t>(count));
  return true;
}

std::optional<std::string> ChildProcess::TakeLine() {
  const size_t end = read_.find('\n');
  if (end == std::string::npos) return std::nullopt;
  std::string line = read_.substr(0, end);
  read_.erase(0, end + 1);
  return line;
}

void ChildProcess::Signal(int signal) const {
  if (!exit_code_) kill(pid_, signal);  // once reaped, the number may be another process's
}

void ChildProcess::AwaitStopped() const {
  int status = 0;
  while (waitpid(pid_, &status, WUNTRACED) < 0 && errno == EINTR) {
  }
}

void ChildProcess::Kill() {
  Signal(SIGKILL);
  Wait();
}

int ChildProcess::Wait() {
  while (!exit_code_) {
    int status = 0;
    const pid_t reaped = waitpid(pid_, &status, 0);
    if (reaped < 0 && errno == EINTR) continue;
    exit_code_ = reaped < 0 ? 127 : ExitCodeOf(status);
  }
  return *exit_code_;
}

}  // namespace semel::demo
