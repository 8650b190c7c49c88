// Counts the keys whose owner fell silent and which are in doubt by it, though nobody has asked about them since.
//
//   SilentOwners silent(policies);
//   silent.Replace("payments", std::nullopt, LeaseOf(record));  // a key was begun
//   silent.Look(now);                                           // every few seconds: which leases have lapsed meanwhile?
//   silent.in_doubt();                                          // from any thread
//
// Such a key is stored as in progress until somebody asks (rule 7), and it is those that nobody asks about that an operator has to
// be told of. The open keys themselves are not looked through: kept is only how many leases end in each second, so that a change
// costs a look-up or two and Look costs what has lapsed since, however many keys are open.

#ifndef SEMEL_SERVER_ENGINE_SILENT_OWNERS_H_
#define SEMEL_SERVER_ENGINE_SILENT_OWNERS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/container/node_hash_map.h"
#include "server/engine/policy_table.h"
#include "storage/record.h"

namespace semel::engine {

// The lease of a key in progress.
struct Lease {
  int64_t end_second = 0;      // the first whole second, of the server's time, at which it has lapsed
  bool effects_began = false;  // then its lapse leaves the key in doubt, whatever the policy

  friend bool operator==(const Lease&, const Lease&) = default;
};

// nullopt: the key is not in progress.
std::optional<Lease> LeaseOf(const storage::Record& record);

// One thread at a time, but for in_doubt().
class SilentOwners {
 public:
  // `policies` must outlive it.
  explicit SilentOwners(const PolicyTable& policies) : policies_(policies), generation_(policies.generation()) {}

  // A key of the namespace had the one lease, and now has the other.
  void Replace(const std::string& ns, const std::optional<Lease>& before, const std::optional<Lease>& after);

  // Counts what has lapsed at `now`, under the policies in force.
  void Look(storage::Time now);

  // As of the last Look, without the keys that were asked about or settled since.
  size_t in_doubt() const { return in_doubt_.load(std::memory_order_relaxed); }

 private:
  using ByEffects = std::array<size_t, 2>;  // keys, by whether effects began

  struct Namespace {
    bool lapse_is_doubt = false;  // by its policy, as last looked at
    size_t leases = 0;            // in all; 0: it is forgotten
    ByEffects lapsed{};

    size_t in_doubt() const { return lapsed[true] + (lapse_is_doubt ? lapsed[false] : 0); }
  };
  using Running = absl::btree_map<std::pair<int64_t, Namespace*>, ByEffects>;

  void Add(Namespace& ns, const Lease& lease);
  void Remove(Namespace& ns, const Lease& lease);
  void FollowPolicies();
  bool IsInDoubtByLapse(std::string_view ns) const;

  const PolicyTable& policies_;

  uint64_t generation_;    // of the policies that lapse_is_doubt rests on
  int64_t looked_at_ = 0;  // leases that end by this second are counted as lapsed, all others as running
  absl::node_hash_map<std::string, Namespace> namespaces_;
  Running running_;
  std::atomic<size_t> in_doubt_{0};
};

}  // namespace semel::engine

#endif  // SEMEL_SERVER_ENGINE_SILENT_OWNERS_H_
