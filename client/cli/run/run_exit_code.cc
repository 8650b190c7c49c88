#include "client/cli/run/run_exit_code.h"

#include "client/cli/exit_code.h"

namespace semel::cli {

RunExitCode RunExitCodeOf(const absl::Status& error) {
  switch (ExitCodeOf(error)) {
    case ExitCode::kUsage: return kRunUsage;
    case ExitCode::kMismatch: return kRunMismatch;
    case ExitCode::kUnavailable: return kRunUnavailable;
    case ExitCode::kRefused: return kRunRefused;
    case ExitCode::kStale: return kRunLeaseLost;
    default: return kRunError;
  }
}

}  // namespace semel::cli
