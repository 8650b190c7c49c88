#include "client/cli/duration_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <utility>

namespace semel::cli {
namespace {

using namespace std::chrono_literals;

struct Unit {
  std::string_view name;
  Duration length;
};

// Longest first, as FormatDuration takes them.
constexpr std::array<Unit, 6> kUnits = {{{"d", 24h}, {"h", 1h}, {"m", 1min}, {"s", 1s}, {"ms", 1ms}, {"us", 1us}}};

std::optional<Duration> LengthOf(std::string_view name) {
  for (const Unit& unit : kUnits) {
    if (unit.name == name) return unit.length;
  }
  return std::nullopt;
}

bool IsPartOfNumber(char c) { return (c >= '0' && c <= '9') || c == '.'; }

// Takes "30s" off the front of "30s500ms".
std::optional<double> TakePart(std::string_view& text) {
  double number = 0;
  // from_chars also reads "1e3", "inf" and "-1", which nobody means here.
  const size_t digits = std::find_if_not(text.begin(), text.end(), IsPartOfNumber) - text.begin();
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, number, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + digits) return std::nullopt;
  text.remove_prefix(digits);
  const size_t letters = std::find_if(text.begin(), text.end(), IsPartOfNumber) - text.begin();
  const std::optional<Duration> unit = LengthOf(text.substr(0, letters));
  if (!unit) return std::nullopt;
  text.remove_prefix(letters);
  return number * static_cast<double>(unit->count());
}

}  // namespace

std::optional<Duration> ParseDuration(std::string_view text) {
  if (text == "0") return Duration::zero();
  if (text.empty()) return std::nullopt;
  double nanoseconds = 0;
  while (!text.empty()) {
    const std::optional<double> part = TakePart(text);
    if (!part) return std::nullopt;
    nanoseconds += *part;
  }
  constexpr double kLimit = 9.2e18;  // what 64 bits hold
  if (nanoseconds > kLimit) return std::nullopt;
  return Duration(std::llround(nanoseconds));
}

std::string FormatDuration(Duration duration) {
  if (duration < 0ns) return '-' + FormatDuration(-duration);
  const Duration resolution = duration < 1ms ? Duration(1us) : Duration(1ms);
  Duration left = duration - duration % resolution;
  if (left == 0ns) return "0s";
  std::string text;
  for (const Unit& unit : kUnits) {
    if (left < unit.length) continue;
    text += std::to_string(left / unit.length) + std::string(unit.name);
    left %= unit.length;
  }
  return text;
}

}  // namespace semel::cli
