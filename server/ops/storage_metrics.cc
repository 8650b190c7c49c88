#include "server/ops/storage_metrics.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

namespace semel::ops {
namespace {

struct Help {
  std::string_view property;
  std::string_view text;
};

constexpr Help kHelps[] = {
    {"rocksdb_write_stopped", "1 while RocksDB takes no writes at all because compaction is too far behind."},
    {"rocksdb_delayed_write_rate_bytes", "Bytes a second that RocksDB slows writes down to; 0 while it does not."},
    {"rocksdb_level0_files", "Files not yet compacted. Many of them slow reads, then writes."},
    {"rocksdb_pending_compaction_bytes", "Bytes that compaction has yet to rewrite, estimated."},
    {"rocksdb_running_compactions", "Compactions at work."},
    {"rocksdb_running_flushes", "Flushes of memtables at work."},
    {"rocksdb_block_cache_bytes", "Memory that the block cache uses."},
    {"rocksdb_block_cache_capacity_bytes", "Memory that the block cache may use; storage.block_cache."},
    {"rocksdb_memtable_bytes", "Memory that memtables use."},
    {"rocksdb_sst_bytes", "Disk that table files use."},
    {"rocksdb_blob_bytes", "Disk that large results use."},
    {"rocksdb_settled_keys_estimate",
     "Keys with an outcome on disk, estimated; expired ones until they are reclaimed."},
    {"rocksdb_wal_bytes", "Disk that the write-ahead log uses."},
    {"rocksdb_write_stall_seconds", "Time that writes were held back because compaction was behind."},
    {"rocksdb_wal_written_bytes", "Bytes written to the write-ahead log."},
    {"journal_trimmed_timestamp_seconds",
     "Up to when, in seconds since 1970, the journal is trimmed: what was settled later is not yet reclaimed."},
    {"journal_entries", "Length of the journal of open keys, which a restart reads."},
};

// The storage may tell figures that are not listed here: they are told on, under their own words.
std::string HelpFor(const std::string& property) {
  const Help* help = std::find_if(std::begin(kHelps), std::end(kHelps),
                                  [&](const Help& candidate) { return candidate.property == property; });
  if (help != std::end(kHelps)) return std::string(help->text);
  std::string words = property;
  std::replace(words.begin(), words.end(), '_', ' ');
  return "A figure of the storage: " + words + ".";
}

}  // namespace

void AddStorage(const std::vector<storage::Property>& properties, MetricFamilies& out) {
  for (const storage::Property& property : properties) {
    const bool needs_suffix = property.is_counter && !property.name.ends_with("_total");
    const std::string name = "semel_" + property.name + (needs_suffix ? "_total" : "");
    if (property.is_counter) {
      out.Counter(name, HelpFor(property.name), property.value);
    } else {
      out.Gauge(name, HelpFor(property.name), property.value);
    }
  }
}

}  // namespace semel::ops
