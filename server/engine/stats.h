// Figures that the hot path leaves behind: relaxed atomic adds, read now and then by whoever makes metrics of them.

#ifndef SEMEL_SERVER_ENGINE_STATS_H_
#define SEMEL_SERVER_ENGINE_STATS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/engine/policy_table.h"
#include "server/engine/unreadable_records.h"

namespace semel::engine {

// Thread-safe; padded by its users where two threads write neighbours.
class Counter {
 public:
  void Add(uint64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

class Gauge {
 public:
  void Set(int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void Add(int64_t by) { value_.fetch_add(by, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

// Bucket i counts observations of at most bound(i); the last one everything above. Bounds double: first, 2 first, 4 first...
template <size_t kBuckets>
class Histogram {
 public:
  explicit constexpr Histogram(uint64_t first_bound) : first_(first_bound) {}

  void Observe(uint64_t value) {
    size_t bucket = 0;
    for (uint64_t bound = first_; value > bound && bucket + 1 < kBuckets; bound *= 2) ++bucket;
    buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(value, std::memory_order_relaxed);
  }
  uint64_t bound(size_t bucket) const { return first_ << bucket; }  // of all buckets but the last
  uint64_t count(size_t bucket) const { return buckets_[bucket].load(std::memory_order_relaxed); }
  uint64_t sum() const { return sum_.load(std::memory_order_relaxed); }
  static constexpr size_t size() { return kBuckets; }

 private:
  const uint64_t first_;
  std::array<std::atomic<uint64_t>, kBuckets> buckets_{};
  std::atomic<uint64_t> sum_{0};
};

using LatencyHistogram = Histogram<20>;  // microseconds, 50 us to 13 s
using SizeHistogram = Histogram<12>;     // operations, 1 to 1,024

// What became of the Begins of a namespace.
enum class BeginOutcome {
  kAcquired,
  kDone,
  kFailed,
  kInProgress,
  kInDoubt,
  kExpired,
  kMismatch,
  kRefused,
};
inline constexpr size_t kBeginOutcomes = 8;

struct NamespaceStats {
  std::array<Counter, kBeginOutcomes> begins;
  Counter takeovers;     // acquired after an abandoned attempt
  Counter stale_tokens;  // TOKEN_STALE
  Counter mismatches;    // FINGERPRINT_MISMATCH
  Counter completed_done;
  Counter completed_failed;
  Counter already_applied;
};

// Constant after construction: the tables. Everything else is atomic or locks for itself; any thread may read at any time.
struct EngineStats {
  // By PolicyTable::Entry::index, with room for every entry that may come while the process lives.
  std::vector<NamespaceStats> namespaces = std::vector<NamespaceStats>(PolicyTable::kMaxEntries);
  SizeHistogram batch_size{1};         // operations decided together
  LatencyHistogram commit_micros{50};  // write and sync
  LatencyHistogram sync_micros{50};    // of that, the sync
  Counter commits;
  Counter storage_failures;
  UnreadableRecords unreadable;
  Counter dropped_past_deadline;  // undecided, because the caller had given up
  Counter refused_waits;          // past a bound on waiters: answered in_progress at once
  Counter leases_honoured;        // extended at start (rule 13)
  Gauge waiters;
  Gauge queue_depth;  // operations handed over and not yet decided
};

}  // namespace semel::engine

#endif  // SEMEL_SERVER_ENGINE_STATS_H_
