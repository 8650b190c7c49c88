// What this process takes from its machine, read from /proc.

#ifndef SEMEL_SERVER_OPS_PROCESS_FIGURES_H_
#define SEMEL_SERVER_OPS_PROCESS_FIGURES_H_

#include <optional>

namespace semel::ops {

// What the system does not tell is absent.
struct ProcessFigures {
  double cpu_seconds = 0;
  std::optional<double> resident_bytes;
  std::optional<double> open_files;
  std::optional<double> max_open_files;
};

ProcessFigures ReadProcessFigures();

}  // namespace semel::ops

#endif  // SEMEL_SERVER_OPS_PROCESS_FIGURES_H_
