// Reads a database end to end, and holds what it reads to storage/FORMAT.md.

#ifndef SEMEL_STORAGE_ROCKSDB_INSPECTION_H_
#define SEMEL_STORAGE_ROCKSDB_INSPECTION_H_

#include <rocksdb/db.h>

#include <string>
#include <vector>

#include "absl/container/node_hash_map.h"
#include "absl/status/status.h"
#include "storage/record.h"
#include "storage/rocksdb/database.h"
#include "storage/rocksdb/verify.h"

namespace semel::storage {

// Findings are bounded, so that a report about a disk of noise can be read too.
void AddFinding(DatabaseReport& report, std::string finding);

class Inspection {
 public:
  // Nothing that expires after `now` may be missing.
  Inspection(const Database& database, Time now, DatabaseReport& report);

  void Run();

 private:
  // What the journal holds of a key, its last entry.
  struct Open {
    uint64_t position = 0;
    State state{};
  };

  void ReadMarks();
  void CheckTables();
  void ReadJournal();
  void ReadSettled();
  void ReadSettledRecord(const rocksdb::Slice& encoded_key, const rocksdb::Slice& value);
  void ReadPayloads();
  void ReadPayload(const std::string& payload_key, uint64_t size);
  void FindMissingPayloads();
  void CountOpen();

  void CheckMark(const std::string& what, uint64_t position, const Record& record);
  void Seen(Time first, Time last);
  void Find(std::string finding) { AddFinding(report_, std::move(finding)); }
  void FindReading(const char* what, const rocksdb::Status& status);
  // " (in FILE, FILE or the log)": where the key may stand.
  std::string Whereabouts(rocksdb::ColumnFamilyHandle* family, const rocksdb::Slice& key) const;

  const Database& database_;
  const Time now_;
  DatabaseReport& report_;
  std::vector<rocksdb::LiveFileMetaData> files_;
  uint64_t trimmed_ = 0;
  absl::node_hash_map<Key, Open> open_;
  uint64_t owed_payloads_ = 0;  // that must be there
  uint64_t found_payloads_ = 0;
};

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_ROCKSDB_INSPECTION_H_
