#include "storage/rocksdb/rocksdb_storage.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/record_codec.h"
#include "storage/rocksdb/damage.h"
#include "storage/rocksdb/torn_log.h"

namespace semel::storage {
namespace {

constexpr size_t kMostKeptBytes = 8 << 20;  // in a buffer between commits

uint64_t PositionOf(Time time) { return static_cast<uint64_t>(std::max<int64_t>(Micros(time), 0)); }
Time TimeOf(uint64_t position) { return FromMicros(static_cast<int64_t>(position)); }

Duration Since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - start);
}

absl::Status Conflict(const Mutation& mutation, uint64_t version) {
  return absl::AbortedError(absl::StrCat("key ", mutation.key.ns, "/", mutation.key.name, " has version ", version,
                                         ", expected was ", mutation.expected_version));
}

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
  return absl::DataLossError(absl::StrCat("the payload of ", key.ns, "/", key.name, " is missing or cut short"));
}

absl::StatusOr<CommitTimes> RocksDbStorage::Commit(absl::Span<const Mutation> mutations, Time now) {
  if (latch_->failed()) return latch_->status();
  if (absl::Status status = Verify(mutations); !status.ok()) {
    return absl::IsAborted(status) ? status : latch_->Latch(std::move(status));
  }
  batch_.Clear();
  const OpenJournal::Trim trim = mutations.empty() ? OpenJournal::Trim{} : journal_.PlanShorter(now);
  journal_.Stage(trim, batch_);
  const uint64_t first = journal_.NextPosition(now) + trim.stragglers.size();
  Time reached = now;
  if (!mutations.empty()) reached = std::max(reached, TimeOf(first + mutations.size() - 1));
  for (size_t i = 0; i < mutations.size(); ++i) {
    Stage(i, mutations[i], first + i, now);
    reached = std::max(reached, FromMicros(mutations[i].record.token));
  }
  const absl::StatusOr<CommitTimes> times = WriteWithMark(now, reached);
  if (!times.ok()) return times;

  journal_.Apply(trim);
  for (size_t i = 0; i < mutations.size(); ++i) Apply(i, mutations[i], first + i);
  bounds_->SetTrimmed(journal_.trimmed());
  committed_ = true;
  // What honours a million leases at the start must not hold its memory for good.
  if (batch_.GetDataSize() > kMostKeptBytes) {
    batch_ = rocksdb::WriteBatch();
    overwriting_ = {};
  }
  return times;
}

absl::Status RocksDbStorage::Verify(absl::Span<const Mutation> mutations) {
  overwriting_.resize(std::max(overwriting_.size(), mutations.size()));
  for (size_t i = 0; i < mutations.size(); ++i) {
    const Mutation& mutation = mutations[i];
    Overwriting& overwriting = overwriting_[i];
    overwriting.encoded_key.clear();
    overwriting.settled = {};
    const OpenSet::Entry* entry = journal_.open().Find(mutation.key);
    if (entry == nullptr || !IsOpen(mutation.record)) overwriting.encoded_key = EncodeKey(mutation.key);
    if (entry != nullptr) {
      if (entry->record.version != mutation.expected_version) return Conflict(mutation, entry->record.version);
      continue;
    }
    absl::Status status = VerifySettled(mutation, overwriting.encoded_key, overwriting.settled);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status RocksDbStorage::VerifySettled(const Mutation& mutation, const std::string& encoded_key,
                                           SettledVersion& overwritten) {
  if (const SettledVersion* loaded = loaded_.Find(encoded_key)) {
    overwritten = *loaded;
  } else {
    std::string value;
    const rocksdb::Status status = (*database_)->Get({}, database_->settled(), encoded_key, &value);
    if (!status.ok() && !status.IsNotFound()) return FromRocksDb(status, "cannot read a record's version");
    if (status.ok()) {
      absl::StatusOr<Record> record = DecodeSettled(value);
      if (!record.ok()) return record.status();
      overwritten = SettledVersion::Of(*record);
    }
  }
  return overwritten.version == mutation.expected_version ? absl::OkStatus() : Conflict(mutation, overwritten.version);
}

void RocksDbStorage::Stage(size_t index, const Mutation& mutation, uint64_t position, Time now) {
  const auto& [encoded_key, settled] = overwriting_[index];
  // Before its expiry, no compaction would ever find the body of a record that is gone.
  if (settled.payload_detached && now < settled.result_expire_time) {
    batch_.Delete(database_->payload(), EncodePayloadKey(mutation.key, settled.result_expire_time, settled.token));
  }
  if (IsOpen(mutation.record)) {
    journal_.Stage(mutation.key, mutation.record, position, batch_);
  } else {
    StageSettled(mutation, encoded_key, position);
  }
}

void RocksDbStorage::StageSettled(const Mutation& mutation, const std::string& encoded_key, uint64_t position) {
  settling_ = mutation.record;
  settling_.version = position;
  auto* result = std::get_if<Result>(&settling_.outcome);
  if (result != nullptr && result->payload.size() > options_.inline_payload_bytes) {
    batch_.Put(database_->payload(), EncodePayloadKey(mutation.key, settling_.result_expire_time, settling_.token),
               result->payload);
    result->payload_size = result->payload.size();
    result->payload_detached = true;
    result->payload.clear();
  }
  batch_.Put(database_->settled(), encoded_key, EncodeSettled(settling_));
}

absl::StatusOr<CommitTimes> RocksDbStorage::WriteWithMark(Time now, Time reached) {
  std::optional<ClockMark> mark;
  if (clock_->MustMark(reached)) {
    mark = clock_->NextMark(reached, now);
    database_->PutMark(batch_, *mark);
  }
  if (batch_.Count() == 0) return CommitTimes{};

  const auto start = std::chrono::steady_clock::now();
  rocksdb::Status status = (*database_)->Write({}, &batch_);
  if (!status.ok()) return latch_->Latch(FromRocksDb(status, "cannot write a commit"));
  CommitTimes times{.write = Since(start)};
  const auto written = std::chrono::steady_clock::now();
  status = (*database_)->SyncWAL();
  if (!status.ok()) return latch_->Latch(FromRocksDb(status, "cannot sync a commit"));
  times.sync = Since(written);
  if (mark) clock_->Marked(*mark);
  reached_ = std::max(reached_, reached);
  return times;
}

void RocksDbStorage::Apply(size_t index, const Mutation& mutation, uint64_t position) {
  const std::string& encoded_key = overwriting_[index].encoded_key;
  if (!encoded_key.empty()) loaded_.Forget(encoded_key);
  if (IsOpen(mutation.record)) {
    journal_.Apply(mutation.key, mutation.record, position);
  } else {
    journal_.ApplySettled(mutation.key, position);
  }
}

}  // namespace semel::storage
