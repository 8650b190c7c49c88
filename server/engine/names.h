// The rules for names: what a namespace and a key may be called.

#ifndef SEMEL_SERVER_ENGINE_NAMES_H_
#define SEMEL_SERVER_ENGINE_NAMES_H_

#include <algorithm>
#include <string_view>

#include "server/engine/limits.h"

namespace semel::engine {

inline bool IsPrintableAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

// [a-z0-9][a-z0-9._-]{0,62}
inline bool IsNamespace(std::string_view name) {
  const auto is_first = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const auto is_inner = [&](char c) { return is_first(c) || c == '.' || c == '_' || c == '-'; };
  return !name.empty() && name.size() <= kMaxNamespaceBytes && is_first(name.front()) &&
         std::all_of(name.begin(), name.end(), is_inner);
}

// 1 to 255 bytes of printable ASCII, no space at either end.
inline bool IsKey(std::string_view key) {
  return !key.empty() && key.size() <= kMaxKeyBytes && key.front() != ' ' && key.back() != ' ' && IsPrintableAscii(key);
}

}  // namespace semel::engine

#endif  // SEMEL_SERVER_ENGINE_NAMES_H_
