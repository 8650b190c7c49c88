// A program at a terminal of our own: what it shows, what is typed, how it ends.

#ifndef SEMEL_TESTS_CLIENT_TERMINAL_H_
#define SEMEL_TESTS_CLIENT_TERMINAL_H_

#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace semel {

class Terminal {
 public:
  Terminal(const std::vector<std::string>& arguments, int columns) {
    std::vector<char*> words;
    for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
    words.push_back(nullptr);
    winsize size{};
    size.ws_row = 50;
    size.ws_col = static_cast<unsigned short>(columns);
    pid_ = forkpty(&screen_, nullptr, nullptr, &size);
    if (pid_ == 0) {
      execv(words[0], words.data());
      _exit(127);
    }
  }

  ~Terminal() {
    if (!ended_) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close(screen_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // Ctrl-C is "\x03".
  void Type(const std::string& keys) const {
    EXPECT_EQ(write(screen_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }

  // All that it showed until it said `text`, or ended, or took longer than anything takes.
  const std::string& ReadUntil(const std::string& text) {
    while (shown_.find(text) == std::string::npos && Read()) {
    }
    return shown_;
  }

  // All that it showed until it ended.
  const std::string& ReadAll() {
    while (Read()) {
    }
    return shown_;
  }

  // Its exit code, or 128 + the signal that ended it.
  int Wait() {
    ReadAll();
    int status = 0;
    waitpid(pid_, &status, 0);
    ended_ = true;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  bool Read() {
    pollfd readable{.fd = screen_, .events = POLLIN};
    if (poll(&readable, 1, 60'000) != 1) return false;
    std::array<char, 4096> bytes;
    const ssize_t count = read(screen_, bytes.data(), bytes.size());
    if (count <= 0) return false;  // EIO: nobody has the terminal open any more
    shown_.append(bytes.data(), static_cast<size_t>(count));
    return true;
  }

  pid_t pid_ = -1;
  int screen_ = -1;
  bool ended_ = false;
  std::string shown_;
};

}  // namespace semel

#endif  // SEMEL_TESTS_CLIENT_TERMINAL_H_
