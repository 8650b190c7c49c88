// Who may have how many of the files that the system lets this process open.

#ifndef SEMEL_SERVER_OPEN_FILES_H_
#define SEMEL_SERVER_OPEN_FILES_H_

#include "server/ops/logging.h"

namespace semel {

// Raises the soft limit, often 1,024, up to the hard one. Returns what holds now.
int RaiseFileLimit(const ops::Logger& log);

// Below this file number connections may be taken, so that the storage, which fails for good where it finds no free file, always
// finds one: it keeps up to `storage_files` open. Half of the limit where that is small.
int FilesForConnections(int limit, int storage_files);

}  // namespace semel

#endif  // SEMEL_SERVER_OPEN_FILES_H_
