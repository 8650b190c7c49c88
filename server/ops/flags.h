// The command line of semeld: the few things that one changes by hand, and that win over the file.

#ifndef SEMEL_SERVER_OPS_FLAGS_H_
#define SEMEL_SERVER_OPS_FLAGS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <variant>

#include "absl/status/statusor.h"
#include "server/ops/config.h"

namespace CLI {
class App;
}

namespace semel::ops {

struct ExitCode {
  int value = 0;
};
inline constexpr int kExitUsage = 2;  // wrong arguments or configuration; 0 after --help and --version

// What to run with.
struct CommandLine {
  Config config;  // the file's, with what flags say instead
  // Reads the file again, flags winning as before. INVALID_ARGUMENT tells every problem, one a line. FAILED_PRECONDITION:
  // there is no file to read.
  std::function<absl::StatusOr<Config>()> read_again;
  // Time is what a test says, from this many microseconds since the epoch: see server/test_clock.h.
  std::optional<int64_t> test_clock;
};

// What to run with; or, with everything already told on `out` or `err`, what to exit with.
[[nodiscard]] std::variant<CommandLine, ExitCode> ParseFlags(int argc, const char* const* argv, std::ostream& out,
                                                             std::ostream& err);

// The flags as CLI11 has them, for the manual page.
void WithFlags(const std::function<void(const CLI::App&)>& read);

}  // namespace semel::ops

#endif  // SEMEL_SERVER_OPS_FLAGS_H_
