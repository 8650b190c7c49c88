// Whether one of two directories lies within the other, as the disk has it: through links, "..", and names not yet made.

#ifndef SEMEL_STORAGE_NESTED_PATHS_H_
#define SEMEL_STORAGE_NESTED_PATHS_H_

#include <string>

#include "absl/status/statusor.h"

namespace semel::storage {

// True also where both are the same. kFailedPrecondition, naming the path, where one cannot be followed.
[[nodiscard]] absl::StatusOr<bool> OneWithinTheOther(const std::string& a, const std::string& b);

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_NESTED_PATHS_H_
