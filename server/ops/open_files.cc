#include "server/ops/open_files.h"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

namespace semel::ops {

int RaiseFileLimit(const Logger& log) {
  const auto clamped = [](rlim_t files) {
    return static_cast<int>(std::min<rlim_t>(files, std::numeric_limits<int>::max()));
  };
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return clamped(RLIM_INFINITY);
  const rlimit raised{.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
  if (setrlimit(RLIMIT_NOFILE, &raised) == 0) return clamped(raised.rlim_cur);
  log.Log(LogLevel::kWarning, "cannot raise the limit of open files", {{"reason", std::strerror(errno)}});
  return clamped(limit.rlim_cur);
}

FileShares SharesOf(int limit, int storage_wants) {
  constexpr int kOthers = 256;
  const int others = std::min(kOthers, limit / 8);
  const int storage = std::min(storage_wants, (limit - others) / 2);
  return {.connections = limit - others - storage, .storage = storage};
}

}  // namespace semel::ops
