// Verify tells a sound database from one that is not, says what it holds, and changes nothing.

#include "storage/rocksdb/verify.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "storage/record_codec.h"
#include "storage/rocksdb/backup.h"
#include "tests/storage/rocksdb_harness.h"

namespace semel::storage {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using testing::ElementsAre;
using testing::HasSubstr;

// Every file with its bytes and the time of its last change.
std::map<std::string, std::pair<std::string, fs::file_time_type>> Everything(const std::string& path) {
  std::map<std::string, std::pair<std::string, fs::file_time_type>> everything;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path)) {
    std::string bytes;
    if (entry.is_regular_file()) {
      std::ifstream file(entry.path(), std::ios::binary);
      bytes.assign(std::istreambuf_iterator<char>(file), {});
    }
    everything[entry.path()] = {bytes, entry.last_write_time()};
  }
  everything[path] = {"", fs::last_write_time(path)};
  return everything;
}

class VerifyTest : public RocksDbTest {
 protected:
  // Of what the harness left, which must not be open.
  DatabaseReport Report(const std::string& path) {
    const auto before = Everything(path);
    absl::StatusOr<DatabaseReport> report = Verify(path, harness_.time);
    EXPECT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(Everything(path), before) << "it must change nothing";
    return report.ok() ? *std::move(report) : DatabaseReport{};
  }
  DatabaseReport Report() { return Report(harness_.options().path); }

