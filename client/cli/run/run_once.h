// `semel run`, from the question who runs the command to the exit code.

#ifndef SEMEL_CLIENT_CLI_RUN_RUN_ONCE_H_
#define SEMEL_CLIENT_CLI_RUN_RUN_ONCE_H_

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/command.h"
#include "client/cli/run/exit_code_set.h"
#include "client/cli/run/input_fingerprint.h"

namespace semel::cli {

struct RunRequest {
  std::string key;
  std::vector<std::string> words;  // the command and its arguments
  RunInput input;
  Duration wait{};
  std::optional<Duration> lease;
  std::optional<Duration> retention;
  std::string owner;
  std::optional<Duration> effects_began_after;  // absent: never
  ExitCodeSet final_on;
  Duration retry_after{};
  Duration kill_after = std::chrono::seconds(10);
  Duration complete_timeout = std::chrono::seconds(30);
  size_t max_output = size_t{256} * 1024;
  bool quiet = false;
};

// What semel exits with: see run_exit_code.h.
int RunOnce(const RunRequest& request, const CommonOptions& common);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_RUN_RUN_ONCE_H_
