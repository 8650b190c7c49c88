#include "storage/rocksdb/rocksdb_storage.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/record_codec.h"
#include "storage/rocksdb/damage.h"
#include "storage/rocksdb/torn_log.h"

namespace semel::storage {
namespace {

uint64_t PositionOf(Time time) { return static_cast<uint64_t>(std::max<int64_t>(Micros(time), 0)); }

}  // namespace

struct RocksDbStorage::Parts {
  DataDirectory directory;
  std::shared_ptr<FailureLatch> latch;
  std::shared_ptr<ReclaimBounds> bounds;
  std::unique_ptr<Clock> clock;
  std::unique_ptr<Database> database;
};

absl::StatusOr<std::unique_ptr<Database>> RocksDbStorage::OpenDatabase(const RocksDbOptions& options,
                                                                       const Parts& parts) {
  const std::string path = parts.directory.database_path();
  const bool create = parts.directory.incomplete();
  if (absl::Status status = parts.directory.CheckSpace(); !status.ok()) return status;
  if (absl::Status status = CheckLogLengths(path); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<Database>> database = Database::Open(path, create, options, parts.bounds, parts.latch);
  if (create) return database;
  if (absl::IsDataLoss(database.status())) {
    const absl::StatusOr<std::vector<std::string>> mended = MendTornLogs(path, parts.directory.path());
    if (!mended.ok()) return mended.status();
    if (!mended->empty()) {
      for (const std::string& message : *mended) {
        if (options.log) options.log(message);
      }
      database = Database::Open(path, create, options, parts.bounds, parts.latch);
    }
  }
  if (!database.ok()) return NameDamage(database.status(), path);
  if (absl::Status status = CheckBlobFiles(**database); !status.ok()) return status;
  return database;
}

absl::StatusOr<std::unique_ptr<RocksDbStorage>> RocksDbStorage::Open(RocksDbOptions options, const TimeSource& time) {
  absl::StatusOr<DataDirectory> directory = DataDirectory::Acquire(options.path);
  if (!directory.ok()) return directory.status();
  Parts parts{.directory = *std::move(directory),
              .latch = std::make_shared<FailureLatch>(options.log),
              .bounds = std::make_shared<ReclaimBounds>(options.reclaim_slack)};
  absl::StatusOr<std::unique_ptr<Database>> database = OpenDatabase(options, parts);
  if (!database.ok()) return database.status();
  parts.database = *std::move(database);
  if (parts.directory.incomplete()) {
    if (absl::Status status = parts.directory.MarkComplete(); !status.ok()) return status;
  }
  const absl::StatusOr<ClockMark> mark = parts.database->ReadMark();
  if (!mark.ok()) return mark.status();
  parts.clock = std::make_unique<Clock>(time, *mark);

  std::unique_ptr<RocksDbStorage> storage(new RocksDbStorage(std::move(options), std::move(parts)));
  // The mark is above every position that was used, also those whose entries are gone.
  const uint64_t mark_position = PositionOf(mark->high_water);
  absl::Status status = storage->journal_.Recover(mark_position == 0 ? 0 : mark_position - 1);
  if (!status.ok()) return status;
  storage->bounds_->SetTrimmed(storage->journal_.trimmed());
  storage->bounds_->SetClock(storage->clock_.get());
  storage->MeasureLogs();
  return storage;
}

RocksDbStorage::RocksDbStorage(RocksDbOptions options, Parts parts)
    : options_(std::move(options)),
      directory_(std::move(parts.directory)),
      latch_(std::move(parts.latch)),
      bounds_(std::move(parts.bounds)),
      clock_(std::move(parts.clock)),
      database_(std::move(parts.database)),
      journal_(*database_, options_) {}

RocksDbStorage::~RocksDbStorage() { Close().IgnoreError(); }

absl::Status RocksDbStorage::Close() {
  if (latch_->failed()) return latch_->status();
  absl::Status status;
  // A process that committed nothing did not honour the leases of the one before: its being alive means nothing to them.
  if (committed_) {
    const Time now = clock_->Now();
    batch_.Clear();
    database_->PutMark(batch_, {.high_water = std::max(now, reached_) + Duration(1), .alive = now});
    rocksdb::WriteOptions synced;
    synced.sync = true;
    status = FromRocksDb((*database_)->Write(synced, &batch_), "cannot store the time of closing");
  }
  // A directory at rest needs no log. To lose one, to whoever clears away *.log or copies all but them, would go unnoticed: RocksDB
  // cannot tell it from one that had just begun.
  if (status.ok()) {
    status =
        FromRocksDb((*database_)->Flush(rocksdb::FlushOptions(), database_->families()), "cannot flush on closing");
  }
  latch_->Close();
  return status;
}

absl::Status RocksDbStorage::Load(absl::Span<const Key* const> keys, std::vector<std::optional<Record>>& records) {
  if (latch_->failed()) return latch_->status();
  records.assign(keys.size(), std::nullopt);
  lookup_.wanted.clear();
  lookup_.keys.clear();
  for (size_t i = 0; i < keys.size(); ++i) {
    if (const OpenSet::Entry* entry = journal_.open().Find(*keys[i])) {
      records[i] = entry->record;
    } else {
      lookup_.wanted.push_back(i);
      lookup_.keys.push_back(EncodeKey(*keys[i]));
    }
  }
  LookUpSettled();
  loaded_.MakeRoom(lookup_.keys.size());
  for (size_t found = 0; found < lookup_.keys.size(); ++found) {
    const rocksdb::Status& status = lookup_.statuses[found];
    SettledVersion version;
    if (status.ok()) {
      absl::StatusOr<Record> record = DecodeSettled(lookup_.values[found].ToStringView());
      if (!record.ok()) return record.status();
      version = SettledVersion::Of(*record);
      records[lookup_.wanted[found]] = *std::move(record);
    } else if (!status.IsNotFound()) {
      return FromRocksDb(status, "cannot read a record");
    }
    loaded_.Remember(std::move(lookup_.keys[found]), version);
  }
  return absl::OkStatus();
}

void RocksDbStorage::LookUpSettled() {
  const size_t count = lookup_.keys.size();
  if (count == 0) return;
  lookup_.slices.assign(lookup_.keys.begin(), lookup_.keys.end());
  lookup_.statuses.resize(std::max(count, lookup_.statuses.size()));
  if (lookup_.values.size() < count) lookup_.values = std::vector<rocksdb::PinnableSlice>(count);
  for (rocksdb::PinnableSlice& value : lookup_.values) value.Reset();  // a load that failed half way left some
  (*database_)
      ->MultiGet({}, database_->settled(), count, lookup_.slices.data(), lookup_.values.data(),
                 lookup_.statuses.data());
}

absl::StatusOr<std::string> RocksDbStorage::LoadPayload(const Key& key, const Record& record) {
  if (latch_->failed()) return latch_->status();
  const auto* result = std::get_if<Result>(&record.outcome);
  if (result == nullptr) return absl::InvalidArgumentError("the record holds no result");
  if (!result->payload_detached) return result->payload;
  const bool expired = clock_->Now() >= record.result_expire_time;
  if (expired) return absl::NotFoundError("the payload's retention is over");
  std::string payload;
  const rocksdb::Status status =
      (*database_)
          ->Get({}, database_->payload(), EncodePayloadKey(key, record.result_expire_time, record.token), &payload);
  if (!status.ok() && !status.IsNotFound()) return FromRocksDb(status, "cannot read a payload");
  if (status.ok() && payload.size() == result->payload_size) return payload;

  // It went with its record where that was overwritten since; otherwise nobody took it away.
  Mutation unchanged{.key = key, .expected_version = record.version};
  const absl::Status still_there = Verify({&unchanged, 1});
  if (absl::IsAborted(still_there)) return absl::NotFoundError("the record was overwritten, and its payload removed");
  if (!still_there.ok()) return still_there;
  // Without the key, since this is logged.
  return absl::DataLossError(absl::StrCat("the payload of a key in namespace ", key.ns, " is missing or cut short"));
}

}  // namespace semel::storage
