// RocksDbStorage::Properties: what a scrape reads, so nothing here takes longer than a lock of RocksDB's, and nothing
// asks the disk: a scrape is to tell of one that hangs.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "storage/rocksdb/rocksdb_storage.h"

namespace semel::storage {
namespace {

using Names = rocksdb::DB::Properties;

class Gatherer {
 public:
  explicit Gatherer(const Database& database) : database_(database) {}

  void Gauge(std::string name, double value) { gathered_.push_back({std::move(name), value, false}); }
  void Counter(std::string name, double value) { gathered_.push_back({std::move(name), value, true}); }

  double Read(rocksdb::ColumnFamilyHandle* family, const std::string& property) const {
    uint64_t value = 0;
    return database_->GetIntProperty(family, property, &value) ? static_cast<double>(value) : 0;
  }
  double Sum(const std::string& property) const {
    double sum = 0;
    for (rocksdb::ColumnFamilyHandle* family : database_.families()) sum += Read(family, property);
    return sum;
  }
  double Level0Files() const {
    double sum = 0;
    for (rocksdb::ColumnFamilyHandle* family : database_.families()) {
      std::string files;
      double count = 0;
      if (database_->GetProperty(family, Names::kNumFilesAtLevelPrefix + "0", &files) &&
          absl::SimpleAtod(files, &count)) {
        sum += count;
      }
    }
    return sum;
  }

  std::vector<Property> Take() { return std::move(gathered_); }

 private:
  const Database& database_;
  std::vector<Property> gathered_;
};

// Of the log files that are still needed. Few files are in the directory beside them.
double LogBytes(const std::string& directory) {
  double sum = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator file(directory, error), end; !error && file != end; file.increment(error)) {
    std::error_code gone;  // deleted since it was listed
    const std::uintmax_t bytes = file->path().extension() == ".log" ? file->file_size(gone) : 0;
    if (!gone) sum += static_cast<double>(bytes);
  }
  return sum;
}

std::map<std::string, std::string> Totals(const Database& database) {
  std::map<std::string, std::string> totals;
  database->GetMapProperty(Names::kDBStats, &totals);
  return totals;
}

double Total(const std::map<std::string, std::string>& totals, const std::string& name) {
  const auto found = totals.find(name);
  double value = 0;
  return found != totals.end() && absl::SimpleAtod(found->second, &value) ? value : 0;
}

}  // namespace

void RocksDbStorage::MeasureLogs() {
  log_bytes_.store(LogBytes(directory_.database_path()), std::memory_order_relaxed);
}

std::vector<Property> RocksDbStorage::Properties() const {
  Gatherer all(*database_);
  rocksdb::ColumnFamilyHandle* const meta = database_->meta();  // for what all families share

  all.Gauge("rocksdb_write_stopped", all.Read(meta, Names::kIsWriteStopped));
  all.Gauge("rocksdb_delayed_write_rate_bytes", all.Read(meta, Names::kActualDelayedWriteRate));
  all.Gauge("rocksdb_level0_files", all.Level0Files());
  all.Gauge("rocksdb_pending_compaction_bytes", all.Sum(Names::kEstimatePendingCompactionBytes));
  all.Gauge("rocksdb_running_compactions", all.Read(meta, Names::kNumRunningCompactions));
  all.Gauge("rocksdb_running_flushes", all.Read(meta, Names::kNumRunningFlushes));
  all.Gauge("rocksdb_block_cache_bytes", all.Read(meta, Names::kBlockCacheUsage));
  all.Gauge("rocksdb_block_cache_capacity_bytes", all.Read(meta, Names::kBlockCacheCapacity));
  all.Gauge("rocksdb_memtable_bytes", all.Sum(Names::kSizeAllMemTables));
  all.Gauge("rocksdb_sst_bytes", all.Sum(Names::kTotalSstFilesSize));
  all.Gauge("rocksdb_blob_bytes", all.Read(database_->payload(), Names::kTotalBlobFileSize));
  all.Gauge("rocksdb_settled_keys_estimate", all.Read(database_->settled(), Names::kEstimateNumKeys));

  all.Gauge("rocksdb_wal_bytes", log_bytes_.load(std::memory_order_relaxed));
  const std::map<std::string, std::string> totals = Totals(*database_);
  all.Counter("rocksdb_write_stall_seconds", Total(totals, "db.user_write_stall_micros") / 1e6);
  all.Counter("rocksdb_wal_written_bytes", Total(totals, "db.wal_bytes_written"));

  all.Gauge("journal_entries", static_cast<double>(journal_.length()));
  // Positions are microseconds: what was settled since then is not reclaimed yet.
  all.Gauge("journal_trimmed_timestamp_seconds", static_cast<double>(journal_.trimmed()) / 1e6);
  return all.Take();
}

}  // namespace semel::storage
