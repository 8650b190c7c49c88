// A power cut may leave the last, unsynced write of a log with holes: its later pages reached the disk, earlier ones did
// not. RocksDB cannot tell that from damage to what was acknowledged, and refuses to open (kTolerateCorruptedTailRecords
// forgives a short last record only). Semel can: it syncs every write before the next, so only the very last record of the
// newest log may be torn, and nobody was ever told of it. The same goes for the MANIFEST: RocksDB syncs a change of the files
// before it acts on it, so that without a torn one the database is as it was before.

#ifndef SEMEL_STORAGE_ROCKSDB_TORN_LOG_H_
#define SEMEL_STORAGE_ROCKSDB_TORN_LOG_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace semel::storage {

struct TornLog {
  std::string path;
  size_t sound_bytes = 0;  // before the torn record
  std::string torn;        // the rest
};

// Changes nothing. See MendTornLogs.
absl::StatusOr<std::vector<TornLog>> FindTornLogs(const std::string& database_path);

// For a database that RocksDB found corrupt, and that nobody has open. Cuts a torn last record off the newest log in
// `database_path` and off its MANIFEST, and keeps what it cut in files in `keep_in`. Returns what it did, for people; empty:
// nothing, because there is damage of another kind, or none. Cuts only where all of this is so:
//   - a fragment fails its checksum or is missing, and no whole record begins anywhere after it;
//   - it reaches to the end of the log or of its block, as the last write does;
//   - or, in the MANIFEST, to the short record that RocksDB writes behind that of a flush, before it syncs both: from which log
//     on they are needed. That may be whole, or torn as well;
//   - it has a hole: all that the record put into one of its sectors is zeros, as a file reads where it was never written. Where
//     the record begins or ends within a sector that may be a few bytes. Fewer than 4 in all count only if some other
//     bytes in their place make its checksum right;
//   - no single flipped bit explains it, so that such a bit in a record that was synced is always refused as damage.
//
// What it cannot tell apart. It refuses a torn write that looks like a flipped bit: where the hole took a single bit with it, or
// by chance (once in 16,000 for a fragment of a whole block, more seldom for a shorter one); nothing is lost then. It
// cuts off the last synced record where the disk made zeros of a sector of it, or damaged more than a bit of one that
// has a whole sector of zeros of its own, as a payload may; its bytes are then in `keep_in`. And where a
// flush and a compaction waited for a third change of the files, RocksDB wrote theirs into the MANIFEST at once: there a torn one
// before a whole one is refused.
absl::StatusOr<std::vector<std::string>> MendTornLogs(const std::string& database_path, const std::string& keep_in);

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_ROCKSDB_TORN_LOG_H_
