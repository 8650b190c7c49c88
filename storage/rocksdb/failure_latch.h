// A failed write or sync has an unknown outcome: what is on disk may differ from what the process believes. So the first
// failure stays for good, and only a new process, which reads back what is really there, may go on (protocol rule 17).
// See RecordBackgroundError in LevelDB's db_impl.cc.

#ifndef SEMEL_STORAGE_ROCKSDB_FAILURE_LATCH_H_
#define SEMEL_STORAGE_ROCKSDB_FAILURE_LATCH_H_

#include <atomic>
#include <functional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace rocksdb {
class Status;
}  // namespace rocksdb

namespace semel::storage {

// "<doing>: <what RocksDB says>". Corruption is DATA_LOSS, anything else UNAVAILABLE.
[[nodiscard]] absl::Status FromRocksDb(const rocksdb::Status& status, absl::string_view doing);

// Thread-safe.
class FailureLatch {
 public:
  explicit FailureLatch(std::function<void(std::string)> log) : log_(std::move(log)) {}

  bool failed() const { return failed_.load(std::memory_order_acquire); }

  // OK, or the first failure.
  absl::Status status() const;

  // Keeps `failure` unless one is kept already; returns the one that is kept.
  absl::Status Latch(absl::Status failure);

  // As Latch, for the orderly end: nothing is logged.
  void Close();

 private:
  bool Keep(absl::Status failure);

  const std::function<void(std::string)> log_;
  std::atomic<bool> failed_{false};
  mutable absl::Mutex mutex_;
  absl::Status first_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_ROCKSDB_FAILURE_LATCH_H_
