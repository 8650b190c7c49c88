// A process of our own: started, spoken to over pipes, killed and reaped. It never outlives its owner.

#ifndef SEMEL_CLIENT_DEMO_CHILD_PROCESS_H_
#define SEMEL_CLIENT_DEMO_CHILD_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace semel::demo {

// Not thread-safe.
class ChildProcess {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  // Starts arguments[0] with the rest. Its standard error is appended to the file `log`; empty: shared with ours.
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(const std::vector<std::string>& arguments,
                                                             const std::string& log = "");
  // Kills it if it still runs, and reaps it.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  int output() const { return output_; }  // to poll; readable when ReadAvailable has something

  // False once it has closed its input, for example by dying.
  bool WriteLine(const std::string& line);
  void CloseInput();

  // The next line of its output, without the newline. nullopt at the end of the output or at the deadline.
  std::optional<std::string> ReadLine(Deadline deadline);
  // Reads once without waiting longer than it takes for something to be there; false at the end of the output.
  bool ReadAvailable();
  // A whole line of what was read, if there is one.
  std::optional<std::string> TakeLine();

  void Signal(int signal) const;
  // Waits until it has stopped after SIGSTOP.
  void AwaitStopped() const;
  // kill -9, and waits until it is gone.
  void Kill();
  // Waits until it has ended by itself: its exit code, or 128 + the signal that ended it.
  int Wait();

 private:
  ChildProcess(pid_t pid, int input, int output) : pid_(pid), input_(input), output_(output) {}

  const pid_t pid_;
  int input_;
  int output_;
  std::string read_;  // not yet taken
  std::optional<int> exit_code_;
};

}  // namespace semel::demo

#endif  // SEMEL_CLIENT_DEMO_CHILD_PROCESS_H_
