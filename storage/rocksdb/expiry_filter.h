// Gives back the space of what is past its retention, as compaction passes by. Reading never depends on it: expiry is
// absolute and checked at every read.
//
// Of a settled record first the outcome goes (result_expire_time), then the record (key_expire_time). What is gone from
// `settled` must already be gone from the journal, or a restart would bring a finished key back to life: a record is
// dropped only once the journal is trimmed above the position at which it was settled.

#ifndef SEMEL_STORAGE_ROCKSDB_EXPIRY_FILTER_H_
#define SEMEL_STORAGE_ROCKSDB_EXPIRY_FILTER_H_

#include <rocksdb/compaction_filter.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include "storage/clock.h"

namespace semel::storage {

// What compactions may reclaim at this moment. Thread-safe: set by the storage, read by RocksDB's own threads. RocksDB may
// compact before the storage is opened all the way, when neither the time nor the trimmed position is known: then nothing
// is reclaimed.
class ReclaimBounds {
 public:
  explicit ReclaimBounds(Duration slack) : slack_(slack) {}

  void SetClock(const Clock* clock) { clock_.store(clock, std::memory_order_release); }
  // Only what is on disk may be told here: called after the sync of the trim.
  void SetTrimmed(uint64_t position) { trimmed_.store(position, std::memory_order_release); }

  // What expired before or at this instant is reclaimable.
  Time Horizon() const;
  // What was settled at a position below this is gone from the journal.
  uint64_t trimmed() const { return trimmed_.load(std::memory_order_acquire); }

 private:
  const Duration slack_;
  std::atomic<const Clock*> clock_{nullptr};
  std::atomic<uint64_t> trimmed_{0};
};

std::shared_ptr<rocksdb::CompactionFilterFactory> SettledExpiry(std::shared_ptr<const ReclaimBounds> bounds);
std::shared_ptr<rocksdb::CompactionFilterFactory> PayloadExpiry(std::shared_ptr<const ReclaimBounds> bounds);

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_ROCKSDB_EXPIRY_FILTER_H_
