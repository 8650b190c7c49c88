// Instants as people read them: how far away they are, and when that is.

#ifndef SEMEL_CLIENT_CLI_INSTANT_TEXT_H_
#define SEMEL_CLIENT_CLI_INSTANT_TEXT_H_

#include <string>

#include "semel/outcome.h"

namespace semel::cli {

// 2026-11-21T18:35:17.686Z, for programs.
std::string Rfc3339(Time instant);

// A length of time in its greatest sensible unit, rounded down: 250 ms, 12 s, 119 s, 2 min, 47 h, 3 d.
std::string RoughDuration(Duration length);

// "in 3 h (2026-11-21T18:35:17Z)", "12 min ago (2026-11-21T18:35:17Z)", "now (...)". The distance is told against `now`; the
// instants are the server's, so where this machine's clock differs from the server's, so does the distance.
std::string InstantText(Time instant, Time now);
std::string InstantText(Time instant);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_INSTANT_TEXT_H_
