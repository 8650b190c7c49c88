#include "storage/rocksdb/tuning.h"

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

#include <algorithm>

namespace semel::storage {
namespace {

rocksdb::BlockBasedTableOptions TableTuning(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  // Indexes and filters count against the cache, in parts: a filter of a whole file, read again whenever it was evicted,
  // would make absent keys slow where there are more keys than memory. Parts large enough that the keys of a batch share them.
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.metadata_block_size = 32 << 10;
  table.format_version = 5;
  return table;
}

rocksdb::ColumnFamilyOptions BaseTuning(const RocksDbOptions& options, const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(TableTuning(cache)));
  family.write_buffer_size = options.memtable_bytes;
  family.max_write_buffer_number = 4;
  // Files of level 0 soon are compacted: to compress them, and then to read them back, takes more time than it saves space.
  family.compression_per_level = {rocksdb::kNoCompression, rocksdb::kLZ4Compression};
  family.target_file_size_base = 32 << 20;
  family.max_bytes_for_level_base = 128 << 20;
  // Keeps the space that overwritten and expired records take near a tenth of the whole.
  family.level_compaction_dynamic_level_bytes = true;
  family.periodic_compaction_seconds = PeriodicCompactionSeconds(options);
  return family;
}

}  // namespace

uint64_t PeriodicCompactionSeconds(const RocksDbOptions& options) {
  const auto interval = std::chrono::duration_cast<std::chrono::seconds>(options.reclaim_interval).count();
  return static_cast<uint64_t>(std::max<int64_t>(interval - interval / 4, 1));
}

rocksdb::DBOptions DatabaseTuning(const RocksDbOptions& options) {
  rocksdb::DBOptions database;
  if (options.env != nullptr) database.env = options.env;
  database.listeners = options.listeners;

  // What was acknowledged must be there, or the database does not open: point-in-time recovery would drop the rest of the log
  // behind a damaged record and call it success. Only an unfinished last record, which nobody was told of, is let go.
  database.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  // Before RocksDB 7.10 it counts logs as missing that SyncWAL had seen and a purge then removed (facebook/rocksdb#10892): a
  // healthy database would not open.
  database.track_and_verify_wals_in_manifest = false;
  database.paranoid_checks = true;
  // So that the identity goes along with backups and comes back with them: it tells whose a backup directory is.
  database.write_dbid_to_manifest = true;
  // What a dead process wrote but never synced may be read back from the page cache alone. Answers will rest on it, so it is
  // made durable, in tables, before the first of them.
  database.avoid_flush_during_recovery = false;
  // A failure is final (protocol rule 17): RocksDB may not resume by itself behind the latch.
  database.max_bgerror_resume_count = 0;

  // There is one writer. Without concurrent inserts the skip list remembers where the last one went, which is where the
  // next entry of the journal goes too.
  database.allow_concurrent_memtable_write = false;
  database.enable_write_thread_adaptive_yield = false;

  // A rarely written family keeps old logs alive, which a restart would have to read: flush it when they add up.
  database.max_total_wal_size = 2 * options.memtable_bytes;
  database.max_background_jobs = 2;
  database.max_open_files = options.max_open_files;
  // Smooths write-back, so that the sync of a commit does not wait behind a whole compaction output.
  database.bytes_per_sync = 1 << 20;

  database.stats_dump_period_sec = 0;
  database.stats_persist_period_sec = 0;
  return database;
}

FamilyTuning TuneFamilies(const RocksDbOptions& options, const std::shared_ptr<const ReclaimBounds>& bounds) {
  const std::shared_ptr<rocksdb::Cache> cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  FamilyTuning families;

  families.meta = BaseTuning(options, cache);
  families.meta.write_buffer_size = 1 << 20;

  families.open = BaseTuning(options, cache);

  families.settled = BaseTuning(options, cache);
  // Most keys that are asked for are new: the memtable's bloom filter answers without a search in the skip list.
  families.settled.memtable_prefix_bloom_size_ratio = 0.02;  // some 60 bits a key
  families.settled.memtable_whole_key_filtering = true;
  // One hint for all keys. Commits insert theirs in order, so that each one's place is near the last one's. Never DeleteRange in this
  // family: RocksDB would look the hint up for its table of ranges too, another skip list.
  families.settled.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewCappedPrefixTransform(0));
  families.settled.compaction_filter_factory = SettledExpiry(bounds);

  families.payload = BaseTuning(options, cache);
  families.payload.enable_blob_files = true;
  families.payload.min_blob_size = 0;
  families.payload.blob_compression_type = rocksdb::kLZ4Compression;
  families.payload.blob_file_size = 64 << 20;
  // A blob file goes as a whole once all in it expired; what outlives its neighbours is moved out of the oldest files.
  families.payload.enable_blob_garbage_collection = true;
  families.payload.blob_garbage_collection_age_cutoff = 0.25;
  families.payload.blob_garbage_collection_force_threshold = 0.5;
  families.payload.compaction_filter_factory = PayloadExpiry(bounds);
  return families;
}

}  // namespace semel::storage
