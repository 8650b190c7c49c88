// The wall clock of a real server, set by a test before and while the server runs. Its monotonic clock goes on as it is.
//
//   WallClock clock(directory);
//   Semeld semeld(directory, {.environment = clock.environment()});
//   clock.Set(absl::Hours(24));     // a day ahead, from now on

#ifndef SEMEL_TESTS_SUPPORT_WALL_CLOCK_H_
#define SEMEL_TESTS_SUPPORT_WALL_CLOCK_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/support/temporary_directory.h"

namespace semel::support {

class WallClock {
 public:
  explicit WallClock(const TemporaryDirectory& directory);
  ~WallClock();
  WallClock(const WallClock&) = delete;
  WallClock& operator=(const WallClock&) = delete;

  // How far it is ahead of the true one; negative: behind.
  void Set(absl::Duration ahead) { *micros_ = absl::ToInt64Microseconds(ahead); }

  // What a process needs to go by it: NAME=value.
  std::vector<std::string> environment() const;

 private:
  const std::string file_;
  std::atomic<int64_t>* micros_;
};

}  // namespace semel::support

#endif  // SEMEL_TESTS_SUPPORT_WALL_CLOCK_H_
