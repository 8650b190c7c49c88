#include "client/cli/run/exit_code_set.h"

#include <charconv>

namespace semel::cli {
namespace {

std::optional<int> ToCode(std::string_view text) {
  int code = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code);
  if (error != std::errc() || end != text.data() + text.size() || code < 1 || code > 255) return std::nullopt;
  return code;
}

}  // namespace

std::optional<ExitCodeSet> ExitCodeSet::Parse(std::string_view text) {
  ExitCodeSet set;
  if (text == "any") {
    set.codes_.set();
    return set;
  }
  while (true) {
    const size_t comma = text.find(',');
    const std::string_view item = text.substr(0, comma);
    const size_t dash = item.find('-');
    const std::optional<int> first = ToCode(item.substr(0, dash));
    const std::optional<int> last = dash == std::string_view::npos ? first : ToCode(item.substr(dash + 1));
    if (!first || !last || *first > *last) return std::nullopt;
    for (int code = *first; code <= *last; ++code) set.codes_.set(code);
    if (comma == std::string_view::npos) return set;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace semel::cli
