#include "server/ops/spelling.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"

namespace semel::ops {
namespace {

std::string Normalized(std::string_view word) {
  std::string letters;
  for (char c : word) {
    if (c != '-' && c != '_') letters += absl::ascii_tolower(static_cast<unsigned char>(c));
  }
  return letters;
}

// Optimal string alignment: insertions, deletions, changes, and swaps of neighbours.
size_t Mistakes(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> cost(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      size_t changed = a[i - 1] != b[j - 1] ? 1 : 0;
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + changed});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::string NearestWord(std::string_view word, const std::vector<std::string>& candidates) {
  constexpr size_t kLongestWord = 64;
  if (word.size() > kLongestWord) return "";
  std::string wanted = Normalized(word);
  std::string nearest;
  size_t fewest = std::max<size_t>(1, wanted.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    size_t mistakes = Mistakes(wanted, Normalized(candidate));
    if (mistakes >= fewest) continue;
    fewest = mistakes;
    nearest = candidate;
  }
  return nearest;
}

}  // namespace semel::ops
