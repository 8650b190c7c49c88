#include "client/cli/run/watchdog.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <utility>

namespace semel::cli {
namespace {

constexpr pid_t kDismissed = 0;
constexpr Duration kLookAgain = std::chrono::milliseconds(20);

// From here on in the watchdog's process, a copy of one that had threads: only what is safe in a signal handler may be called.

// False at the end of the pipe: semel is gone.
bool ReadMessage(pid_t& message) {
  ssize_t count = 0;
  do {
    count = read(STDIN_FILENO, &message, sizeof(message));
  } while (count < 0 && errno == EINTR);
  return count == sizeof(message);
}

void End(pid_t process_group, Duration kill_after) {
  kill(-process_group, SIGTERM);
  kill(-process_group, SIGCONT);  // what is stopped cannot end
  const timespec pause{.tv_sec = 0, .tv_nsec = kLookAgain.count()};
  for (Duration left = kill_after; left > Duration::zero() && kill(-process_group, 0) == 0; left -= kLookAgain) {
    nanosleep(&pause, nullptr);
  }
  kill(-process_group, SIGKILL);
}

[[noreturn]] void Watch(int pipe, Duration kill_after, const char* file, const char* directory) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  setsid();  // out of the terminal's reach
  prctl(PR_SET_NAME, "semel-watchdog");
  // Whoever reads what semel writes must see its end, and the server that its connection is gone.
  dup2(pipe, STDIN_FILENO);
  syscall(SYS_close_range, 1U, ~0U, 0U);
  pid_t process_group = kDismissed;
  for (pid_t message = kDismissed; ReadMessage(message); process_group = message) {
    if (message == kDismissed) _exit(0);
  }
  if (process_group != kDismissed) End(process_group, kill_after);
  unlink(file);
  rmdir(directory);
  _exit(0);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Watchdog>> Watchdog::Start(Duration kill_after, std::string file,
                                                          std::string directory) {
  int pipe[2];
  if (pipe2(pipe, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "no pipe");
  const pid_t pid = fork();
  if (pid == 0) {
    close(pipe[1]);
    Watch(pipe[0], kill_after, file.c_str(), directory.c_str());
  }
  close(pipe[0]);
  if (pid < 0) {
    const absl::Status error = absl::ErrnoToStatus(errno, "no process");
    close(pipe[1]);
    return error;
  }
  return std::unique_ptr<Watchdog>(new Watchdog(pid, pipe[1]));
}

Watchdog::~Watchdog() {
  Announce(kDismissed);
  close(pipe_);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

bool Watchdog::Announce(pid_t process_group) const {
  return write(pipe_, &process_group, sizeof(process_group)) == sizeof(process_group);
}

}  // namespace semel::cli
