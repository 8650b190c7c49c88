#include "storage/rocksdb/open_set.h"

#include <algorithm>

namespace semel::storage {

OpenSet::OldestFirst::OldestFirst(const OpenSet& set)
    : set_(set), written_(set.by_version_.lower_bound(set.written_from_)), rewritten_(set.rewritten_.begin()) {}

bool OpenSet::OldestFirst::AtRewritten() const {
  if (rewritten_ == set_.rewritten_.end()) return false;
  return written_ == set_.by_version_.end() || rewritten_->first < written_->first;
}

OpenSet::Node* OpenSet::OldestFirst::node() const {
  if (AtRewritten()) return rewritten_->second;
  return written_ == set_.by_version_.end() ? nullptr : written_->second;
}

void OpenSet::OldestFirst::Next() { AtRewritten() ? ++rewritten_ : ++written_; }

const OpenSet::Entry* OpenSet::Find(const Key& key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : &found->second;
}

void OpenSet::Put(const Key& key, const Record& record, uint64_t position) {
  const auto [found, added] = by_key_.try_emplace(key);
  Entry& entry = found->second;
  if (!added) Unlink(key, entry);
  entry.record = record;
  entry.record.version = position;
  entry.position = position;
  by_version_.emplace_hint(by_version_.end(), position, &*found);
  Count(key, record, +1);
}

void OpenSet::Rewrite(Node& node, uint64_t position) {
  Entry& entry = node.second;
  rewritten_.erase(entry.position);
  written_from_ = std::max(written_from_, entry.record.version + 1);
  entry.position = position;
  rewritten_.emplace_hint(rewritten_.end(), position, &node);
}

void OpenSet::Erase(const Key& key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return;
  Unlink(key, found->second);
  by_key_.erase(found);
}

void OpenSet::Unlink(const Key& key, const Entry& entry) {
  Count(key, entry.record, -1);
  by_version_.erase(entry.record.version);
  if (entry.position != entry.record.version) rewritten_.erase(entry.position);
}

void OpenSet::Count(const Key& key, const Record& record, int64_t sign) {
  auto& keys = record.state == State::kInDoubt ? in_doubt_ : in_progress_;
  keys.fetch_add(sign, std::memory_order_relaxed);
  bytes_.fetch_add(sign * static_cast<int64_t>(ContentBytes(key, record)), std::memory_order_relaxed);
}

OpenStats OpenSet::Stats() const {
  return {.in_progress = static_cast<size_t>(in_progress_.load(std::memory_order_relaxed)),
          .in_doubt = static_cast<size_t>(in_doubt_.load(std::memory_order_relaxed)),
          .bytes = static_cast<size_t>(bytes_.load(std::memory_order_relaxed))};
}

}  // namespace semel::storage
