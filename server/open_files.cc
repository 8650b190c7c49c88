#include "server/open_files.h"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

namespace semel {

int RaiseFileLimit(const ops::Logger& log) {
  const auto clamped = [](rlim_t files) {
    return static_cast<int>(std::min<rlim_t>(files, std::numeric_limits<int>::max()));
  };
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return clamped(RLIM_INFINITY);
  const rlimit raised{.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
  if (setrlimit(RLIMIT_NOFILE, &raised) == 0) return clamped(raised.rlim_cur);
  log.Log(ops::LogLevel::kWarning, "cannot raise the limit of open files", {{"reason", std::strerror(errno)}});
  return clamped(limit.rlim_cur);
}

int FilesForConnections(int limit, int storage_files) {
  constexpr int kOthers = 256;  // the admin port's connections, logs, a backup under way
  return std::max(limit - storage_files - kOthers, limit / 2);
}

}  // namespace semel