  // One key of each kind, some in tables and some in the log only.
  void Fill() {
    Begin("open");
    Put("doubtful", InDoubtRecord(++token_, Now()));
    Begin("small");
    Complete("small");
    Begin("large");
    Complete("large", std::string(100'000, 'x'));
    ASSERT_TRUE(storage().Maintain(Now()).ok());
    ASSERT_TRUE(storage().Reclaim().ok());
    Begin("late");
    Complete("late", std::string(5000, 'y'));
    Put("failed", FailedRecord(++token_, Now()));
    Put("gone", VacantRecord(++token_, Now()));
    Begin("again");
    Complete("again", std::string(6000, 'z'));
    Begin("again");
  }
  static void ExpectFilled(const DatabaseReport& report) {
    EXPECT_THAT(report.findings, ElementsAre());
    EXPECT_TRUE(report.sound());
    EXPECT_EQ(report.in_progress, 2u);
    EXPECT_EQ(report.in_doubt, 1u);
    EXPECT_EQ(report.done, 3u);
    EXPECT_EQ(report.failed, 1u);
    EXPECT_EQ(report.vacant, 1u);
    EXPECT_EQ(report.payloads, 2u);
    EXPECT_EQ(report.payload_bytes, 105'000u);
    EXPECT_GE(report.journal_entries, 3u);
    EXPECT_GT(report.disk_bytes, 1000u);
  }

  // Writes behind the storage's back.
  void Tamper(const std::function<void(const Database&, rocksdb::WriteBatch&)>& change) {
    const std::string path = harness_.options().path + "/db";
    const auto database = Database::Open(path, false, TinyOptions(), std::make_shared<ReclaimBounds>(Duration::zero()),
                                         std::make_shared<FailureLatch>(nullptr));
    ASSERT_TRUE(database.ok()) << database.status();
    rocksdb::WriteBatch batch;
    change(**database, batch);
    ASSERT_TRUE((**database)->Write({}, &batch).ok());
  }
};

TEST_F(VerifyTest, ASoundDatabaseIsDescribed) {
  Fill();
  const Time now = Now();
  harness_.Shut();
  const DatabaseReport report = Report();
  ExpectFilled(report);
  EXPECT_GE(report.mark.high_water, now);
  EXPECT_EQ(report.oldest, now - hours(1));
  EXPECT_EQ(report.newest, now);
  EXPECT_EQ(report.torn_write, "");
}

TEST_F(VerifyTest, AnEmptyDatabaseIsSound) {
  harness_.Shut();
  const DatabaseReport report = Report();
  EXPECT_TRUE(report.sound());
  EXPECT_EQ(report.in_progress + report.done + report.failed + report.vacant + report.in_doubt, 0u);
  EXPECT_FALSE(report.oldest);
}

TEST_F(VerifyTest, WhatOnlyTheLogHoldsAfterAKillCounts) {
  Fill();
  harness_.Die();
  ExpectFilled(Report());
}

TEST_F(VerifyTest, ARestoredBackupIsSound) {
  Fill();
  TemporaryDirectory elsewhere;
  ASSERT_TRUE(storage().CreateBackup({.directory = elsewhere / "backups"}).ok());
  ASSERT_TRUE(RestoreBackup(elsewhere / "backups", {}, elsewhere / "data").ok());
  ExpectFilled(Report(elsewhere / "data"));
}

TEST_F(VerifyTest, AWriteTornByAPowerCutIsNoDamage) {
  Fill();
  std::vector<Mutation> mutations;
  for (int i = 0; i < 40; ++i) {
    Record record = InProgressRecord(++token_, Now());
    record.checkpoint = std::string(1000, 'c');
    mutations.push_back({{"shop", "unanswered-" + std::to_string(i)}, 0, record});
  }
  harness_.disk().FailNextSync(".log");
  ASSERT_FALSE(storage().Commit(mutations, Now()).ok());
  harness_.Die();
  harness_.disk().TearUnsynced(true);
  const DatabaseReport report = Report();
  ExpectFilled(report);
  EXPECT_THAT(report.torn_write, AllOf(HasSubstr("power cut"), HasSubstr(".log")));
}

TEST_F(VerifyTest, ExpiredPayloadsMayBeGone) {
  Fill();
  harness_.time.Advance(hours(2));
  ASSERT_TRUE(storage().Commit({}, Now()).ok());
  ASSERT_TRUE(storage().Reclaim().ok());
  harness_.Shut();
  const DatabaseReport report = Report();
  EXPECT_THAT(report.findings, ElementsAre());
  EXPECT_EQ(report.payloads, 0u);
  EXPECT_EQ(report.done, 3u);
}

TEST_F(VerifyTest, AServerThatRunsIsRefused) {
  Fill();
  const absl::Status status = Verify(harness_.options().path).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("in use by process"));
}

TEST_F(VerifyTest, WhatIsNoDatabaseIsRefused) {
  TemporaryDirectory elsewhere;
  fs::create_directory(elsewhere / "empty");
  std::ofstream(elsewhere / "file") << "text";
  EXPECT_THAT(std::string(Verify(elsewhere / "nothing").status().message()), HasSubstr("no such directory"));
  EXPECT_THAT(std::string(Verify(elsewhere / "file").status().message()), HasSubstr("not a directory"));
  EXPECT_THAT(std::string(Verify(elsewhere / "empty").status().message()), HasSubstr("no database yet"));
  EXPECT_TRUE(fs::is_empty(elsewhere / "empty"));
}

// ---- What it finds -------------------------------------------------------------------------------------------------

TEST_F(VerifyTest, FindsAMissingPayload) {
  Fill();
  const Record large = *Load("large");
  harness_.Shut();
  Tamper([&](const Database& database, rocksdb::WriteBatch& batch) {
    batch.Delete(database.payload(), EncodePayloadKey({"shop", "large"}, large.result_expire_time, large.token));
  });
  EXPECT_THAT(Report().findings, ElementsAre(AllOf(HasSubstr("payload of shop/large"), HasSubstr("NotFound"))));
}

TEST_F(VerifyTest, FindsAPayloadOfAnotherSizeAndOneOfNobody) {
  Fill();
  const Record large = *Load("large");
  harness_.Shut();
  Tamper([&](const Database& database, rocksdb::WriteBatch& batch) {
    batch.Put(database.payload(), EncodePayloadKey({"shop", "large"}, large.result_expire_time, large.token), "short");
    batch.Put(database.payload(), EncodePayloadKey({"shop", "small"}, large.result_expire_time, 1), "whose");
  });
  EXPECT_THAT(Report().findings,
              testing::UnorderedElementsAre(AllOf(HasSubstr("shop/large has 5 bytes"), HasSubstr("100000")),
                                            AllOf(HasSubstr("shop/small"), HasSubstr("belongs to no record"))));
}

TEST_F(VerifyTest, FindsRecordsThatCannotBeRead) {
  Fill();
  const std::string open = EncodeOpen({"shop", "open"}, *Load("open"));
  const std::string small = EncodeSettled(*Load("small"));
  harness_.Shut();
  const auto altered = [](std::string bytes) {
    bytes[30] = static_cast<char>(bytes[30] ^ 1);
    return bytes;
  };
  Tamper([&](const Database& database, rocksdb::WriteBatch& batch) {
    batch.Put(database.settled(), EncodeKey({"shop", "small"}), altered(small));
    batch.Put(database.settled(), "no key", small);
    batch.Put(database.open(), EncodePosition(1'700'000'000'000'900), altered(open));
  });
  EXPECT_THAT(
      Report().findings,
      testing::UnorderedElementsAre(
          AllOf(HasSubstr("settled record of shop/small"), HasSubstr("checksum"), HasSubstr(".sst")),
          HasSubstr("under no key"), AllOf(HasSubstr("journal entry 1700000000000900"), HasSubstr("checksum"))));
}

TEST_F(VerifyTest, FindsWhatIsNotBelowTheClockMark) {
  Fill();
  harness_.Shut();
  Tamper([&](const Database& database, rocksdb::WriteBatch& batch) {
    database.PutMark(batch, {.high_water = FromMicros(1'600'000'000'000'000)});
  });
  const DatabaseReport report = Report();
  EXPECT_GE(report.findings_in_all, 8u);
  EXPECT_THAT(report.findings, testing::Each(HasSubstr("not below the clock mark")));
}

TEST_F(VerifyTest, FindsAJournalThatBeginsTooEarly) {
  Fill();
  harness_.Shut();
  Tamper(
      [&](const Database& database, rocksdb::WriteBatch& batch) { database.PutTrimmed(batch, 1'700'000'000'000'500); });
  EXPECT_THAT(Report().findings, testing::Each(HasSubstr("where the journal was cut")));
  EXPECT_FALSE(Report().sound());
}

TEST_F(VerifyTest, NamesEveryDamagedTable) {
  Fill();
  ASSERT_TRUE(storage().Reclaim().ok());
  harness_.Shut();
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(harness_.options().path + "/db")) {
    if (entry.path().extension() != ".sst") continue;
    names.push_back(entry.path().filename());
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(20);
    const char byte = static_cast<char>(file.peek());
    file.seekp(20);
    file.put(static_cast<char>(byte ^ 1));
  }
  ASSERT_GE(names.size(), 3u);
  const DatabaseReport report = Report();
  for (const std::string& name : names) EXPECT_THAT(report.findings, testing::Contains(HasSubstr(name)));
}

TEST_F(VerifyTest, SaysOnlySoMuchOfADiskOfNoise) {
  harness_.Shut();
  Tamper([&](const Database& database, rocksdb::WriteBatch& batch) {
    for (int i = 0; i < 1000; ++i) batch.Put(database.settled(), "noise " + std::to_string(i), "noise");
  });
  const DatabaseReport report = Report();
  EXPECT_EQ(report.findings_in_all, 1000u);
  EXPECT_EQ(report.findings.size(), DatabaseReport::kMostFindings);
}

}  // namespace
}  // namespace semel::storage
