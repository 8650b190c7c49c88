// RocksDbStorage::Scan. A cursor is the phase, then where in it the page before ended: 'o' and a version, or 's'
// and an encoded key ("s" alone: at its start).

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "storage/record_codec.h"
#include "storage/rocksdb/rocksdb_storage.h"

namespace semel::storage {
namespace {

constexpr char kOpenPhase = 'o';
constexpr char kSettledPhase = 's';

size_t Limit(const ScanRequest& request) { return std::max<size_t>(request.limit, 1); }

bool Matches(const ScanRequest& request, const Key& key) {
  return request.ns.empty() || (key.ns == request.ns && key.name.starts_with(request.name_prefix));
}

}  // namespace

absl::StatusOr<ScanPage> RocksDbStorage::Scan(const ScanRequest& request) {
  if (latch_->failed()) return latch_->status();
  ScanPage page;
  size_t examined = 0;
  const std::string_view cursor = request.cursor;
  const std::string_view where = cursor.substr(std::min<size_t>(cursor.size(), 1));
  if (!request.settled_only && (cursor.empty() || cursor.front() == kOpenPhase)) {
    const absl::StatusOr<uint64_t> after = cursor.empty() ? 0 : DecodePosition(where);
    if (!after.ok()) return absl::InvalidArgumentError("not a cursor of a scan");
    if (ScanOpen(request, *after, examined, page) || request.open_only) return page;
  } else if (!cursor.empty() && cursor.front() != kSettledPhase) {
    return absl::InvalidArgumentError("not a cursor of a scan");
  }
  const bool in_settled = !cursor.empty() && cursor.front() == kSettledPhase;
  const absl::StatusOr<bool> full =
      ScanSettled(request, in_settled ? std::string(where) : std::string(), examined, page);
  if (!full.ok()) return full.status();
  return page;
}

bool RocksDbStorage::ScanOpen(const ScanRequest& request, uint64_t after, size_t& examined, ScanPage& page) const {
  const OpenSet::Ordered& open = journal_.open().by_version();
  const size_t most_examined = std::max<size_t>(request.most_examined, 1);
  for (auto entry = open.upper_bound(after); entry != open.end(); ++entry) {
    if (page.records.size() >= Limit(request) || examined++ >= most_examined) {
      page.next_cursor = kOpenPhase + EncodePosition(after);
      return true;
    }
    const auto& [key, value] = *entry->second;
    if (Matches(request, key)) page.records.emplace_back(key, value.record);
    after = entry->first;
  }
  return false;
}

absl::StatusOr<bool> RocksDbStorage::ScanSettled(const ScanRequest& request, const std::string& after, size_t& examined,
                                                 ScanPage& page) const {
  const std::string prefix = request.ns.empty() ? "" : EncodeKeyPrefix(request.ns, request.name_prefix);
  rocksdb::ReadOptions once;
  once.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> it((*database_)->NewIterator(once, database_->settled()));
  it->Seek(std::max(prefix, after));
  if (it->Valid() && !after.empty() && it->key() == after) it->Next();

  const size_t most_examined = std::max<size_t>(request.most_examined, 1);
  std::string last = after;
  for (; it->Valid() && it->key().starts_with(prefix); it->Next()) {
    if (page.records.size() >= Limit(request) || examined++ >= most_examined) {
      page.next_cursor = kSettledPhase + last;
      return true;
    }
    last.assign(it->key().data(), it->key().size());
    const std::optional<SettledHeader> header = PeekSettled(it->value().ToStringView());
    if (header && header->state == State::kVacant) continue;
    absl::StatusOr<Key> key = DecodeKey(last);
    if (!key.ok()) return key.status();
    if (journal_.open().Find(*key) != nullptr) continue;
    absl::StatusOr<Record> record = DecodeSettled(it->value().ToStringView());
    if (!record.ok()) return record.status();
    page.records.emplace_back(*std::move(key), *std::move(record));
  }
  if (!it->status().ok()) return FromRocksDb(it->status(), "cannot read the next page");
  return false;
}

}  // namespace semel::storage
