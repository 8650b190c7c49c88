// A program that a test runs: started, read from, signalled by its own pid, and gone when the test is gone.

#ifndef SEMEL_TESTS_SUPPORT_CHILD_PROCESS_H_
#define SEMEL_TESTS_SUPPORT_CHILD_PROCESS_H_

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/support/patience.h"

namespace semel::support {

// How a process ended: one of both.
struct Ending {
  std::optional<int> exit_code;
  std::optional<int> signal;
};

// Not thread-safe. The kernel kills the process when the thread that started it ends, however it ends.
class ChildProcess {
 public:
  struct Options {
    std::vector<std::string> command;      // a path and arguments
    std::string stderr_file;               // appended to
    std::vector<std::string> environment;  // NAME=value, beside what this process has
    std::optional<size_t> max_file_bytes;  // writing more to any file fails, as on a full disk
    std::optional<size_t> max_open_files;  // RLIMIT_NOFILE, soft and hard
  };

  explicit ChildProcess(const Options& options);
  ~ChildProcess();  // kills and reaps it
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }

  // The next line that it prints to stdout. nullopt: it closed stdout, or said nothing for so long.
  std::optional<std::string> ReadLine(absl::Duration patience = kPatience);

  void Signal(int signal);  // nothing once it was reaped
  // nullopt: it still runs.
  std::optional<Ending> AwaitEnd(absl::Duration patience = kPatience);
  void Kill();  // kill -9, and reaps it

 private:
  pid_t pid_ = -1;
  int pid_file_ = -1;  // of the process itself, readable once it has ended
  int stdout_ = -1;
  std::string read_;  // of stdout, not yet returned
  std::optional<Ending> ending_;
};

}  // namespace semel::support

#endif  // SEMEL_TESTS_SUPPORT_CHILD_PROCESS_H_
