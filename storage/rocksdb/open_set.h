// Every key in progress or in doubt, in memory: so Complete, Renew and takeovers read nothing from disk, and listing and
// gauges cost nothing. Bounded by the engine (max_open_keys, max_open_bytes).

#ifndef SEMEL_STORAGE_ROCKSDB_OPEN_SET_H_
#define SEMEL_STORAGE_ROCKSDB_OPEN_SET_H_

#include <atomic>
#include <cstdint>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/container/node_hash_map.h"
#include "storage/record.h"
#include "storage/storage.h"

namespace semel::storage {

class OpenSet {
 public:
  struct Entry {
    Record record;
    // Where the journal holds it. Above record.version once it was written again to trim the journal: that changes nothing
    // that anybody decided on, so the version, which callers compare, stays.
    uint64_t position = 0;
  };
  using Node = std::pair<const Key, Entry>;  // its address is stable as long as the key is open
  using Ordered = absl::btree_map<uint64_t, Node*>;

  // The live entries in the order of their positions. Changes to the set invalidate it.
  class OldestFirst {
   public:
    explicit OldestFirst(const OpenSet& set);
    Node* node() const;  // nullptr: that was the last
    void Next();

   private:
    bool AtRewritten() const;

    const OpenSet& set_;
    Ordered::const_iterator written_;
    Ordered::const_iterator rewritten_;
  };

  const Entry* Find(const Key& key) const;

  // A new record of the key, at a position above all others; its version.
  void Put(const Key& key, const Record& record, uint64_t position);
  // The same record at a new position. Only for the oldest.
  void Rewrite(Node& node, uint64_t position);
  void Erase(const Key& key);

  // In the order in which they were decided, which writing again does not change.
  const Ordered& by_version() const { return by_version_; }
  size_t size() const { return by_key_.size(); }

  // What OpenStats::bytes counts of one key.
  static size_t ContentBytes(const Key& key, const Record& record) {
    return key.ns.size() + key.name.size() + record.fingerprint.size() + record.owner.size() + record.checkpoint.size();
  }

  // From any thread; each figure for itself is exact.
  OpenStats Stats() const;

 private:
  void Unlink(const Key& key, const Entry& entry);
  void Count(const Key& key, const Record& record, int64_t sign);

  absl::node_hash_map<Key, Entry> by_key_;
  Ordered by_version_;
  Ordered rewritten_;          // by position; few, because only what outlives a trim is written again
  uint64_t written_from_ = 0;  // lower versions are all in rewritten_
  std::atomic<int64_t> in_progress_{0};
  std::atomic<int64_t> in_doubt_{0};
  std::atomic<int64_t> bytes_{0};
};

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_ROCKSDB_OPEN_SET_H_
