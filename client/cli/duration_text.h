// Lengths of time as people write them: 250ms, 30s, 1h30m, 7d.

#ifndef SEMEL_CLIENT_CLI_DURATION_TEXT_H_
#define SEMEL_CLIENT_CLI_DURATION_TEXT_H_

#include <optional>
#include <string>
#include <string_view>

#include "semel/outcome.h"

namespace semel::cli {

// A sequence of numbers with units d, h, m, s, ms, us; the numbers may have a decimal fraction. "0" needs no unit.
// nullopt for anything else, and beyond 292 years.
std::optional<Duration> ParseDuration(std::string_view text);

// The shortest exact text, to the millisecond (below a millisecond: to the microsecond).
std::string FormatDuration(Duration duration);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_DURATION_TEXT_H_
