// The journal in column family `open`: every write of an open record, at an ever greater position, and the open set that it
// adds up to. An entry is superseded when a later position names the same key, or `settled` holds a version of the key that
// was written at a later position; completing a key writes nothing here.
//
// What is superseded is cut off from the front, by deleting all below one position. A live entry that holds the cut back, a
// straggler, is written again at the end. Positions are never reused, not even by a later process: the clock mark on disk
// covers them.

#ifndef SEMEL_STORAGE_ROCKSDB_OPEN_JOURNAL_H_
#define SEMEL_STORAGE_ROCKSDB_OPEN_JOURNAL_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <vector>

#include "absl/status/status.h"
#include "storage/rocksdb/database.h"
#include "storage/rocksdb/open_set.h"
#include "storage/rocksdb/options.h"

namespace semel::storage {

class OpenJournal {
 public:
  // One cut in the making. Planned before the mutations of a batch and placed before them, so that a mutation of a
  // straggler wins by its later position.
  struct Trim {
    std::vector<OpenSet::Node*> stragglers;
    uint64_t first_position = 0;  // of the stragglers' new entries
    uint64_t below = 0;           // entries under this position are deleted; 0: none

    uint64_t next_position() const { return first_position + stragglers.size(); }
  };

  OpenJournal(const Database& database, const RocksDbOptions& options) : database_(database), options_(options) {}

  // Reads the journal back. `last` is the highest position that may ever have been used.
  [[nodiscard]] absl::Status Recover(uint64_t last);

  const OpenSet& open() const { return open_; }
  uint64_t trimmed() const { return trimmed_.load(std::memory_order_relaxed); }
  // Entries from the trimmed position on, dead and alive. From any thread.
  uint64_t length() const { return length_.load(std::memory_order_relaxed); }

  uint64_t NextPosition(Time now) const;

  // What a batch that begins at NextPosition(now) should cut: nothing unless the journal is too long.
  Trim PlanShorter(Time now) const;
  // For quiet times: cuts as far as settled records wait for it.
  Trim PlanPastSettled(Time now) const;

  void Stage(const Trim& trim, rocksdb::WriteBatch& batch) const;
  void Stage(const Key& key, const Record& record, uint64_t position, rocksdb::WriteBatch& batch) const;

  // After the batch is on disk, in the order in which it was staged.
  void Apply(const Trim& trim);
  void Apply(const Key& key, const Record& record, uint64_t position);
  void ApplySettled(const Key& key, uint64_t position);

 private:
  // What was written before the entry at `position`, in all.
  struct Milestone {
    uint64_t position = 0;
    uint64_t entries = 0;
    uint64_t bytes = 0;
  };

  absl::Status ReadEntries();
  absl::Status DropSettled();
  void Appended(const Key& key, const Record& record, uint64_t position);
  Milestone MilestoneAt(uint64_t position) const;
  // Writes again at most `most_stragglers` of those below `until`.
  Trim Plan(uint64_t until, size_t most_stragglers, Time now) const;
  void CutAt(uint64_t position);

  const Database& database_;
  const RocksDbOptions& options_;

  OpenSet open_;
  uint64_t last_ = 0;          // highest position used
  uint64_t last_settled_ = 0;  // highest position at which a record was settled
  uint64_t entries_ = 0;       // ever written by or read into this process
  uint64_t bytes_ = 0;
  std::deque<Milestone> milestones_;  // from the trimmed position on
  Milestone start_;                   // at the trimmed position
  std::atomic<uint64_t> trimmed_{0};
  std::atomic<uint64_t> length_{0};
};

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_ROCKSDB_OPEN_JOURNAL_H_
