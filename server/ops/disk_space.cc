#include "server/ops/disk_space.h"

#include <sys/statvfs.h>

#include <cerrno>

namespace semel::ops {

std::optional<DiskSpace> DiskSpaceOf(const std::string& directory) {
  struct statvfs system {};
  int failed = 0;
  do {
    failed = statvfs(directory.c_str(), &system);
  } while (failed != 0 && errno == EINTR);
  if (failed != 0) return std::nullopt;
  const auto block = static_cast<double>(system.f_frsize);
  return DiskSpace{.size_bytes = static_cast<double>(system.f_blocks) * block,
                   .free_bytes = static_cast<double>(system.f_bavail) * block};
}

}  // namespace semel::ops
