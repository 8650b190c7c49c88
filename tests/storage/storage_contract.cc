#include "tests/storage/storage_contract.h"

#include <algorithm>

namespace semel::storage {

std::ostream& operator<<(std::ostream& out, const Key& key) { return out << key.ns << "/" << key.name; }

std::ostream& operator<<(std::ostream& out, const Record& record) {
  static constexpr const char* kOutcomes[] = {"nothing", "a result", "a failure"};
  return out << "{state " << static_cast<int>(record.state) << ", token " << record.token << ", attempt "
             << record.attempt << ", version " << record.version << ", complete " << Micros(record.complete_time)
             << ", result expires " << Micros(record.result_expire_time) << ", key expires "
             << Micros(record.key_expire_time) << ", " << kOutcomes[record.outcome.index()] << "}";
}

std::optional<Record> StorageContract::Load(const Key& key) {
  const Key* keys[] = {&key};
  std::vector<std::optional<Record>> records;
  const absl::Status status = storage().Load(keys, records);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(records.size(), 1u);
  return records.size() == 1 ? records[0] : std::nullopt;
}

std::optional<Record> StorageContract::LoadWhole(const Key& key) {
  std::optional<Record> record = Load(key);
  if (!record) return record;
  EXPECT_GT(record->version, 0u) << "version 0 means that there is no record";
  auto* result = std::get_if<Result>(&record->outcome);
  if (result != nullptr && result->payload_detached) {
    EXPECT_EQ(result->payload, "");
    absl::StatusOr<std::string> payload = storage().LoadPayload(key, *record);
    if (payload.ok()) {
      EXPECT_EQ(payload->size(), result->payload_size);
      result->payload = *std::move(payload);
      result->payload_detached = false;
    }
  }
  record->version = 0;
  return record;
}

uint64_t StorageContract::VersionOf(const Key& key) {
  std::optional<Record> record = Load(key);
  return record ? record->version : 0;
}

uint64_t StorageContract::Put(const Key& key, Record record) {
  const absl::Status status =
      TryCommit({{.key = key, .expected_version = VersionOf(key), .record = std::move(record)}});
  EXPECT_TRUE(status.ok()) << status;
  return VersionOf(key);
}

absl::Status StorageContract::TryCommit(const std::vector<Mutation>& mutations) {
  return storage().Commit(mutations, Now()).status();
}

std::vector<std::pair<Key, Record>> StorageContract::ScanAll(ScanRequest request) {
  std::vector<std::pair<Key, Record>> all;
  do {
    absl::StatusOr<ScanPage> page = storage().Scan(request);
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok()) return all;
    EXPECT_LE(page->records.size(), request.limit);
    EXPECT_LE(page->records.size(), request.most_examined);
    EXPECT_TRUE(page->next_cursor.empty() || page->next_cursor != request.cursor) << "a page that leads nowhere";
    all.insert(all.end(), page->records.begin(), page->records.end());
    request.cursor = page->next_cursor;
  } while (!request.cursor.empty());
  return all;
}

std::vector<std::string> StorageContract::ScanNames(ScanRequest request) {
  std::vector<std::string> names;
  for (const auto& [key, record] : ScanAll(std::move(request))) names.push_back(key.name);
  return names;
}

}  // namespace semel::storage
