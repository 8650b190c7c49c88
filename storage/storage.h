// The one seam between what Semel decides and where it keeps it.
//
// Storage knows no protobuf, no gRPC and no rules of the protocol. It loads records, commits mutations all or nothing, and
// tells the time. Implementations: MemoryStorage (tests, simulation) and RocksDbStorage. tests/storage/storage_contract.h
// holds every implementation to what is written here.
//
// Threads: the caller makes sure that at most one of the calls not marked `const` runs at a time (the committer does). The
// const calls, and clock(), may be made from any thread at any time.

#ifndef SEMEL_STORAGE_STORAGE_H_
#define SEMEL_STORAGE_STORAGE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/clock.h"
#include "storage/record.h"

namespace semel::storage {

// Puts `record` in the place of whatever the key has. A key is never removed by a mutation: State::kVacant says that there
// is nothing, and lets storage take care that nothing older comes back to life.
struct Mutation {
  Key key;
  uint64_t expected_version = 0;  // Record::version as it was loaded; 0 when there was no record
  // record.version is ignored. The token must not be below that of the record it replaces: storage takes the greater one
  // for the newer.
  Record record;
};

struct CommitTimes {
  Duration write{};
  Duration sync{};
};

struct ScanRequest {
  std::string ns;                 // empty: every namespace
  std::string name_prefix;        // only with ns
  bool open_only = false;         // only keys in progress or in doubt; costs nothing on disk
  bool settled_only = false;      // only the others
  std::string cursor;             // where the page before ended; empty: from the start
  size_t limit = 1000;            // records a page
  size_t most_examined = 10'000;  // looked at for a page, which may thus come back short, even empty, before the last
};

struct ScanPage {
  std::vector<std::pair<Key, Record>> records;
  std::string next_cursor;  // empty: that was the last page
};

// The open set, which every implementation holds in memory.
struct OpenStats {
  size_t in_progress = 0;
  size_t in_doubt = 0;
  size_t bytes = 0;  // of variable-length content, to be held against max_open_bytes

  size_t keys() const { return in_progress + in_doubt; }
};

// A figure about the storage's inside, for metrics: for example {"rocksdb_level0_files", 3, false}.
struct Property {
  std::string name;
  double value = 0;
  bool is_counter = false;
};

class Storage {
 public:
  virtual ~Storage() = default;

  // records[i] becomes what is stored for *keys[i], or nullopt. Records past their time may be returned: callers compare
  // with ForgetTime and result_expire_time. A Result above the implementation's inline size comes with payload_detached.
  [[nodiscard]] virtual absl::Status Load(absl::Span<const Key* const> keys,
                                          std::vector<std::optional<Record>>& records) = 0;

  // The payload of a Result that was loaded with payload_detached. NOT_FOUND once its retention is over, or when a later
  // commit has overwritten the record.
  [[nodiscard]] virtual absl::StatusOr<std::string> LoadPayload(const Key& key, const Record& record) = 0;

  // Applies every mutation, or none. OK means that they are on disk (fsync), together with a clock mark that covers `now`
  // and every token in them. Keys must be distinct. ABORTED: an expected version was wrong, nothing changed;
  // a record that was reclaimed since it was loaded, because it is past its time, is no such case.
  // Any other error has an unknown outcome and is final: from then on every call fails with it (rule 17), and only a
  // new process that reads back what is on disk may go on.
  // Without mutations it stores the clock mark alone, if one is due.
  [[nodiscard]] virtual absl::StatusOr<CommitTimes> Commit(absl::Span<const Mutation> mutations, Time now) = 0;

  // Pages through records, open keys first (oldest write first), then settled ones namespace by namespace, in
  // order of their names. Records that were vacated are not listed; records past their time may be.
  [[nodiscard]] virtual absl::StatusOr<ScanPage> Scan(const ScanRequest& request) = 0;

  // Housekeeping that must not wait for traffic (trimming the journal, flushing idle memtables). Call every few seconds.
  [[nodiscard]] virtual absl::Status Maintain(Time now) = 0;

  // OK, or the error that latched. Never recovers within the process.
  [[nodiscard]] virtual absl::Status Health() const = 0;

  virtual OpenStats Open() const = 0;
  virtual std::vector<Property> Properties() const = 0;
  virtual Clock& clock() = 0;
};

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_STORAGE_H_
