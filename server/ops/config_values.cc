#include "server/ops/config_values.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/types/span.h"
#include "fmt/format.h"

namespace semel::ops {
namespace {

struct Unit {
  std::string_view name;
  int64_t factor;
};

constexpr Unit kTimeUnits[] = {  // largest first
    {"d", 86'400'000'000}, {"h", 3'600'000'000}, {"m", 60'000'000}, {"s", 1'000'000}, {"ms", 1'000}, {"us", 1}};
constexpr Unit kSizeUnits[] = {{"TiB", int64_t{1} << 40},
                               {"GiB", int64_t{1} << 30},
                               {"MiB", int64_t{1} << 20},
                               {"KiB", int64_t{1} << 10},
                               {"B", 1}};

absl::StatusOr<int64_t> ParseWithUnit(std::string_view text, absl::Span<const Unit> units, std::string_view expected) {
  if (text == "0") return 0;
  auto digits_end = std::find_if_not(text.begin(), text.end(), absl::ascii_isdigit);
  std::string_view number = text.substr(0, digits_end - text.begin());
  std::string_view suffix = text.substr(number.size());
  auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == suffix; });
  if (number.empty() || unit == units.end()) {
    return absl::InvalidArgumentError(fmt::format("expected {}, got {}", expected, Quote(text)));
  }
  absl::StatusOr<uint64_t> value = ParseCount(number);
  if (!value.ok() || *value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max() / unit->factor)) {
    return absl::InvalidArgumentError(Quote(text) + " is too large");
  }
  return static_cast<int64_t>(*value) * unit->factor;
}

std::string FormatWithUnit(int64_t value, absl::Span<const Unit> units, std::string_view zero) {
  if (value == 0) return std::string(zero);
  auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& u) { return value % u.factor == 0; });
  return fmt::format("{}{}", value / unit->factor, unit->name);
}

bool IsHostCharacter(char c) { return absl::ascii_isalnum(c) || c == '.' || c == '-' || c == '_'; }
bool IsIpv6Character(char c) { return absl::ascii_isxdigit(c) || c == ':' || c == '.'; }

bool IsHost(std::string_view host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    std::string_view inner = host.substr(1, host.size() - 2);
    return std::all_of(inner.begin(), inner.end(), IsIpv6Character);
  }
  return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), IsHostCharacter);
}

bool IsWildcard(std::string_view host) { return host == "0.0.0.0" || host == "[::]"; }

}  // namespace

absl::StatusOr<Duration> ParseDuration(std::string_view text) {
  absl::StatusOr<int64_t> micros = ParseWithUnit(text, kTimeUnits, "a duration such as 250ms, 30s, 5m, 36h or 30d");
  if (!micros.ok()) return micros.status();
  return Duration(*micros);
}

std::string FormatDuration(Duration duration) { return FormatWithUnit(duration.count(), kTimeUnits, "0s"); }

absl::StatusOr<uint64_t> ParseSize(std::string_view text) {
  absl::StatusOr<int64_t> bytes = ParseWithUnit(text, kSizeUnits, "a size such as 512B, 64KiB or 1MiB");
  if (!bytes.ok()) return bytes.status();
  return static_cast<uint64_t>(*bytes);
}

std::string FormatSize(uint64_t bytes) { return FormatWithUnit(static_cast<int64_t>(bytes), kSizeUnits, "0B"); }

absl::StatusOr<uint64_t> ParseCount(std::string_view text) {
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return absl::InvalidArgumentError(Quote(text) + " is too large");
  if (error != std::errc() || end != text.data() + text.size()) {
    return absl::InvalidArgumentError("expected a whole number, got " + Quote(text));
  }
  return value;
}

absl::StatusOr<bool> ParseBool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return absl::InvalidArgumentError("expected true or false, got " + Quote(text));
}

absl::StatusOr<Address> ParseAddress(std::string_view text) {
  size_t colon = text.rfind(':');
  std::string_view host = text.substr(0, colon);
  absl::StatusOr<uint64_t> port = ParseCount(colon == text.npos ? "" : text.substr(colon + 1));
  if (colon == text.npos || !IsHost(host) || !port.ok() || *port > 65'535) {
    return absl::InvalidArgumentError("expected host:port such as 0.0.0.0:7420, [::]:7420 or localhost:7420, got " +
                                      Quote(text));
  }
  return Address{.host = std::string(host), .port = static_cast<int>(*port)};
}

bool Collide(const Address& a, const Address& b) {
  return a.port != 0 && a.port == b.port && (a.host == b.host || IsWildcard(a.host) || IsWildcard(b.host));
}

std::string Quote(std::string_view text) {
  constexpr size_t kShown = 80;
  std::string shown(text.substr(0, kShown));
  return fmt::format("`{}{}`", absl::Utf8SafeCEscape(shown), shown.size() < text.size() ? "..." : "");
}

}  // namespace semel::ops
