// Damage that RocksDB does not see, or does not name.

#ifndef SEMEL_STORAGE_ROCKSDB_DAMAGE_H_
#define SEMEL_STORAGE_ROCKSDB_DAMAGE_H_

#include <string>

#include "absl/status/status.h"
#include "storage/rocksdb/database.h"

namespace semel::storage {

// For a database that nobody has open, before RocksDB reads it: DATA_LOSS where a log or the MANIFEST has a fragment whose length is
// damaged in a way that RocksDB would take for an unfinished write (log_format::Overlong).
absl::Status CheckLogLengths(const std::string& database_path);

// For one that is open: DATA_LOSS where a blob file is missing or not of its size, which RocksDB would find when it is read only.
absl::Status CheckBlobFiles(const Database& database);

// Adds to `error`, with which the database did not open, which file is damaged, as far as that can be told without reading all of them.
absl::Status NameDamage(const absl::Status& error, const std::string& database_path);

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_ROCKSDB_DAMAGE_H_
