// Whether a stopped database is sound, and what it holds: every byte that counts is read, and nothing is changed.

#ifndef SEMEL_STORAGE_ROCKSDB_VERIFY_H_
#define SEMEL_STORAGE_ROCKSDB_VERIFY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/clock.h"
#include "storage/time.h"

namespace semel::storage {

struct DatabaseReport {
  // Keys by state. `vacant` are those of which only the token is remembered: released, deleted or forgotten.
  uint64_t in_progress = 0;
  uint64_t in_doubt = 0;
  uint64_t done = 0;
  uint64_t failed = 0;
  uint64_t vacant = 0;

  uint64_t journal_entries = 0;  // of open records, superseded ones included
  uint64_t payloads = 0;         // kept apart from their records
  uint64_t payload_bytes = 0;
  uint64_t disk_bytes = 0;     // of all files of the directory
  std::optional<Time> oldest;  // first attempt of the oldest key
  std::optional<Time> newest;  // the latest Begin, Renew or Complete that is still there
  ClockMark mark;              // no instant and no token at or above mark.high_water was ever told

  // What a start does to the database before it serves, for people; empty: nothing out of the ordinary. No damage.
  std::string torn_write;

  // Each a sentence for people that names the file where that is possible; the first kMostFindings of them.
  static constexpr size_t kMostFindings = 100;
  std::vector<std::string> findings;
  uint64_t findings_in_all = 0;
  bool sound() const { return findings_in_all == 0; }
};

// FAILED_PRECONDITION with a message for the operator where `data_dir` is no complete data directory of this format, or is in use.
// `time` says what has expired, and need no longer be there. A database so damaged that it cannot be opened is a report with that finding. Reads everything: takes as long as the disk
// takes for that.
absl::StatusOr<DatabaseReport> Verify(const std::string& data_dir, const TimeSource& time = SystemTime());

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_ROCKSDB_VERIFY_H_
