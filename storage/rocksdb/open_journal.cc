#include "storage/rocksdb/open_journal.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/record_codec.h"

namespace semel::storage {
namespace {

constexpr size_t kFixedBytes = 96;  // of an encoded open record, beside its texts; about
constexpr size_t kMilestones = 64;  // in a journal of the minimal length: how finely its length is known
constexpr size_t kReadTogether = 256;

size_t EntryBytes(const Key& key, const Record& record) { return kFixedBytes + OpenSet::ContentBytes(key, record); }

rocksdb::Slice Slice(const std::string& bytes) { return {bytes}; }

}  // namespace

absl::Status OpenJournal::Recover(uint64_t last) {
  absl::StatusOr<uint64_t> trimmed = database_.ReadTrimmed();
  if (!trimmed.ok()) return trimmed.status();
  trimmed_ = *trimmed;
  last_ = std::max(last, *trimmed);
  if (absl::Status status = ReadEntries(); !status.ok()) return status;
  // Unknown, so taken for the worst: the first trim in quiet times goes as far as it can.
  last_settled_ = last_;
  return DropSettled();
}

// Later entries of a key take the place of earlier ones.
absl::Status OpenJournal::ReadEntries() {
  rocksdb::ReadOptions once;
  once.fill_cache = false;
  once.readahead_size = 1 << 20;
  const std::unique_ptr<rocksdb::Iterator> it(database_->NewIterator(once, database_.open()));
  for (it->Seek(EncodePosition(trimmed())); it->Valid(); it->Next()) {
    absl::StatusOr<uint64_t> position = DecodePosition(it->key().ToStringView());
    if (!position.ok()) return position.status();
    absl::StatusOr<std::pair<Key, Record>> entry = DecodeOpen(it->value().ToStringView());
    if (!entry.ok()) {
      return absl::Status(entry.status().code(),
                          absl::StrCat("journal entry ", *position, ": ", entry.status().message()));
    }
    Apply(entry->first, entry->second, *position);
  }
  return FromRocksDb(it->status(), "cannot read the journal");
}

// In order of the keys, so that neighbours share the blocks that are read for them.
absl::Status OpenJournal::DropSettled() {
  std::vector<std::pair<std::string, const OpenSet::Node*>> candidates;
  candidates.reserve(open_.size());
  for (const auto& [version, node] : open_.by_version()) candidates.emplace_back(EncodeKey(node->first), node);
  std::sort(candidates.begin(), candidates.end());

  std::vector<rocksdb::Slice> keys(kReadTogether);
  std::vector<rocksdb::PinnableSlice> values(kReadTogether);
  std::vector<rocksdb::Status> statuses(kReadTogether);
  for (size_t begin = 0; begin < candidates.size(); begin += kReadTogether) {
    const size_t count = std::min(kReadTogether, candidates.size() - begin);
    for (size_t i = 0; i < count; ++i) keys[i] = candidates[begin + i].first;
    database_->MultiGet({}, database_.settled(), count, keys.data(), values.data(), statuses.data(),
                        /*sorted_input=*/true);
    for (size_t i = 0; i < count; ++i) {
      if (statuses[i].IsNotFound()) continue;
      if (!statuses[i].ok()) return FromRocksDb(statuses[i], "cannot read what settled the journal's keys");
      absl::StatusOr<Record> settled = DecodeSettled(values[i].ToStringView());
      if (!settled.ok()) return settled.status();
      const OpenSet::Node& node = *candidates[begin + i].second;
      if (settled->version > node.second.position) open_.Erase(Key(node.first));
      values[i].Reset();
    }
  }
  return absl::OkStatus();
}

uint64_t OpenJournal::NextPosition(Time now) const {
  return std::max(last_ + 1, static_cast<uint64_t>(std::max<int64_t>(Micros(now), 0)));
}

OpenJournal::Trim OpenJournal::PlanShorter(Time now) const {
  const uint64_t most_entries = std::max<uint64_t>(options_.trim_min_entries, 4 * open_.size());
  const uint64_t alive_bytes = open_.Stats().bytes + kFixedBytes * open_.size();
  const uint64_t most_bytes = std::max<uint64_t>(options_.trim_min_bytes, 4 * alive_bytes);
  if (entries_ - start_.entries <= most_entries && bytes_ - start_.bytes <= most_bytes) return {};
  // To half of what is allowed, so that the next cut is some way off.
  const auto enough = std::find_if(milestones_.begin(), milestones_.end(), [&](const Milestone& milestone) {
    return entries_ - milestone.entries <= most_entries / 2 && bytes_ - milestone.bytes <= most_bytes / 2;
  });
  return Plan(enough == milestones_.end() ? last_ + 1 : enough->position, options_.trim_batch_entries, now);
}

OpenJournal::Trim OpenJournal::PlanPastSettled(Time now) const {
  if (trimmed() > last_settled_) return {};
  // A share of the whole, so that however many there are, settled records do not wait for hours.
  return Plan(last_settled_ + 1, std::max(options_.trim_batch_entries, open_.size() / 256), now);
}

OpenJournal::Trim OpenJournal::Plan(uint64_t until, size_t most_stragglers, Time now) const {
  Trim trim{.first_position = NextPosition(now)};
  size_t bytes = 0;
  OpenSet::OldestFirst oldest(open_);
  for (; oldest.node() != nullptr && oldest.node()->second.position < until; oldest.Next()) {
    if (trim.stragglers.size() >= most_stragglers || bytes >= options_.trim_batch_bytes) break;
    bytes += EntryBytes(oldest.node()->first, oldest.node()->second.record);
    trim.stragglers.push_back(oldest.node());
  }
  const uint64_t below = oldest.node() == nullptr ? last_ + 1 : oldest.node()->second.position;
  if (below > trimmed()) trim.below = below;
  return trim;
}

void OpenJournal::Stage(const Trim& trim, rocksdb::WriteBatch& batch) const {
  if (trim.below == 0) return;
  const std::string begin = EncodePosition(trimmed());
  const std::string end = EncodePosition(trim.below);
  batch.DeleteRange(database_.open(), Slice(begin), Slice(end));
  database_.PutTrimmed(batch, trim.below);
  uint64_t position = trim.first_position;
  for (const OpenSet::Node* node : trim.stragglers) Stage(node->first, node->second.record, position++, batch);
}

void OpenJournal::Stage(const Key& key, const Record& record, uint64_t position, rocksdb::WriteBatch& batch) const {
  const std::string entry_key = EncodePosition(position);
  const std::string entry = EncodeOpen(key, record);
  batch.Put(database_.open(), Slice(entry_key), Slice(entry));
}

void OpenJournal::Apply(const Trim& trim) {
  if (trim.below == 0) return;
  uint64_t position = trim.first_position;
  for (OpenSet::Node* node : trim.stragglers) {
    Appended(node->first, node->second.record, position);
    open_.Rewrite(*node, position++);
  }
  CutAt(trim.below);
}

void OpenJournal::Apply(const Key& key, const Record& record, uint64_t position) {
  Appended(key, record, position);
  open_.Put(key, record, position);
}

void OpenJournal::ApplySettled(const Key& key, uint64_t position) {
  open_.Erase(key);
  last_ = std::max(last_, position);
  last_settled_ = position;
}

void OpenJournal::Appended(const Key& key, const Record& record, uint64_t position) {
  const uint64_t entries_apart = std::max<uint64_t>(options_.trim_min_entries / kMilestones, 1);
  const uint64_t bytes_apart = std::max<uint64_t>(options_.trim_min_bytes / kMilestones, 1);
  if (milestones_.empty() || entries_ - milestones_.back().entries >= entries_apart ||
      bytes_ - milestones_.back().bytes >= bytes_apart) {
    milestones_.push_back({.position = position, .entries = entries_, .bytes = bytes_});
  }
  ++entries_;
  bytes_ += EntryBytes(key, record);
  last_ = std::max(last_, position);
  length_.store(entries_ - start_.entries, std::memory_order_relaxed);
}

// The last one that is not above `position`, or where writing stands.
OpenJournal::Milestone OpenJournal::MilestoneAt(uint64_t position) const {
  const auto above = std::upper_bound(milestones_.begin(), milestones_.end(), position,
                                      [](uint64_t p, const Milestone& milestone) { return p < milestone.position; });
  if (above != milestones_.begin()) return *std::prev(above);
  if (!milestones_.empty()) return milestones_.front();
  return {.position = position, .entries = entries_, .bytes = bytes_};
}

void OpenJournal::CutAt(uint64_t position) {
  trimmed_.store(position, std::memory_order_relaxed);
  while (!milestones_.empty() && milestones_.front().position < position &&
         (milestones_.size() == 1 ? position > last_ : milestones_[1].position <= position)) {
    milestones_.pop_front();
  }
  start_ = MilestoneAt(position);
  length_.store(entries_ - start_.entries, std::memory_order_relaxed);
}

}  // namespace semel::storage
