// The RocksDB below a data directory: one log, four column families.
//
//   default   the clock mark, and the position up to which the journal is trimmed
//   open      journal of open records:  EncodePosition -> EncodeOpen
//   settled   outcomes and tombstones:  EncodeKey -> EncodeSettled
//   payload   bodies, in blob files:    EncodePayloadKey -> bytes

#ifndef SEMEL_STORAGE_ROCKSDB_DATABASE_H_
#define SEMEL_STORAGE_ROCKSDB_DATABASE_H_

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/clock.h"
#include "storage/rocksdb/expiry_filter.h"
#include "storage/rocksdb/failure_latch.h"
#include "storage/rocksdb/options.h"

namespace semel::storage {

class Database {
 public:
  // `latch` hears of failures in the background too. With `create`, what is missing is made.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path, bool create,
                                                        const RocksDbOptions& options,
                                                        const std::shared_ptr<const ReclaimBounds>& bounds,
                                                        const std::shared_ptr<FailureLatch>& latch);
  // For looking at what a stopped server left: the log is replayed in memory, and nothing on disk changes. `env` must outlive it.
  static absl::StatusOr<std::unique_ptr<Database>> OpenReadOnly(const std::string& path, rocksdb::Env* env);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();  // waits for background work

  rocksdb::DB* operator->() const { return db_.get(); }
  rocksdb::DB* get() const { return db_.get(); }
  rocksdb::ColumnFamilyHandle* meta() const { return families_[0]; }
  rocksdb::ColumnFamilyHandle* open() const { return families_[1]; }
  rocksdb::ColumnFamilyHandle* settled() const { return families_[2]; }
  rocksdb::ColumnFamilyHandle* payload() const { return families_[3]; }
  const std::vector<rocksdb::ColumnFamilyHandle*>& families() const { return families_; }

  // Zero where nothing was stored yet.
  absl::StatusOr<ClockMark> ReadMark() const;
  absl::StatusOr<uint64_t> ReadTrimmed() const;
  void PutMark(rocksdb::WriteBatch& batch, const ClockMark& mark) const;
  void PutTrimmed(rocksdb::WriteBatch& batch, uint64_t position) const;

 private:
  explicit Database(rocksdb::DB* db) : db_(db) {}
  absl::StatusOr<uint64_t> ReadNumber(const char* key) const;

  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
};

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_ROCKSDB_DATABASE_H_
