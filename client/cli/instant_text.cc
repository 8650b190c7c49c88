#include "client/cli/instant_text.h"

#include <chrono>

#include "absl/time/time.h"

namespace semel::cli {
namespace {

using namespace std::chrono_literals;

std::string Utc(const char* format, Time instant) {
  return absl::FormatTime(format, absl::FromChrono(instant), absl::UTCTimeZone());
}

std::string Distance(Time instant, Time now) {
  const Duration ahead = instant - now;
  if (ahead > -1s && ahead < 1s) return "now";
  return ahead > 0s ? "in " + RoughDuration(ahead) : RoughDuration(-ahead) + " ago";
}

}  // namespace

std::string Rfc3339(Time instant) { return Utc("%Y-%m-%dT%H:%M:%E3SZ", instant); }

std::string RoughDuration(Duration length) {
  // Two of a unit before the next one is used: rounded down, one of them may be nearly two.
  if (length < 1s) return std::to_string(length / 1ms) + " ms";
  if (length < 2min) return std::to_string(length / 1s) + " s";
  if (length < 2h) return std::to_string(length / 1min) + " min";
  if (length < 48h) return std::to_string(length / 1h) + " h";
  return std::to_string(length / 24h) + " d";
}

std::string InstantText(Time instant, Time now) {
  return Distance(instant, now) + " (" + Utc("%Y-%m-%dT%H:%M:%SZ", instant) + ")";
}

std::string InstantText(Time instant) { return InstantText(instant, std::chrono::system_clock::now()); }

}  // namespace semel::cli
