#include "client/cli/number_text.h"

#include <cmath>

#include "absl/strings/str_format.h"

namespace semel::cli {

std::string Grouped(int64_t number) {
  std::string digits = std::to_string(number);
  const int first = number < 0 ? 1 : 0;
  for (int i = static_cast<int>(digits.size()) - 3; i > first; i -= 3) digits.insert(static_cast<size_t>(i), 1, ',');
  return digits;
}

std::string RoughSize(int64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto size = static_cast<double>(bytes);
  size_t unit = 0;
  while (std::abs(size) >= 1024 && unit + 1 < std::size(kUnits)) {
    size /= 1024;
    ++unit;
  }
  return absl::StrFormat(unit == 0 || std::abs(size) >= 10 ? "%.0f %s" : "%.1f %s", size, kUnits[unit]);
}

std::string SizeText(int64_t bytes) {
  return bytes < 1024 ? RoughSize(bytes) : RoughSize(bytes) + " (" + Grouped(bytes) + " bytes)";
}

std::string RoughNumber(double number) {
  return std::abs(number) < 10 ? absl::StrFormat("%.1f", number) : Grouped(std::llround(number));
}

}  // namespace semel::cli
