// How full the file system of a directory is.

#ifndef SEMEL_SERVER_OPS_DISK_SPACE_H_
#define SEMEL_SERVER_OPS_DISK_SPACE_H_

#include <optional>
#include <string>

namespace semel::ops {

struct DiskSpace {
  double size_bytes = 0;
  double free_bytes = 0;  // that this process may still write: less than what is unused where some is kept for root
};

// nullopt: the system does not say, for example because the directory is gone.
std::optional<DiskSpace> DiskSpaceOf(const std::string& directory);

}  // namespace semel::ops

#endif  // SEMEL_SERVER_OPS_DISK_SPACE_H_
