// How a RocksDbStorage is set up. The defaults suit a server; tests make the thresholds tiny and the environment faulty.

#ifndef SEMEL_STORAGE_ROCKSDB_OPTIONS_H_
#define SEMEL_STORAGE_ROCKSDB_OPTIONS_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "storage/time.h"

namespace rocksdb {
class Env;
class EventListener;
}  // namespace rocksdb

namespace semel::storage {

struct RocksDbOptions {
  // Data directory, made where it does not exist yet. Everything that Semel keeps is below it.
  std::string path;

  // Memory. Index and filter blocks live in the block cache, so that this bounds what reads hold on to.
  size_t block_cache_bytes = size_t{64} << 20;
  // Of each column family's write buffer. Small ones insert and restart faster.
  size_t memtable_bytes = size_t{16} << 20;
  // Open files are bounded too, so that many keys need no raised ulimit.
  int max_open_files = 1000;

  // Payloads above this are kept apart from their record.
  size_t inline_payload_bytes = 4096;

  // What is past its retention leaves the disk within about this time, even if nothing is written.
  Duration reclaim_interval = std::chrono::hours(12);
  // A record is reclaimed only this long after its time: a batch that sampled the clock before may still be reading it.
  Duration reclaim_slack = std::chrono::seconds(60);

  // The journal of open records is cut once it is longer than both its minimum and four times what is alive in it. Bounds
  // the time that a restart takes. Of ordinary records, some 200 bytes each, well below what a memtable holds: what was cut before
  // the flush is never written to a table.
  size_t trim_min_entries = 16'384;
  size_t trim_min_bytes = size_t{32} << 20;
  // At most this much is written again at the journal's end by one commit, so that no commit is slow.
  size_t trim_batch_entries = 256;
  size_t trim_batch_bytes = size_t{1} << 20;
  // How often Maintain cuts the journal below the threshold too, so that settled records become reclaimable.
  Duration trim_interval = std::chrono::seconds(10);

  // Where messages for an operator go: few, whole sentences. Called from any thread, also from RocksDB's with its locks held:
  // it must not call the storage.
  std::function<void(std::string)> log;
  // What RocksDB tells of its own work, for those who hunt a problem: many lines, under the same terms.
  std::function<void(std::string)> debug_log;

  // For tests. Neither is owned; nullptr is the machine's own.
  rocksdb::Env* env = nullptr;
  std::vector<std::shared_ptr<rocksdb::EventListener>> listeners;
};

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_ROCKSDB_OPTIONS_H_
