#include "storage/rocksdb/inspection.h"

#include <rocksdb/sst_file_reader.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "storage/record_codec.h"

namespace semel::storage {
namespace {

constexpr size_t kPayloadKeyPrefix = 16;  // expiry and token, before the key

std::string Named(const Key& key) { return absl::CEscape(absl::StrCat(key.ns, "/", key.name)); }

rocksdb::ReadOptions Once() {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = false;
  options.readahead_size = 1 << 20;
  return options;
}

const Result* DetachedResult(const Record& record) {
  const auto* result = std::get_if<Result>(&record.outcome);
  return result != nullptr && result->payload_detached ? result : nullptr;
}

}  // namespace

void AddFinding(DatabaseReport& report, std::string finding) {
  if (++report.findings_in_all <= DatabaseReport::kMostFindings) report.findings.push_back(std::move(finding));
}

Inspection::Inspection(const Database& database, Time now, DatabaseReport& report)
    : database_(database), now_(now), report_(report) {
  database_->GetLiveFilesMetaData(&files_);
}

void Inspection::Run() {
  ReadMarks();
  CheckTables();
  ReadJournal();
  ReadSettled();
  CountOpen();
  ReadPayloads();
  if (found_payloads_ != owed_payloads_) FindMissingPayloads();
}

void Inspection::ReadMarks() {
  const absl::StatusOr<ClockMark> mark = database_.ReadMark();
  const absl::StatusOr<uint64_t> trimmed = database_.ReadTrimmed();
  if (!mark.ok()) Find(absl::StrCat("the clock mark: ", mark.status().message()));
  if (!trimmed.ok()) Find(absl::StrCat("the journal's beginning: ", trimmed.status().message()));
  report_.mark = mark.value_or(ClockMark{});
  trimmed_ = trimmed.value_or(0);
}

// Each for itself, so that one damaged table does not hide the next.
void Inspection::CheckTables() {
  for (const rocksdb::LiveFileMetaData& file : files_) {
    const std::string path = file.db_path + file.name;
    rocksdb::SstFileReader table{rocksdb::Options()};
    rocksdb::Status status = table.Open(path);
    if (status.ok()) status = table.VerifyChecksum(Once());
    if (!status.ok()) Find(absl::StrCat(path, ": ", status.ToString()));
  }
}

void Inspection::ReadJournal() {
  const std::unique_ptr<rocksdb::Iterator> it(database_->NewIterator(Once(), database_.open()));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    const absl::StatusOr<uint64_t> position = DecodePosition(it->key().ToStringView());
    if (!position.ok()) {
      Find(absl::StrCat("journal: an entry under no position: ", absl::CHexEscape(it->key().ToString())));
      continue;
    }
    const std::string what = absl::StrCat("journal entry ", *position);
    if (*position < trimmed_) Find(absl::StrCat(what, " lies before ", trimmed_, ", where the journal was cut"));
    const absl::StatusOr<std::pair<Key, Record>> entry = DecodeOpen(it->value().ToStringView());
    if (!entry.ok()) {
      Find(absl::StrCat(what, ": ", entry.status().message(), Whereabouts(database_.open(), it->key())));
      continue;
    }
    const auto& [key, record] = *entry;
    ++report_.journal_entries;
    CheckMark(absl::StrCat(what, " of ", Named(key)), *position, record);
    open_[key] = {.position = *position, .state = record.state};
    Seen(record.create_time, record.lease_start);
  }
  FindReading("the journal", it->status());
}

void Inspection::ReadSettled() {
  const std::unique_ptr<rocksdb::Iterator> it(database_->NewIterator(Once(), database_.settled()));
  for (it->SeekToFirst(); it->Valid(); it->Next()) ReadSettledRecord(it->key(), it->value());
  FindReading("the settled records", it->status());
}

void Inspection::ReadSettledRecord(const rocksdb::Slice& encoded_key, const rocksdb::Slice& value) {
  const absl::StatusOr<Key> key = DecodeKey(encoded_key.ToStringView());
  if (!key.ok()) {
    Find(absl::StrCat("a settled record under no key: ", absl::CHexEscape(encoded_key.ToString())));
    return;
  }
  const absl::StatusOr<Record> record = DecodeSettled(value.ToStringView());
  if (!record.ok()) {
    Find(absl::StrCat("settled record of ", Named(*key), ": ", record.status().message(),
                      Whereabouts(database_.settled(), encoded_key)));
    return;
  }
  CheckMark(absl::StrCat("settled record of ", Named(*key)), record->version, *record);
  Seen(record->create_time, record->complete_time);
  const auto open = open_.find(*key);
  if (open != open_.end() && open->second.position > record->version) return;  // begun again since
  if (open != open_.end()) open_.erase(open);
  if (record->state == State::kDone) ++report_.done;
  if (record->state == State::kFailed) ++report_.failed;
  if (record->state == State::kVacant) ++report_.vacant;
  if (DetachedResult(*record) != nullptr && record->result_expire_time > now_) ++owed_payloads_;
}

