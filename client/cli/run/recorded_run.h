// What is stored of a command that ran, and how: the only encoding.
//
// A result's payload is the kept bytes themselves: stdout's head and tail, then stderr's head and tail. Its attributes say the
// rest: exit_code; signal, where one ended it; stdout_size, the bytes that were written; stdout_head and stdout_tail, the bytes
// that are kept; the same for stderr; owner; ended, an instant by the owner's clock. With `omitted` the sizes kept do not count.
// A failure has no attributes: its details begin with the same facts as one line of JSON, and the bytes follow.

#ifndef SEMEL_CLIENT_CLI_RUN_RECORDED_RUN_H_
#define SEMEL_CLIENT_CLI_RUN_RECORDED_RUN_H_

#include <optional>
#include <string>

#include "client/cli/run/kept_output.h"
#include "semel/outcome.h"

namespace semel::cli {

inline constexpr char kRunContentType[] = "application/vnd.semel.run.v1";

// How a command ended.
struct CommandEnd {
  int exit_code = 0;
  int signal = 0;     // that ended it, or 0
  bool known = true;  // false: it ended, and nobody can tell how

  // As a shell tells it.
  int code() const { return signal != 0 ? 128 + signal : exit_code; }
  // For example "exit code 3" or "SIGKILL".
  std::string Name() const;
};

struct RecordedRun {
  CommandEnd end;
  KeptOutput out;
  KeptOutput err;
  std::string owner;
  std::string ended;            // 2024-05-01T12:00:00Z
  bool output_omitted = false;  // only its end is known
};

Result ToResult(const RecordedRun& run);
// Keeps what fits of the output, stderr before stdout.
Failure ToFailure(const RecordedRun& run, bool retryable, Duration retry_after);

// nullopt: not stored by `semel run`.
std::optional<RecordedRun> ToRecordedRun(const Result& result);
std::optional<RecordedRun> ToRecordedRun(const Failure& failure);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_RUN_RECORDED_RUN_H_
