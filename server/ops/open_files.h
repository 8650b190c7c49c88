// Who may have how many of the files that the system lets this process open.

#ifndef SEMEL_SERVER_OPS_OPEN_FILES_H_
#define SEMEL_SERVER_OPS_OPEN_FILES_H_

#include "server/ops/logging.h"

namespace semel::ops {

// Raises the soft limit, often 1,024, up to the hard one. Returns what holds now.
int RaiseFileLimit(const Logger& log);

// So that however many connections come, the storage finds a file: it fails for good where it does not.
struct FileShares {
  int connections = 0;
  int storage = 0;
};

// What the limit leaves to the storage, `storage_wants` or where that is too much half of it, and the rest to connections. A few are
// kept for all else: logs, the admin port, a backup under way.
FileShares SharesOf(int limit, int storage_wants);

// Fewer are not enough to serve: the storage alone would soon find none.
inline constexpr int kFewestFiles = 128;

}  // namespace semel::ops

#endif  // SEMEL_SERVER_OPS_OPEN_FILES_H_