void Inspection::CountOpen() {
  for (const auto& [key, open] : open_) ++(open.state == State::kInDoubt ? report_.in_doubt : report_.in_progress);
}

// By the payloads, so that each is read once. Whether one is missing is told by their number.
void Inspection::ReadPayloads() {
  const std::unique_ptr<rocksdb::Iterator> it(database_->NewIterator(Once(), database_.payload()));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    ++report_.payloads;
    report_.payload_bytes += it->value().size();
    ReadPayload(it->key().ToString(), it->value().size());
  }
  FindReading("the payloads", it->status());
}

void Inspection::ReadPayload(const std::string& payload_key, uint64_t size) {
  const std::optional<Time> expire_time = PayloadExpireTime(payload_key);
  if (!expire_time || payload_key.size() < kPayloadKeyPrefix) {
    Find(absl::StrCat("a payload under no payload key: ", absl::CHexEscape(payload_key)));
    return;
  }
  if (*expire_time <= now_) return;  // its record may be gone
  const std::string encoded_key = payload_key.substr(kPayloadKeyPrefix);
  const absl::StatusOr<Key> key = DecodeKey(encoded_key);
  std::string value;
  const rocksdb::Status status = database_->Get(Once(), database_.settled(), encoded_key, &value);
  if (status.IsCorruption()) return;  // found among the settled records
  const absl::StatusOr<Record> record = status.ok() ? DecodeSettled(value) : absl::NotFoundError("no record");
  if (status.ok() && !record.ok()) return;  // the same
  const Result* result = record.ok() ? DetachedResult(*record) : nullptr;
  const bool is_its =
      key.ok() && result != nullptr && EncodePayloadKey(*key, record->result_expire_time, record->token) == payload_key;
  if (!is_its) {
    Find(absl::StrCat("a payload of ", key.ok() ? Named(*key) : absl::CHexEscape(encoded_key),
                      " that belongs to no record"));
  } else if (result->payload_size != size) {
    Find(absl::StrCat("the payload of ", Named(*key), " has ", size, " bytes, its record says ", result->payload_size));
  }
  if (is_its && !open_.contains(*key)) ++found_payloads_;
}

void Inspection::FindMissingPayloads() {
  const std::unique_ptr<rocksdb::Iterator> it(database_->NewIterator(Once(), database_.settled()));
  std::string payload;
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    const absl::StatusOr<Key> key = DecodeKey(it->key().ToStringView());
    const absl::StatusOr<Record> record = DecodeSettled(it->value().ToStringView());
    if (!key.ok() || !record.ok() || open_.contains(*key)) continue;
    if (DetachedResult(*record) == nullptr || record->result_expire_time <= now_) continue;
    const rocksdb::Status status = database_->Get(
        Once(), database_.payload(), EncodePayloadKey(*key, record->result_expire_time, record->token), &payload);
    if (!status.ok()) Find(absl::StrCat("the payload of ", Named(*key), " cannot be read: ", status.ToString()));
  }
}

// No position and no token at or above the mark was ever given out (Clock, OpenJournal).
void Inspection::CheckMark(const std::string& what, uint64_t position, const Record& record) {
  const int64_t high_water = Micros(report_.mark.high_water);
  if (static_cast<int64_t>(position) >= high_water || record.token >= high_water) {
    Find(absl::StrCat(what, " has position ", position, " and token ", record.token, ", not below the clock mark ",
                      high_water));
  }
}

void Inspection::Seen(Time first, Time last) {
  report_.oldest = std::min(report_.oldest.value_or(first), first);
  report_.newest = std::max(report_.newest.value_or(last), last);
}

void Inspection::FindReading(const char* what, const rocksdb::Status& status) {
  if (!status.ok()) Find(absl::StrCat("cannot read ", what, " to their end: ", status.ToString()));
}

std::string Inspection::Whereabouts(rocksdb::ColumnFamilyHandle* family, const rocksdb::Slice& key) const {
  std::string names;
  for (const rocksdb::LiveFileMetaData& file : files_) {
    if (file.column_family_name != family->GetName()) continue;
    if (key.compare(file.smallestkey) < 0 || key.compare(file.largestkey) > 0) continue;
    absl::StrAppend(&names, file.db_path, file.name, ", ");
  }
  return absl::StrCat(" (in ", names, "or a log)");
}

}  // namespace semel::storage
