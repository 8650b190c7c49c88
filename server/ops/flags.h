// The command line of semeld: the few things that one changes by hand, and that win over the file.

#ifndef SEMEL_SERVER_OPS_FLAGS_H_
#define SEMEL_SERVER_OPS_FLAGS_H_

#include <ostream>
#include <variant>

#include "server/ops/config.h"

namespace semel::ops {

struct ExitCode {
  int value = 0;
};
inline constexpr int kExitUsage = 2;  // wrong arguments or configuration; 0 after --help and --version

// What to run with; or, with everything already told on `out` or `err`, what to exit with.
[[nodiscard]] std::variant<Config, ExitCode> ParseFlags(int argc, const char* const* argv, std::ostream& out,
                                                        std::ostream& err);

}  // namespace semel::ops

#endif  // SEMEL_SERVER_OPS_FLAGS_H_
