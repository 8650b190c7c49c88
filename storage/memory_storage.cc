#include "storage/memory_storage.h"

#include <algorithm>
#include <string_view>
#include <variant>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace semel::storage {
namespace {

// A cursor names the record that its page ended with: the family, then the key there.
constexpr char kOpenCursor = 'o';
constexpr char kSettledCursor = 's';

struct Cursor {
  uint64_t open_after = 0;
  bool open_done = false;
  std::string settled_after;
};

absl::StatusOr<Cursor> ParseCursor(std::string_view cursor) {
  if (cursor.empty()) return Cursor{};
  const std::string_view key = cursor.substr(1);
  if (cursor.front() == kSettledCursor) return Cursor{.open_done = true, .settled_after = std::string(key)};
  absl::StatusOr<uint64_t> position = DecodePosition(key);
  if (cursor.front() != kOpenCursor || !position.ok()) {
    return absl::InvalidArgumentError("the cursor is not one that a scan returned");
  }
  return Cursor{.open_after = *position};
}

bool Matches(const ScanRequest& request, const Key& key) {
  return request.ns.empty() || (key.ns == request.ns && key.name.starts_with(request.name_prefix));
}

size_t ContentBytes(const Key& key, const Record& record) {
  return key.ns.size() + key.name.size() + record.fingerprint.size() + record.owner.size() + record.checkpoint.size();
}

// The latest instant that a commit rests on: its own, or that of a token which ran ahead of it.
Time Reached(absl::Span<const Mutation> mutations, Time now) {
  for (const Mutation& mutation : mutations) now = std::max(now, FromMicros(mutation.record.token));
  return now;
}

// When Maintain has to look at a settled record next.
Time DueTime(std::string_view value) {
  const SettledHeader header = *PeekSettled(value);
  return header.stripped ? header.key_expire_time : std::min(header.result_expire_time, header.key_expire_time);
}

bool KeysAreDistinct(absl::Span<const Mutation> mutations) {
  absl::flat_hash_set<std::pair<std::string_view, std::string_view>> seen;
  return std::all_of(mutations.begin(), mutations.end(),
                     [&](const Mutation& mutation) { return seen.emplace(mutation.key.ns, mutation.key.name).second; });
}

}  // namespace

MemoryStorage::MemoryStorage(const TimeSource& time, std::shared_ptr<MemoryDisk> disk, size_t inline_payload_bytes)
    : disk_(std::move(disk)),
      inline_payload_bytes_(inline_payload_bytes),
      clock_(time, disk_->mark),
      health_(Recover()) {}

absl::Status MemoryStorage::Recover() {
  for (const auto& [position, value] : disk_->open) {
    auto entry = DecodeOpen(value);
    if (!entry.ok()) return entry.status();
    auto& [key, record] = *entry;
    record.version = position;
    RememberOpen(key, record);
  }
  for (const auto& [encoded_key, value] : disk_->settled) {
    if (auto record = DecodeSettled(value); !record.ok()) return record.status();
    RememberDue(encoded_key, value);
  }
  return absl::OkStatus();
}

