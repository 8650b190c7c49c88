// RocksDB's options as Semel wants them, each with its reason.

#ifndef SEMEL_STORAGE_ROCKSDB_TUNING_H_
#define SEMEL_STORAGE_ROCKSDB_TUNING_H_

#include <rocksdb/options.h>

#include <memory>

#include "storage/rocksdb/expiry_filter.h"
#include "storage/rocksdb/options.h"

namespace semel::storage {

rocksdb::DBOptions DatabaseTuning(const RocksDbOptions& options);

// One set for all families, so that they share a block cache.
struct FamilyTuning {
  rocksdb::ColumnFamilyOptions meta;
  rocksdb::ColumnFamilyOptions open;
  rocksdb::ColumnFamilyOptions settled;
  rocksdb::ColumnFamilyOptions payload;
};
FamilyTuning TuneFamilies(const RocksDbOptions& options, const std::shared_ptr<const ReclaimBounds>& bounds);

// How old a file may get before it is compacted, in seconds: leaves a quarter of reclaim_interval for noticing and doing.
uint64_t PeriodicCompactionSeconds(const RocksDbOptions& options);

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_ROCKSDB_TUNING_H_
