// RocksDbStorage::Commit.

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/record_codec.h"
#include "storage/rocksdb/damage.h"
#include "storage/rocksdb/rocksdb_storage.h"

namespace semel::storage {
namespace {

constexpr size_t kMostKeptBytes = 8 << 20;  // in a buffer between commits

Time TimeOf(uint64_t position) { return FromMicros(static_cast<int64_t>(position)); }

Duration Since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - start);
}

absl::Status Conflict(const Mutation& mutation, uint64_t version) {
  return absl::AbortedError(absl::StrCat("key ", mutation.key.ns, "/", mutation.key.name, " has version ", version,
                                         ", expected was ", mutation.expected_version));
}

}  // namespace

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
  for (const Mutation& mutation : mutations) reached = std::max(reached, FromMicros(mutation.record.token));
  StageInOrder(mutations, first, now);
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
    settled_in_order_ = {};
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

// A memtable looks for the place of an entry from that of the one before: so open records go in by their positions, settled
// ones by their keys.
void RocksDbStorage::StageInOrder(absl::Span<const Mutation> mutations, uint64_t first, Time now) {
  settled_in_order_.clear();
  for (size_t i = 0; i < mutations.size(); ++i) {
    if (IsOpen(mutations[i].record)) {
      Stage(i, mutations[i], first + i, now);
    } else {
      settled_in_order_.push_back(i);
    }
  }
  std::sort(settled_in_order_.begin(), settled_in_order_.end(),
            [this](size_t a, size_t b) { return overwriting_[a].encoded_key < overwriting_[b].encoded_key; });
  for (const size_t i : settled_in_order_) Stage(i, mutations[i], first + i, now);
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
