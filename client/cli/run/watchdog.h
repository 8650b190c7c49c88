// A small process beside `semel run` that lives for one purpose: should semel die without a word (kill -9, out of memory), the
// command must not go on with a lease that nobody keeps alive. It then gets SIGTERM, after the grace SIGKILL, it and all that is
// in its process group.
//
// The kernel's own PR_SET_PDEATHSIG would reach the command alone, not what it started, and with one signal only.

#ifndef SEMEL_CLIENT_CLI_RUN_WATCHDOG_H_
#define SEMEL_CLIENT_CLI_RUN_WATCHDOG_H_

#include <sys/types.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "semel/outcome.h"

namespace semel::cli {

class Watchdog {
 public:
  // `file` and `directory` are removed too when semel has died.
  static absl::StatusOr<std::unique_ptr<Watchdog>> Start(Duration kill_after, std::string file, std::string directory);
  ~Watchdog();  // dismisses it: semel has seen to everything itself
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // Whoever becomes the command says here, before it does, which process group to watch. Async-signal-safe.
  bool Announce(pid_t process_group) const;

 private:
  Watchdog(pid_t pid, int pipe) : pid_(pid), pipe_(pipe) {}

  const pid_t pid_;
  const int pipe_;  // its other end closes when semel dies
};

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_RUN_WATCHDOG_H_
