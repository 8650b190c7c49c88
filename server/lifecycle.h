// The life of the server process: opens, serves until it is told to stop, drains, closes.

#ifndef SEMEL_SERVER_LIFECYCLE_H_
#define SEMEL_SERVER_LIFECYCLE_H_

#include "server/ops/flags.h"
#include "server/ops/logging.h"

namespace semel {

inline constexpr int kExitStartFailed = 1;  // the reason was logged; nothing was served

// Returns the exit code, when everything is closed.
int Serve(const ops::CommandLine& command_line, ops::Logger& log);

}  // namespace semel

#endif  // SEMEL_SERVER_LIFECYCLE_H_
