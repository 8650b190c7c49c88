// Storage on RocksDB: durable, one process at a time. database.h says what is where, open_journal.h how open records are
// kept, expiry_filter.h how space is given back.
//
//   absl::StatusOr<std::unique_ptr<RocksDbStorage>> storage = RocksDbStorage::Open({.path = "/var/lib/semel"}, SystemTime());

#ifndef SEMEL_STORAGE_ROCKSDB_ROCKSDB_STORAGE_H_
#define SEMEL_STORAGE_ROCKSDB_ROCKSDB_STORAGE_H_

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "storage/rocksdb/backup.h"
#include "storage/rocksdb/data_directory.h"
#include "storage/rocksdb/database.h"
#include "storage/rocksdb/expiry_filter.h"
#include "storage/rocksdb/failure_latch.h"
#include "storage/rocksdb/open_journal.h"
#include "storage/rocksdb/options.h"
#include "storage/rocksdb/settled_versions.h"
#include "storage/storage.h"

namespace semel::storage {

class RocksDbStorage final : public Storage {
 public:
  // FAILED_PRECONDITION with a message for the operator where the directory cannot be used; DATA_LOSS where what it holds is
  // damaged. `time` must outlive the storage. Writes no clock mark: the first commit does, so that the leases which a
  // restart interrupted are honoured together with it or not at all.
  static absl::StatusOr<std::unique_ptr<RocksDbStorage>> Open(RocksDbOptions options, const TimeSource& time);

  ~RocksDbStorage() override;  // closes

  absl::Status Load(absl::Span<const Key* const> keys, std::vector<std::optional<Record>>& records) override;
  absl::StatusOr<std::string> LoadPayload(const Key& key, const Record& record) override;
  absl::StatusOr<CommitTimes> Commit(absl::Span<const Mutation> mutations, Time now) override;
  absl::StatusOr<ScanPage> Scan(const ScanRequest& request) override;
  absl::Status Maintain(Time now) override;
  absl::Status Health() const override { return latch_->status(); }
  OpenStats Open() const override { return journal_.open().Stats(); }
  std::vector<Property> Properties() const override;
  Clock& clock() override { return *clock_; }

  // Stores that this process was alive until now, so that leases which lapsed before are known as lapsed after a restart, and
  // moves all that only the log has into tables. Where that fails nothing is lost, but the log is still needed. Every later call
  // fails.
  [[nodiscard]] absl::Status Close();

  // Gives back all space that can be given back now, and waits for it. From any thread; reads and writes go on meanwhile.
  [[nodiscard]] absl::Status Reclaim() const;

  // Backs up at least all that was acknowledged before the call, and waits until it is on disk. From any thread; reads and writes
  // go on meanwhile. One at a time. Then removes what is beyond `keep`, oldest first. An error leaves the earlier backups
  // as they were and never latches: FAILED_PRECONDITION with a message for the operator where the directory cannot be used,
  // UNAVAILABLE where writing failed (also for want of space), DATA_LOSS where a file of the database is damaged.
  absl::StatusOr<BackupInfo> CreateBackup(const BackupOptions& options) const;

 private:
  struct Parts;  // what Open puts together
  RocksDbStorage(RocksDbOptions options, Parts parts);
  static absl::StatusOr<std::unique_ptr<Database>> OpenDatabase(const RocksDbOptions& options, const Parts& parts);

  // Load.
  void LookUpSettled();

  // Commit.
  absl::Status Verify(absl::Span<const Mutation> mutations);
  absl::Status VerifySettled(const Mutation& mutation, const std::string& encoded_key, SettledVersion& overwritten);
  void StageInOrder(absl::Span<const Mutation> mutations, uint64_t first, Time now);
  void Stage(size_t index, const Mutation& mutation, uint64_t position, Time now);
  void StageSettled(const Mutation& mutation, const std::string& encoded_key, uint64_t position);
  void Apply(size_t index, const Mutation& mutation, uint64_t position);
  absl::StatusOr<CommitTimes> WriteWithMark(Time now, Time reached);

  // Maintain.
  absl::Status Cut(const OpenJournal::Trim& trim, Time now);
  absl::Status ReclaimInBackground();
  void MeasureLogs();

  // Scan: true where the page is full.
  bool ScanOpen(const ScanRequest& request, uint64_t after, size_t& examined, ScanPage& page) const;
  absl::StatusOr<bool> ScanSettled(const ScanRequest& request, const std::string& after, size_t& examined,
                                   ScanPage& page) const;

  // Constant after Open.
  const RocksDbOptions options_;
  const DataDirectory directory_;  // before the database: let go of last
  const std::shared_ptr<FailureLatch> latch_;
  const std::shared_ptr<ReclaimBounds> bounds_;
  const std::unique_ptr<Clock> clock_;  // before the database, whose compactions read it
  const std::unique_ptr<Database> database_;

  // A backup copies the files that it found at its beginning, the one with RocksDB's options among them, and until it is done no file
  // is removed. So nothing is reclaimed meanwhile: that rewrites the options, and would take space rather than give it.
  mutable absl::Mutex backup_or_reclaim_;

  OpenJournal journal_;
  SettledVersions loaded_;
  bool committed_ = false;  // by this process: until then the mark on disk is the last one's
  Time reached_{};          // latest instant, token or position committed by this process
  Time last_trim_{};
  Time last_reclaim_{};
  std::atomic<double> log_bytes_{0};  // as last measured

  // Of the call under way; members so that their memory is used again.
  struct Lookup {
    std::vector<size_t> wanted;  // which of the asked keys
    std::vector<std::string> keys;
    std::vector<rocksdb::Slice> slices;
    std::vector<rocksdb::PinnableSlice> values;
    std::vector<rocksdb::Status> statuses;
  } lookup_;
  struct Overwriting {
    std::string encoded_key;  // empty where `settled` is neither read nor written
    SettledVersion settled;
  };
  std::vector<Overwriting> overwriting_;
  std::vector<size_t> settled_in_order_;
  rocksdb::WriteBatch batch_;
  Record settling_;
};

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_ROCKSDB_ROCKSDB_STORAGE_H_
