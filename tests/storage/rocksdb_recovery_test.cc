// What a restart brings back: after a kill, a power cut, and an orderly end.

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "storage/rocksdb/verify.h"
#include "tests/storage/rocksdb_harness.h"

namespace semel::storage {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

using RecoveryTest = RocksDbTest;

TEST_F(RecoveryTest, AKilledProcessLosesNothingThatItAnswered) {
  for (int i = 0; i < 100; ++i) {
    const std::string name = std::to_string(i);
    Begin(name);
    if (i % 10 != 0) Complete(name);
  }
  for (int restart = 0; restart < 3; ++restart) {
    harness_.Reopen();
    EXPECT_THAT(OpenNames(), UnorderedElementsAre("0", "10", "20", "30", "40", "50", "60", "70", "80", "90"));
    for (int i = 0; i < 100; ++i) {
      ASSERT_EQ(Load(std::to_string(i))->state, i % 10 != 0 ? State::kDone : State::kInProgress) << i;
    }
  }
}

// The journal still holds "a" as open, several times; what settled it decides.
TEST_F(RecoveryTest, ASupersededEntryStaysSuperseded) {
  Begin("straggler");
  Begin("a");
  Begin("a");
  Complete("a");
  Begin("b");
  Put("b", VacantRecord(token_, Now()));
  harness_.Reopen();
  EXPECT_THAT(OpenNames(), ElementsAre("straggler"));
  EXPECT_EQ(Load("a")->state, State::kDone);
  EXPECT_EQ(Load("b")->state, State::kVacant);

  Begin("a");
  harness_.Reopen();
  EXPECT_THAT(OpenNames(), ElementsAre("straggler", "a"));
  EXPECT_EQ(Load("a")->token, token_);
}

// Deleting a finished key leaves its token behind, so tokens alone could not tell which came last.
TEST_F(RecoveryTest, TheLaterWriteWinsWhateverTheTokensSay) {
  Put("a", InProgressRecord(700, Now()));
  Put("a", VacantRecord(500, Now()));
  Put("b", DoneRecord(900, Now()));
  Put("b", InProgressRecord(900, Now()));
  harness_.Reopen();
  EXPECT_EQ(Load("a")->state, State::kVacant);
  EXPECT_EQ(Load("b")->state, State::kInProgress);
}

TEST_F(RecoveryTest, APowerCutLosesNothingThatWasAnswered) {
  for (uint64_t got_through : {0u, 1u, 7u, 40u, 300u, 100'000u}) {
    SCOPED_TRACE(got_through);
    const std::string name = "cut-" + std::to_string(got_through);
    Begin(name + "-open");
    Begin(name + "-done");
    Complete(name + "-done");
    // Written, but never synced: its caller never heard of it.
    harness_.disk().FailNextSync(".log");
    const Mutation unanswered{{"shop", name + "-unanswered"}, 0, InProgressRecord(++token_, Now())};
    ASSERT_FALSE(storage().Commit({&unanswered, 1}, Now()).ok());
    harness_.LoseUnsynced(got_through);
    harness_.Reopen();

    ASSERT_TRUE(storage().Health().ok());
    EXPECT_EQ(Load(name + "-open")->state, State::kInProgress);
    EXPECT_EQ(Load(name + "-done")->state, State::kDone);
    Put(name + "-unanswered", DoneRecord(token_, Now()));
  }
  harness_.Reopen();
  for (const auto& [key, record] : Scan({})) {
    EXPECT_EQ(IsOpen(record), key.name.ends_with("-open")) << key.name;
  }
}

// Letting go of what follows the damage would forget answers that were given, and call it success.
TEST_F(RecoveryTest, ADamagedLogIsRefusedAndNotCutShort) {
  for (int i = 0; i < 50; ++i) Begin(std::to_string(i));
  harness_.Die();
  const std::string log = harness_.LargestFile(".log");
  std::fstream file(log, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(std::filesystem::file_size(log) / 2));
  const char byte = static_cast<char>(file.peek());
  file.seekp(file.tellg());
  file.put(static_cast<char>(byte ^ 1));
  file.close();
  const absl::Status status = RocksDbStorage::Open(harness_.options(), harness_.time).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
}

// By whoever clears away *.log, or copies all but them.
TEST_F(RecoveryTest, ADirectoryAtRestNeedsNoLog) {
  for (int i = 0; i < 50; ++i) Begin(std::to_string(i));
  Complete("49", std::string(10'000, 'x'));
  const Time closed = Now();
  harness_.Shut();
  for (const auto& entry : std::filesystem::directory_iterator(harness_.options().path + "/db")) {
    if (entry.path().extension() == ".log") std::filesystem::remove(entry.path());
  }
  const absl::StatusOr<DatabaseReport> report = Verify(harness_.options().path);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->findings, testing::IsEmpty());
  harness_.CloseAndReopen();
  EXPECT_EQ(Load("48")->state, State::kInProgress);
  EXPECT_EQ(Load("49")->state, State::kDone);
  EXPECT_GE(Now(), closed) << "the mark of the clock is there too";
}

TEST_F(RecoveryTest, WhatClosingCannotMoveIntoTablesStaysInTheLog) {
  Begin("a");
  Complete("a");
  harness_.disk().FailNextAppend(".sst");
  EXPECT_FALSE(storage().Close().ok());
  harness_.CloseAndReopen();
  EXPECT_EQ(Load("a")->state, State::kDone);
}

TEST_F(RecoveryTest, AMissingTableIsRefused) {
  for (int i = 0; i < 50; ++i) Begin(std::to_string(i));
  for (int i = 0; i < 50; ++i) Complete(std::to_string(i));
  ASSERT_TRUE(storage().Reclaim().ok());
  harness_.Shut();
  for (const auto& entry : std::filesystem::directory_iterator(harness_.options().path + "/db")) {
    if (entry.path().extension() == ".sst") std::filesystem::remove(entry.path());
  }
  EXPECT_FALSE(RocksDbStorage::Open(harness_.options(), harness_.time).ok());
}

TEST_F(RecoveryTest, PositionsOfADeadProcessAreNotUsedAgain) {
  for (int i = 0; i < 20; ++i) Begin("a");  // versions run ahead of a clock that stands still
  const uint64_t last = Load("a")->version;
  Complete("a");
  for (bool orderly : {false, true}) {
    orderly ? harness_.CloseAndReopen() : harness_.Reopen();
    Begin("b");
    EXPECT_GT(Load("b")->version, last + 1);
  }
}

// ---- What a restart knows of the time before it --------------------------------------------------------------------

TEST_F(RecoveryTest, AnOrderlyEndIsKnownExactly) {
  Begin("a");
  harness_.time.Advance(seconds(90));  // quiet: nothing is committed
  const Time closed = Now();
  harness_.CloseAndReopen();
  EXPECT_EQ(storage().clock().last_alive(), closed);
  EXPECT_GT(Now(), closed);
  EXPECT_LE(Now(), closed + milliseconds(1)) << "an orderly end reserves no time";
  harness_.time.Advance(hours(1));
  EXPECT_GE(Now(), closed + hours(1));
}

// Its being alive says nothing about the leases that it did not honour yet (protocol rule 13).
TEST_F(RecoveryTest, AProcessThatCommittedNothingIsNoSignOfLife) {
  Begin("a");
  const Time last_heard = Now();
  harness_.Reopen();
  harness_.time.Advance(hours(1));
  ASSERT_TRUE(storage().Maintain(Now()).ok());
  ASSERT_TRUE(storage().Reclaim().ok());
  harness_.CloseAndReopen();
  EXPECT_LE(storage().clock().last_alive(), last_heard);

  ASSERT_TRUE(storage().Commit({}, Now()).ok());
  const Time closed = Now();
  harness_.CloseAndReopen();
  EXPECT_EQ(storage().clock().last_alive(), closed);
}

TEST_F(RecoveryTest, TheMarkComesWithTheMutationsOrNotAtAll) {
  Begin("a");
  const Time last_heard = Now();
  harness_.Reopen();
  harness_.time.Advance(hours(1));
  harness_.disk().FailNextAppend(".log");
  const Mutation honoured{{"shop", "a"}, Load("a")->version, InProgressRecord(token_, Now())};
  ASSERT_FALSE(storage().Commit({&honoured, 1}, Now()).ok());
  harness_.Reopen();
  EXPECT_LE(storage().clock().last_alive(), last_heard);
  EXPECT_LT(Load("a")->lease_start, last_heard + seconds(1));
}

TEST_F(RecoveryTest, AClosedStorageAnswersNothing) {
  Begin("a");
  ASSERT_TRUE(storage().Close().ok());
  EXPECT_FALSE(storage().Commit({}, Now()).ok());
  EXPECT_FALSE(storage().Scan({}).ok());
  EXPECT_FALSE(storage().Maintain(Now()).ok());
  harness_.CloseAndReopen();
  EXPECT_THAT(OpenNames(), ElementsAre("a"));
  EXPECT_TRUE(storage().Health().ok());
}

}  // namespace
}  // namespace semel::storage
