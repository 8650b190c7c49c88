// A power cut may leave the last, unsynced write of a log with holes: its later pages reached the disk, earlier ones did
// not. RocksDB cannot tell that from damage to what was acknowledged, and refuses to open (kTolerateCorruptedTailRecords
// forgives a short last record only). Semel can: it syncs every write before the next, so only the very last record of the
// newest log may be torn, and nobody was ever told of it.

#ifndef SEMEL_STORAGE_ROCKSDB_TORN_LOG_H_
#define SEMEL_STORAGE_ROCKSDB_TORN_LOG_H_

#include <string>

#include "absl/status/statusor.h"

namespace semel::storage {

// For a database that RocksDB found corrupt, and that nobody has open. Cuts a torn last record off the newest log in
// `database_path`, and keeps what it cut in a file in `keep_in`. Returns what it did, for people; empty: nothing, because
// there is damage of another kind, or none. Cuts only where all of this is so:
//   - a record fails its checksum or is missing, and no whole record begins after it;
//   - it has a hole: a sector of zeros, as a file reads where it was never written. Damage flips bits instead.
absl::StatusOr<std::string> MendTornLog(const std::string& database_path, const std::string& keep_in);

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_ROCKSDB_TORN_LOG_H_
