// The controlling terminal, where there is one. semel keeps it, so that what stands in a pipeline with semel keeps it too, until
// the command reads from it.

#ifndef SEMEL_CLIENT_CLI_RUN_TERMINAL_H_
#define SEMEL_CLIENT_CLI_RUN_TERMINAL_H_

#include <sys/types.h>

namespace semel::cli {

// Not thread-safe. SIGTTOU is blocked while it lives.
class Terminal {
 public:
  Terminal();
  ~Terminal();  // takes the terminal back
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // False: there is none, or semel itself is in the background.
  bool GiveTo(pid_t process_group);
  void TakeBack();
  bool given() const { return given_; }

 private:
  int file_;
  bool given_ = false;
};

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_RUN_TERMINAL_H_
