// What RocksDbStorage does when nobody asks: cutting the journal, giving space back, telling how it is.

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "storage/rocksdb/rocksdb_storage.h"
#include "storage/rocksdb/tuning.h"

namespace semel::storage {
namespace {

constexpr int kReclaimChecks = 8;  // in a reclaim interval

}  // namespace

absl::Status RocksDbStorage::Maintain(Time now) {
  if (latch_->failed()) return latch_->status();
  MeasureLogs();
  // Before the first commit nothing may be written with a clock mark: see Open.
  if (committed_ && now - last_trim_ >= options_.trim_interval) {
    last_trim_ = now;
    if (absl::Status status = Cut(journal_.PlanPastSettled(now), now); !status.ok()) return status;
  }
  if (now - last_reclaim_ < options_.reclaim_interval / kReclaimChecks) return absl::OkStatus();
  // While a backup is made commits must not wait for its end: the next call tries again.
  if (!backup_or_reclaim_.TryLock()) return absl::OkStatus();
  last_reclaim_ = now;
  absl::Status status = ReclaimInBackground();
  backup_or_reclaim_.Unlock();
  return status;
}

absl::Status RocksDbStorage::Cut(const OpenJournal::Trim& trim, Time now) {
  if (trim.below == 0) return absl::OkStatus();
  batch_.Clear();
  journal_.Stage(trim, batch_);
  const Time last = FromMicros(static_cast<int64_t>(trim.next_position() - 1));
  const absl::StatusOr<CommitTimes> times = WriteWithMark(now, std::max(now, last));
  if (!times.ok()) return times.status();
  journal_.Apply(trim);
  bounds_->SetTrimmed(journal_.trimmed());
  return absl::OkStatus();
}

// What is only in a memtable is never compacted, so it is flushed. And RocksDB looks for files that are old enough only when
// its files change, which in quiet times is never: setting an option makes it look.
absl::Status RocksDbStorage::ReclaimInBackground() {
  rocksdb::FlushOptions without_waiting;
  without_waiting.wait = false;
  for (rocksdb::ColumnFamilyHandle* family : database_->families()) {
    uint64_t entries = 0;
    (*database_)->GetIntProperty(family, rocksdb::DB::Properties::kNumEntriesActiveMemTable, &entries);
    rocksdb::Status status;
    if (entries > 0) status = (*database_)->Flush(without_waiting, family);
    if (status.ok()) {
      status = (*database_)
                   ->SetOptions(family,
                                {{"periodic_compaction_seconds", absl::StrCat(PeriodicCompactionSeconds(options_))}});
    }
    if (!status.ok()) return latch_->Latch(FromRocksDb(status, "cannot reclaim space"));
  }
  return absl::OkStatus();
}

absl::Status RocksDbStorage::Reclaim() const {
  if (latch_->failed()) return latch_->status();
  rocksdb::CompactRangeOptions everything;
  everything.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  everything.exclusive_manual_compaction = false;
  for (rocksdb::ColumnFamilyHandle* family : database_->families()) {
    const rocksdb::Status status = (*database_)->CompactRange(everything, family, nullptr, nullptr);
    if (!status.ok()) return FromRocksDb(status, "cannot reclaim space");
  }
  return absl::OkStatus();
}

}  // namespace semel::storage
