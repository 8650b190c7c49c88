// How values are written in the configuration: "30s", "64KiB", "0.0.0.0:7420".

#ifndef SEMEL_SERVER_OPS_CONFIG_VALUES_H_
#define SEMEL_SERVER_OPS_CONFIG_VALUES_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "storage/time.h"

namespace semel::ops {

using storage::Duration;

// A whole number and a unit: us, ms, s, m, h or d. "0" needs none.
[[nodiscard]] absl::StatusOr<Duration> ParseDuration(std::string_view text);
// The largest unit that needs no fraction: 90s, 36h, 1d.
std::string FormatDuration(Duration duration);

// A whole number and a unit: B, KiB, MiB, GiB or TiB. "0" needs none.
[[nodiscard]] absl::StatusOr<uint64_t> ParseSize(std::string_view text);
std::string FormatSize(uint64_t bytes);

[[nodiscard]] absl::StatusOr<uint64_t> ParseCount(std::string_view text);

// Only true and false: YAML's other spellings surprise (a country code NO is false).
[[nodiscard]] absl::StatusOr<bool> ParseBool(std::string_view text);

struct Address {
  std::string host;  // IPv4, [IPv6] with its brackets, or a name
  int port = 0;      // 0: the system chooses one
};
[[nodiscard]] absl::StatusOr<Address> ParseAddress(std::string_view text);
// True where the second listener would find the port taken by the first.
bool Collide(const Address& a, const Address& b);

// What came, safe to print: escaped, cut, in quotes.
std::string Quote(std::string_view text);

}  // namespace semel::ops

#endif  // SEMEL_SERVER_OPS_CONFIG_VALUES_H_
