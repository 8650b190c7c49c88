#include "storage/rocksdb/database.h"

#include <rocksdb/listener.h>

#include <cstdarg>
#include <cstdio>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/key_codec.h"
#include "storage/rocksdb/tuning.h"

namespace semel::storage {
namespace {

// Stored: never change them.
constexpr char kHighWater[] = "clock/high_water";
constexpr char kAlive[] = "clock/alive";
constexpr char kTrimmed[] = "journal/trimmed";

// A flush or compaction that failed means that RocksDB stops writing: callers must hear it from us first.
class BackgroundFailures final : public rocksdb::EventListener {
 public:
  explicit BackgroundFailures(std::shared_ptr<FailureLatch> latch) : latch_(std::move(latch)) {}
  void OnBackgroundError(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status* error) override {
    latch_->Latch(FromRocksDb(*error, "background work")).IgnoreError();
  }
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status /*error*/,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }
  const char* Name() const override { return "semel.BackgroundFailures"; }

 private:
  const std::shared_ptr<FailureLatch> latch_;
};

// In the place of RocksDB's LOG. A file on the disk that it tells of is the wrong place: once a line of it could not be written,
// the next one ends the process (an assertion in WritableFileWriter, which Debian's RocksDB 7.8 is built with).
class HandedOn final : public rocksdb::Logger {
 public:
  explicit HandedOn(std::function<void(std::string)> to) : to_(std::move(to)) {}

  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    if (!to_) return;
    char line[2048];  // what is longer is cut off
    const int size = std::vsnprintf(line, sizeof(line), format, arguments);
    if (size >= 0) to_(line);
  }
  void LogHeader(const char* /*format*/, va_list /*arguments*/) override {}  // some 700 lines of options

 private:
  const std::function<void(std::string)> to_;
};

std::vector<rocksdb::ColumnFamilyDescriptor> Families(const FamilyTuning& tuned) {
  return {{rocksdb::kDefaultColumnFamilyName, tuned.meta},
          {"open", tuned.open},
          {"settled", tuned.settled},
          {"payload", tuned.payload}};
}

std::string CannotOpen(const std::string& path) { return absl::StrCat("cannot open the database in ", path); }

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const std::string& path, bool create,
                                                         const RocksDbOptions& options,
                                                         const std::shared_ptr<const ReclaimBounds>& bounds,
                                                         const std::shared_ptr<FailureLatch>& latch) {
  rocksdb::DBOptions tuning = DatabaseTuning(options);
  tuning.create_if_missing = create;
  tuning.create_missing_column_families = create;
  tuning.info_log = std::make_shared<HandedOn>(options.debug_log);
  tuning.listeners.push_back(std::make_shared<BackgroundFailures>(latch));
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  const rocksdb::Status status =
      rocksdb::DB::Open(tuning, path, Families(TuneFamilies(options, bounds)), &families, &db);
  if (!status.ok()) return FromRocksDb(status, CannotOpen(path));
  std::unique_ptr<Database> database(new Database(db));
  database->families_ = std::move(families);
  return database;
}

absl::StatusOr<std::unique_ptr<Database>> Database::OpenReadOnly(const std::string& path, rocksdb::Env* env) {
  RocksDbOptions options;
  options.env = env;
  rocksdb::DBOptions tuning = DatabaseTuning(options);
  tuning.info_log = std::make_shared<HandedOn>(nullptr);
  const auto bounds = std::make_shared<ReclaimBounds>(options.reclaim_slack);
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(tuning, path, Families(TuneFamilies(options, bounds)),
                                                              &families, &db, /*error_if_wal_file_exists=*/false);
  if (!status.ok()) return FromRocksDb(status, CannotOpen(path));
  std::unique_ptr<Database> database(new Database(db));
  database->families_ = std::move(families);
  return database;
}

Database::~Database() {
  for (rocksdb::ColumnFamilyHandle* family : families_) db_->DestroyColumnFamilyHandle(family).PermitUncheckedError();
  db_->Close().PermitUncheckedError();
}

absl::StatusOr<uint64_t> Database::ReadNumber(const char* key) const {
  std::string value;
  const rocksdb::Status status = db_->Get({}, meta(), key, &value);
  if (status.IsNotFound()) return 0;
  if (!status.ok()) return FromRocksDb(status, absl::StrCat("cannot read ", key));
  return DecodePosition(value);
}

absl::StatusOr<ClockMark> Database::ReadMark() const {
  absl::StatusOr<uint64_t> high_water = ReadNumber(kHighWater);
  absl::StatusOr<uint64_t> alive = ReadNumber(kAlive);
  if (!high_water.ok()) return high_water.status();
  if (!alive.ok()) return alive.status();
  return ClockMark{.high_water = FromMicros(static_cast<int64_t>(*high_water)),
                   .alive = FromMicros(static_cast<int64_t>(*alive))};
}

absl::StatusOr<uint64_t> Database::ReadTrimmed() const { return ReadNumber(kTrimmed); }

void Database::PutMark(rocksdb::WriteBatch& batch, const ClockMark& mark) const {
  batch.Put(meta(), kHighWater, EncodePosition(static_cast<uint64_t>(Micros(mark.high_water))));
  batch.Put(meta(), kAlive, EncodePosition(static_cast<uint64_t>(Micros(mark.alive))));
}

void Database::PutTrimmed(rocksdb::WriteBatch& batch, uint64_t position) const {
  batch.Put(meta(), kTrimmed, EncodePosition(position));
}

}  // namespace semel::storage