absl::Status MemoryStorage::Load(absl::Span<const Key* const> keys, std::vector<std::optional<Record>>& records) {
  std::lock_guard lock(mutex_);
  if (!health_.ok()) return health_;
  records.clear();
  records.reserve(keys.size());
  for (const Key* key : keys) {
    auto record = Read(*key);
    if (!record.ok()) return record.status();
    records.push_back(*std::move(record));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<Record>> MemoryStorage::Read(const Key& key) const {
  if (auto open = open_.find(key); open != open_.end()) {
    auto entry = DecodeOpen(disk_->open.at(open->second.position));
    if (!entry.ok()) return entry.status();
    entry->second.version = open->second.position;
    return std::move(entry->second);
  }
  auto settled = disk_->settled.find(EncodeKey(key));
  if (settled == disk_->settled.end()) return std::nullopt;
  return DecodeSettled(settled->second);
}

absl::StatusOr<std::string> MemoryStorage::LoadPayload(const Key& key, const Record& record) {
  std::lock_guard lock(mutex_);
  if (!health_.ok()) return health_;
  const auto* result = std::get_if<Result>(&record.outcome);
  if (result == nullptr) return absl::InvalidArgumentError("the record holds no result");
  if (!result->payload_detached) return result->payload;
  if (clock_.Now() >= record.result_expire_time) return absl::NotFoundError("the payload's retention is over");
  auto payload = disk_->payloads.find(EncodePayloadKey(key, record.result_expire_time, record.token));
  if (payload == disk_->payloads.end()) return absl::DataLossError("the payload is missing");
  return payload->second;
}

absl::StatusOr<CommitTimes> MemoryStorage::Commit(absl::Span<const Mutation> mutations, Time now) {
  std::lock_guard lock(mutex_);
  if (!health_.ok()) return health_;
  if (!KeysAreDistinct(mutations)) return health_ = absl::InternalError("a commit names a key twice");
  for (const Mutation& mutation : mutations) {
    const uint64_t version = VersionOf(mutation.key);
    // What Maintain dropped between a caller's Load and its Commit was past its time: that is no conflict.
    const bool dropped = version == 0 && mutation.expected_version <= disk_->dropped;
    if (dropped || version == mutation.expected_version) continue;
    return absl::AbortedError(absl::StrCat("the record has version ", version, ", not ", mutation.expected_version));
  }
  const Time reached = Reached(mutations, now);
  const bool mark_due = clock_.MustMark(reached);
  if (mutations.empty() && !mark_due) return CommitTimes{};

  const std::optional<CommitFault> fault = std::exchange(fault_, std::nullopt);
  if (fault) health_ = absl::UnavailableError("the sync of a commit failed, its outcome is unknown");
  if (fault == CommitFault::kNothingWritten) return health_;
  if (mark_due) {
    disk_->mark = clock_.NextMark(reached, now);
    clock_.Marked(disk_->mark);
  }
  for (const Mutation& mutation : mutations) Write(mutation);
  if (!health_.ok()) return health_;
  return CommitTimes{};
}

uint64_t MemoryStorage::VersionOf(const Key& key) const {
  if (auto open = open_.find(key); open != open_.end()) return open->second.position;
  auto settled = disk_->settled.find(EncodeKey(key));
  return settled == disk_->settled.end() ? 0 : PeekSettled(settled->second)->version;
}

void MemoryStorage::Write(const Mutation& mutation) {
  const std::string encoded_key = EncodeKey(mutation.key);
  if (auto open = open_.find(mutation.key); open != open_.end()) ForgetOpen(open);
  if (auto settled = disk_->settled.find(encoded_key); settled != disk_->settled.end()) ForgetSettled(settled);

  Record record = mutation.record;
  record.version = ++disk_->position;
  if (IsOpen(record)) {
    disk_->open[record.version] = EncodeOpen(mutation.key, record);
    RememberOpen(mutation.key, record);
    return;
  }
  auto* result = std::get_if<Result>(&record.outcome);
  if (result != nullptr && result->payload.size() > inline_payload_bytes_) {
    result->payload_size = result->payload.size();
    result->payload_detached = true;
    disk_->payloads[EncodePayloadKey(mutation.key, record.result_expire_time, record.token)] =
        std::move(result->payload);
  }
  std::string& value = disk_->settled[encoded_key] = EncodeSettled(record);
  RememberDue(encoded_key, value);
}

absl::StatusOr<ScanPage> MemoryStorage::Scan(const ScanRequest& request) {
  std::lock_guard lock(mutex_);
  if (!health_.ok()) return health_;
  absl::StatusOr<Cursor> cursor = ParseCursor(request.cursor);
  if (!cursor.ok()) return cursor.status();
  const size_t limit = std::max<size_t>(request.limit, 1);
  const size_t most_examined = std::max<size_t>(request.most_examined, 1);
  ScanPage page;
  size_t examined = 0;
  const auto full = [&] { return page.records.size() >= limit || examined >= most_examined; };

  // next_cursor follows the last record looked at, and is kept only when one more turns up that has no room.
  if (!cursor->open_done && !request.settled_only) {
    for (auto it = disk_->open.upper_bound(cursor->open_after); it != disk_->open.end(); ++it, ++examined) {
      if (full()) return page;
      page.next_cursor = kOpenCursor + EncodePosition(it->first);
      auto entry = DecodeOpen(it->second);
      if (!entry.ok()) return entry.status();
      if (!Matches(request, entry->first)) continue;
      entry->second.version = it->first;
      page.records.push_back(*std::move(entry));
    }
  }
  const std::string prefix = request.ns.empty() ? "" : EncodeKeyPrefix(request.ns, request.name_prefix);
  auto it = cursor->settled_after.empty() ? disk_->settled.lower_bound(prefix)
                                          : disk_->settled.upper_bound(cursor->settled_after);
  for (; !request.open_only && it != disk_->settled.end() && it->first.starts_with(prefix); ++it, ++examined) {
    if (full()) return page;
    page.next_cursor = kSettledCursor + it->first;
    if (PeekSettled(it->second)->state == State::kVacant) continue;
    auto key = DecodeKey(it->first);
    auto record = DecodeSettled(it->second);
    if (!key.ok()) return key.status();
    if (!record.ok()) return record.status();
    page.records.emplace_back(*std::move(key), *std::move(record));
  }
  page.next_cursor.clear();
  return page;
}

absl::Status MemoryStorage::Maintain(Time now) {
  std::lock_guard lock(mutex_);
  if (!health_.ok()) return health_;
  while (!due_.empty() && due_.begin()->first <= now) {
    auto entry = disk_->settled.find(due_.begin()->second);
    auto record = DecodeSettled(entry->second);
    if (!record.ok()) return record.status();
    const std::string encoded_key = entry->first;
    ForgetSettled(entry);
    if (now >= record->key_expire_time) {
      disk_->dropped = std::max(disk_->dropped, record->version);
      continue;
    }
    StripOutcome(*record);
    std::string& value = disk_->settled[encoded_key] = EncodeSettled(*record);
    RememberDue(encoded_key, value);
  }
  auto& payloads = disk_->payloads;
  while (!payloads.empty() && *PayloadExpireTime(payloads.begin()->first) <= now) payloads.erase(payloads.begin());
  return absl::OkStatus();
}

absl::Status MemoryStorage::Health() const {
  std::lock_guard lock(mutex_);
  return health_;
}

OpenStats MemoryStorage::Open() const {
  std::lock_guard lock(mutex_);
  return open_stats_;
}

std::vector<Property> MemoryStorage::Properties() const {
  std::lock_guard lock(mutex_);
  return {{"memory_settled_records", static_cast<double>(disk_->settled.size()), false},
          {"memory_writes", static_cast<double>(disk_->position), true}};
}

void MemoryStorage::FailNextCommit(CommitFault fault) {
  std::lock_guard lock(mutex_);
  fault_ = fault;
}

void MemoryStorage::RememberOpen(const Key& key, const Record& record) {
  const OpenKey& open = open_[key] = {
      .position = record.version, .in_doubt = record.state == State::kInDoubt, .bytes = ContentBytes(key, record)};
  ++(open.in_doubt ? open_stats_.in_doubt : open_stats_.in_progress);
  open_stats_.bytes += open.bytes;
}

void MemoryStorage::ForgetOpen(OpenKeys::iterator entry) {
  const OpenKey& open = entry->second;
  --(open.in_doubt ? open_stats_.in_doubt : open_stats_.in_progress);
  open_stats_.bytes -= open.bytes;
  disk_->open.erase(open.position);
  open_.erase(entry);
}

void MemoryStorage::RememberDue(const std::string& encoded_key, const std::string& value) {
  due_.emplace(DueTime(value), encoded_key);
}

void MemoryStorage::ForgetSettled(SettledFamily::iterator entry) {
  due_.erase({DueTime(entry->second), entry->first});
  disk_->settled.erase(entry);
}

}  // namespace semel::storage
