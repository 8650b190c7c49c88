#include "client/cli/columns.h"

#include <algorithm>

namespace semel::cli {
namespace {

constexpr std::string_view kCut = "…";

bool StartsCodePoint(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

}  // namespace

size_t WidthOf(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), StartsCodePoint));
}

std::string CutTo(const std::string& text, size_t width) {
  if (WidthOf(text) <= width) return text;
  size_t end = 0;
  for (size_t shown = 0; end < text.size(); ++end) {
    if (StartsCodePoint(text[end]) && ++shown == width) break;
  }
  return text.substr(0, end) + std::string(kCut);
}

std::string LineOf(const std::vector<std::string>& cells, const std::vector<size_t>& widths) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    line += cells[i];
    const size_t width = WidthOf(cells[i]);
    if (i + 1 < cells.size())
      line += std::string(widths[i] > width ? widths[i] - width : 0, ' ') + std::string(kColumnGap);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string Aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], WidthOf(row[i]));
  }
  std::string text;
  for (const auto& row : rows) text += LineOf(row, widths);
  return text;
}

}  // namespace semel::cli
