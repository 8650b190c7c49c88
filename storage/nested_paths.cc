#include "storage/nested_paths.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace semel::storage {
namespace {

namespace fs = std::filesystem;

absl::StatusOr<fs::path> Resolve(const std::string& text) {
  std::error_code error;
  const fs::path absolute = fs::absolute(text, error);
  const fs::path resolved = error ? fs::path() : fs::weakly_canonical(absolute, error);
  if (error) return absl::FailedPreconditionError(absl::StrCat(text, ": ", error.message()));
  return (resolved / "").parent_path();  // with and without a slash at the end alike
}

}  // namespace

absl::StatusOr<bool> OneWithinTheOther(const std::string& a, const std::string& b) {
  const absl::StatusOr<fs::path> first = Resolve(a);
  if (!first.ok()) return first.status();
  const absl::StatusOr<fs::path> second = Resolve(b);
  if (!second.ok()) return second.status();
  const auto [first_rest, second_rest] = std::mismatch(first->begin(), first->end(), second->begin(), second->end());
  return first_rest == first->end() || second_rest == second->end();
}

}  // namespace semel::storage
