#include "server/engine/silent_owners.h"

#include <chrono>
#include <string_view>

namespace semel::engine {

std::optional<Lease> LeaseOf(const storage::Record& record) {
  if (record.state != storage::State::kInProgress) return std::nullopt;
  const auto end = std::chrono::ceil<std::chrono::seconds>(storage::LeaseEnd(record));
  return Lease{.end_second = end.time_since_epoch().count(), .effects_began = record.effects_began};
}

void SilentOwners::Replace(const std::string& ns, const std::optional<Lease>& before,
                           const std::optional<Lease>& after) {
  if (before == after) return;
  const auto [found, fresh] = namespaces_.try_emplace(ns);
  Namespace& counts = found->second;
  if (fresh) counts.lapse_is_doubt = IsInDoubtByLapse(ns);
  const size_t in_doubt_before = counts.in_doubt();
  if (after) Add(counts, *after);
  if (before) Remove(counts, *before);
  in_doubt_.fetch_add(counts.in_doubt() - in_doubt_before, std::memory_order_relaxed);
  if (counts.leases == 0) namespaces_.erase(found);
}

void SilentOwners::Add(Namespace& ns, const Lease& lease) {
  ++ns.leases;
  ++(lease.end_second <= looked_at_ ? ns.lapsed : running_[{lease.end_second, &ns}])[lease.effects_began];
}

void SilentOwners::Remove(Namespace& ns, const Lease& lease) {
  --ns.leases;
  if (lease.end_second <= looked_at_) {
    --ns.lapsed[lease.effects_began];
    return;
  }
  const auto running = running_.find({lease.end_second, &ns});
  --running->second[lease.effects_began];
  if (running->second == ByEffects{}) running_.erase(running);
}

void SilentOwners::Look(storage::Time now) {
  if (policies_.generation() != generation_) FollowPolicies();
  looked_at_ = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  size_t more = 0;
  auto running = running_.begin();
  for (; running != running_.end() && running->first.first <= looked_at_; ++running) {
    Namespace& ns = *running->first.second;
    const size_t before = ns.in_doubt();
    for (bool effects_began : {false, true}) ns.lapsed[effects_began] += running->second[effects_began];
    more += ns.in_doubt() - before;
  }
  running_.erase(running_.begin(), running);
  in_doubt_.fetch_add(more, std::memory_order_relaxed);
}

// Read before the policies are: what is put in force meanwhile is followed by the next Look.
void SilentOwners::FollowPolicies() {
  generation_ = policies_.generation();
  size_t in_doubt = 0;
  for (auto& [name, ns] : namespaces_) {
    ns.lapse_is_doubt = IsInDoubtByLapse(name);
    in_doubt += ns.in_doubt();
  }
  in_doubt_.store(in_doubt, std::memory_order_relaxed);
}

bool SilentOwners::IsInDoubtByLapse(std::string_view ns) const {
  return policies_.For(ns).policy().on_lapse == LapsePolicy::kInDoubt;
}

}  // namespace semel::engine
