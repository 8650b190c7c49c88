// Policies by namespace, replaced as a whole while calls are served.
//
//   PolicyTable policies(fallback, {{"payments", doubtful}});
//   operation.ns = &policies.For("payments");      // any thread, no lock; good for the life of the table
//   policies.Replace(other_fallback, {...});        // whoever looks next sees it, those who wait included
//
// An Entry never goes and never moves, so an operation may hold one for as long as it waits, and counters by index never
// jump: a namespace that is no longer listed has the default policy, and is still counted under its own name.

#ifndef SEMEL_SERVER_ENGINE_POLICY_TABLE_H_
#define SEMEL_SERVER_ENGINE_POLICY_TABLE_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "server/engine/policy.h"

namespace semel::engine {

using PoliciesByName = std::map<std::string, Policy, std::less<>>;

class PolicyTable {
 public:
  // The label under which namespaces outside the configuration are counted together: not a valid namespace.
  static constexpr std::string_view kOtherLabel = "(other)";

  // Names that were ever listed while the table lives, "(other)" included: what bounds labels and counters.
  static constexpr size_t kMaxEntries = 2001;
  // Different policies that were ever in force. Each is kept: a call may be reading it.
  static constexpr size_t kMaxVersions = 10'000;

  class Entry {
   public:
    Entry(const PolicyTable& table, std::string label, size_t index, const Policy* policy)
        : label(std::move(label)), index(index), table(table), policy_(policy) {}

    const std::string label;  // for metrics
    const size_t index;       // dense, 0 is "(other)"
    const PolicyTable& table;

    // What is in force now. The reference stays good; what it says never changes.
    const Policy& policy() const { return *policy_.load(std::memory_order_acquire); }

   private:
    friend class PolicyTable;
    std::atomic<const Policy*> policy_;
  };

  explicit PolicyTable(const Policy& fallback = {}, const PoliciesByName& named = {});
  PolicyTable(const PolicyTable&) = delete;
  PolicyTable& operator=(const PolicyTable&) = delete;

  const Entry& For(std::string_view ns) const;

  // RESOURCE_EXHAUSTED past one of the bounds above, and then nothing has changed.
  [[nodiscard]] absl::Status Replace(const Policy& fallback, const PoliciesByName& named);

  // Another one after each Replace that changed something: for those who remember what a policy said.
  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

  // All there are, "(other)" first, then by name.
  std::vector<const Entry*> Entries() const;

 private:
  static constexpr size_t kSlots = 4096;  // a power of two, at least twice the entries, so that probing ends soon
  static_assert(kSlots >= 2 * kMaxEntries);

  absl::Status CheckBounds(const Policy& fallback, const PoliciesByName& named) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  const Policy* Keep(const Policy& policy) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  const Policy* FindVersion(const Policy& policy) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  const Entry* Find(std::string_view ns) const;  // nullptr: never listed
  void Insert(const std::string& name, const Policy* policy) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Entries by name, open addressing. Slots are only ever filled, so readers need no lock.
  std::array<std::atomic<const Entry*>, kSlots> slots_{};

  std::atomic<uint64_t> generation_{0};

  mutable absl::Mutex mutex_;                            // of those who replace and list
  std::deque<Policy> versions_ ABSL_GUARDED_BY(mutex_);  // never moved, never changed
  std::deque<Entry> entries_ ABSL_GUARDED_BY(mutex_);    // by index
  const Entry* fallback_ = nullptr;                      // constant after construction
};

}  // namespace semel::engine

#endif  // SEMEL_SERVER_ENGINE_POLICY_TABLE_H_
