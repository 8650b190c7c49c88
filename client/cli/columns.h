// Columns of text on a terminal.

#ifndef SEMEL_CLIENT_CLI_COLUMNS_H_
#define SEMEL_CLIENT_CLI_COLUMNS_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace semel::cli {

inline constexpr std::string_view kColumnGap = "  ";

// In columns of a terminal: one for each code point of UTF-8.
size_t WidthOf(std::string_view text);

// At most `width` wide; what is cut ends in an ellipsis.
std::string CutTo(const std::string& text, size_t width);

// The cells side by side, each as wide as its column, without spaces after the last. Ends with a newline.
std::string LineOf(const std::vector<std::string>& cells, const std::vector<size_t>& widths);

// All rows, each column as wide as its widest cell.
std::string Aligned(const std::vector<std::vector<std::string>>& rows);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_COLUMNS_H_
