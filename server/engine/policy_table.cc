#include "server/engine/policy_table.h"

#include <algorithm>
#include <cstdlib>
#include <functional>

#include "absl/strings/str_cat.h"

namespace semel::engine {

PolicyTable::PolicyTable(const Policy& fallback, const PoliciesByName& named) {
  {
    absl::MutexLock lock(&mutex_);
    fallback_ = &entries_.emplace_back(*this, std::string(kOtherLabel), 0, Keep(fallback));
  }
  // More than a configuration can hold: whoever made it did not go by its bounds.
  if (!Replace(fallback, named).ok()) std::abort();
}

const PolicyTable::Entry& PolicyTable::For(std::string_view ns) const {
  const Entry* entry = Find(ns);
  return entry == nullptr ? *fallback_ : *entry;
}

const PolicyTable::Entry* PolicyTable::Find(std::string_view ns) const {
  for (size_t at = std::hash<std::string_view>()(ns);; ++at) {
    const Entry* entry = slots_[at % kSlots].load(std::memory_order_acquire);
    if (entry == nullptr || entry->label == ns) return entry;
  }
}

absl::Status PolicyTable::Replace(const Policy& fallback, const PoliciesByName& named) {
  absl::MutexLock lock(&mutex_);
  if (absl::Status status = CheckBounds(fallback, named); !status.ok()) return status;
  const Policy* otherwise = Keep(fallback);
  for (Entry& entry : entries_) {
    const auto listed = named.find(entry.label);
    entry.policy_.store(listed == named.end() ? otherwise : Keep(listed->second), std::memory_order_release);
  }
  for (const auto& [name, policy] : named) {
    if (Find(name) == nullptr) Insert(name, Keep(policy));
  }
  generation_.fetch_add(1, std::memory_order_release);
  return absl::OkStatus();
}

absl::Status PolicyTable::CheckBounds(const Policy& fallback, const PoliciesByName& named) const {
  size_t entries = entries_.size();
  std::vector<const Policy*> fresh;  // not seen before
  const auto count = [&](const Policy& policy) {
    const bool known = FindVersion(policy) != nullptr ||
                       std::any_of(fresh.begin(), fresh.end(), [&](const Policy* other) { return *other == policy; });
    if (!known) fresh.push_back(&policy);
  };
  count(fallback);
  for (const auto& [name, policy] : named) {
    if (Find(name) == nullptr) ++entries;
    count(policy);
  }
  if (entries > kMaxEntries) {
    return absl::ResourceExhaustedError(
        absl::StrCat("more than ", kMaxEntries - 1, " different namespaces were listed since the start: restart"));
  }
  if (versions_.size() + fresh.size() > kMaxVersions) {
    return absl::ResourceExhaustedError(
        absl::StrCat("more than ", kMaxVersions, " different policies were in force since the start: restart"));
  }
  return absl::OkStatus();
}

const Policy* PolicyTable::FindVersion(const Policy& policy) const {
  const auto found = std::find(versions_.begin(), versions_.end(), policy);
  return found == versions_.end() ? nullptr : &*found;
}

const Policy* PolicyTable::Keep(const Policy& policy) {
  const Policy* known = FindVersion(policy);
  return known != nullptr ? known : &versions_.emplace_back(policy);
}

void PolicyTable::Insert(const std::string& name, const Policy* policy) {
  const Entry& entry = entries_.emplace_back(*this, name, entries_.size(), policy);
  size_t at = std::hash<std::string_view>()(name);
  while (slots_[at % kSlots].load(std::memory_order_relaxed) != nullptr) ++at;
  slots_[at % kSlots].store(&entry, std::memory_order_release);
}

std::vector<const PolicyTable::Entry*> PolicyTable::Entries() const {
  std::vector<const Entry*> all;
  absl::MutexLock lock(&mutex_);
  for (const Entry& entry : entries_) all.push_back(&entry);
  std::sort(all.begin() + 1, all.end(), [](const Entry* a, const Entry* b) { return a->label < b->label; });
  return all;
}

}  // namespace semel::engine
