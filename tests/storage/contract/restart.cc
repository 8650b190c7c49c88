// What a restart and a compaction may not change: records, versions, and that time and tokens only grow.

#include <gmock/gmock.h>

#include "tests/storage/sample_records.h"
#include "tests/storage/storage_contract.h"

namespace semel::storage {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

const Key kKey{"shop", "order-1"};
const Key kOther{"shop", "order-2"};

TEST_P(StorageContract, ARestartKeepsEveryStateAndItsVersion) {
  const Time now = Now();
  for (const Record& record :
       {InProgressRecord(NextToken(), now), InDoubtRecord(NextToken(), now), DoneRecord(NextToken(), now),
        FailedRecord(NextToken(), now), VacantRecord(NextToken(), now), InProgressRecord(NextToken(), now)}) {
    const uint64_t version = Put(kKey, record);
    const OpenStats open = storage().Open();
    Reopen();
    EXPECT_EQ(LoadWhole(kKey), record);
    EXPECT_EQ(VersionOf(kKey), version);
    EXPECT_EQ(storage().Open().in_progress, open.in_progress);
    EXPECT_EQ(storage().Open().in_doubt, open.in_doubt);
    EXPECT_EQ(storage().Open().bytes, open.bytes);
    EXPECT_EQ(TryCommit({{kKey, version - 1, record}}).code(), absl::StatusCode::kAborted);
    EXPECT_GT(Put(kKey, record), version) << "versions grow across a restart";
  }
}

TEST_P(StorageContract, ARestartRightAfterARestartChangesNothing) {
  for (int i = 0; i < 20; ++i) Put({"shop", std::to_string(i)}, InProgressRecord(NextToken(), Now()));
  for (int i = 0; i < 10; ++i) Put({"shop", std::to_string(i)}, DoneRecord(NextToken(), Now()));
  const auto before = ScanAll({});
  for (int i = 0; i < 4; ++i) {
    Reopen();
    EXPECT_EQ(ScanAll({}), before);
  }
}

// ---- What is over stays over ----------------------------------------------------------------------------------------

TEST_P(StorageContract, AFinishedKeyNeverComesBackToLife) {
  Put({"shop", "straggler"}, InProgressRecord(NextToken(), Now()));  // holds the journal back
  for (int i = 0; i < 8; ++i) {
    const Key key{"shop", "finished-" + std::to_string(i)};
    Put(key, InProgressRecord(NextToken(), Now()));
    Put(key, i % 2 ? DoneRecord(NextToken(), Now()) : FailedRecord(NextToken(), Now()));
    time().Advance(hours(7));
    Compact();
    if (i % 3 == 0) Reopen();
  }
  time().Advance(hours(48));
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 8; ++i) {
      const std::optional<Record> record = Load({"shop", "finished-" + std::to_string(i)});
      EXPECT_TRUE(!record || !IsOpen(*record)) << i;
    }
    EXPECT_THAT(ScanNames({.open_only = true}), testing::ElementsAre("straggler"));
    EXPECT_EQ(storage().Open().keys(), 1u);
    Compact();
    Reopen();
  }
}

TEST_P(StorageContract, ADeletedKeyNeverComesBackToLife) {
  for (const Record& record : {InProgressRecord(NextToken(), Now()), InDoubtRecord(NextToken(), Now()),
                               DoneRecord(NextToken(), Now(), std::string(50'000, 'x'))}) {
    Put(kKey, record);
    Put(kKey, Record{.state = State::kVacant,
                     .token = record.token,
                     .complete_time = Now(),
                     .result_expire_time = Now(),
                     .key_expire_time = Now()});
    for (int round = 0; round < 3; ++round) {
      const std::optional<Record> after = Load(kKey);
      EXPECT_TRUE(!after || after->state == State::kVacant);
      EXPECT_TRUE(ScanAll({}).empty());
      Compact();
      if (round > 0) Reopen();
    }
  }
}

TEST_P(StorageContract, AnExpiredKeyMayBeBegunAgainAndStaysBegun) {
  for (int round = 0; round < 5; ++round) {
    Put(kKey, InProgressRecord(NextToken(), Now()));
    Put(kKey, DoneRecord(NextToken(), Now()));
    time().Advance(hours(25));
    if (round % 2) Compact();
    const Record again = InProgressRecord(NextToken(), Now());
    const uint64_t version = Put(kKey, again);
    Compact();
    Reopen();
    EXPECT_EQ(LoadWhole(kKey), again);
    EXPECT_EQ(VersionOf(kKey), version);
  }
}

// The background may reclaim at any moment, also between a caller's Load and its Commit.
TEST_P(StorageContract, ReclaimingWhatWasLoadedIsNoConflict) {
  Put(kKey, InProgressRecord(NextToken(), Now()));
  Put(kKey, DoneRecord(NextToken(), Now()));
  time().Advance(hours(25));
  const uint64_t version = VersionOf(kKey);
  Compact();
  Compact();
  const Record again = InProgressRecord(NextToken(), Now());
  EXPECT_TRUE(TryCommit({{kKey, version, again}}).ok());
  EXPECT_EQ(TryCommit({{kKey, version, again}}).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(LoadWhole(kKey), again);
}

TEST_P(StorageContract, AnOpenKeyIsNeverDroppedHoweverOld) {
  const Record in_progress = InProgressRecord(NextToken(), Now());
  const Record in_doubt = InDoubtRecord(NextToken(), Now());
  Put(kKey, in_progress);
  Put(kOther, in_doubt);
  for (int year = 0; year < 3; ++year) {
    time().Advance(hours(24 * 365));
    Put({"shop", "traffic"}, DoneRecord(NextToken(), Now()));
    Compact();
    Reopen();
    EXPECT_EQ(LoadWhole(kKey), in_progress);
    EXPECT_EQ(LoadWhole(kOther), in_doubt);
    EXPECT_EQ(storage().Open().keys(), 2u);
  }
}

TEST_P(StorageContract, WithinItsTimeNothingIsStripped) {
  const Record done = DoneRecord(NextToken(), Now());
  const Record failed = FailedRecord(NextToken(), Now(), false);
  Put(kKey, done);
  Put(kOther, failed);
  time().Advance(done.result_expire_time - Now() - milliseconds(1));
  Compact();
  EXPECT_EQ(LoadWhole(kKey), done);
  EXPECT_EQ(LoadWhole(kOther), failed);
}

// Past result retention the outcome may go; what tells duplicates from contradictions stays as long as the key.
TEST_P(StorageContract, PastItsResultRetentionTheRecordOutlivesTheOutcome) {
  const Record done = DoneRecord(NextToken(), Now(), std::string(100'000, 'x'));
  const Record final_failure = FailedRecord(NextToken(), Now(), false);
  Put(kKey, done);
  const uint64_t version = Put(kOther, final_failure);
  time().Advance(done.result_expire_time - Now());
  Compact();
  Reopen();
  for (const auto& [key, before] : {std::pair(kKey, done), std::pair(kOther, final_failure)}) {
    std::optional<Record> record = LoadWhole(key);
    ASSERT_TRUE(record);
    record->outcome = before.outcome;
    EXPECT_EQ(record, before);
  }
  EXPECT_EQ(VersionOf(kOther), version) << "stripping is not a write";
  EXPECT_TRUE(TryCommit({{kOther, version, InProgressRecord(NextToken(), Now())}}).ok());
}

// The next Begin must still learn that it may run, until the key itself is forgotten.
TEST_P(StorageContract, ARetryableFailureStaysRetryableAsLongAsItsKey) {
  const Record failed = FailedRecord(NextToken(), Now());
  Put(kKey, failed);
  time().Advance(failed.key_expire_time - Now() - seconds(10));
  Compact();
  Reopen();
  const std::optional<Record> record = Load(kKey);
  ASSERT_TRUE(record);
  ASSERT_TRUE(std::holds_alternative<Failure>(record->outcome));
  EXPECT_TRUE(std::get<Failure>(record->outcome).retryable);
  EXPECT_EQ(std::get<Failure>(record->outcome).retry_after, std::get<Failure>(failed.outcome).retry_after);
  EXPECT_EQ(record->checkpoint, failed.checkpoint);
}

// ---- Time -----------------------------------------------------------------------------------------------------------

TEST_P(StorageContract, TimeNeverRunsBackOverARestart) {
  Time last = Now();
  for (int round = 0; round < 6; ++round) {
    time().Advance(milliseconds(400));
    ASSERT_TRUE(storage().Commit({}, Now()).ok());
    ASSERT_GE(Now(), last);
    last = Now();
    if (round % 2) time().StepWall(-hours(1));
    Reopen();
    ASSERT_GT(Now(), last) << "what was committed at `last` must lie in the past";
    EXPECT_EQ(storage().clock().boot_time(), Now());
  }
}

TEST_P(StorageContract, TimeSkipsLittleOverARestart) {
  ASSERT_TRUE(storage().Commit({}, Now()).ok());
  const Time before = Now();
  Reopen();
  EXPECT_LE(Now() - before, Clock::kStep);
  time().Advance(hours(1));
  Reopen();
  EXPECT_EQ(Now(), time().Wall());
}

TEST_P(StorageContract, TokensNeverFallOverARestart) {
  Record record = InProgressRecord(Micros(Now() + seconds(20)), Now());  // drawn ahead of the clock
  Put(kKey, record);
  Put(kKey, Record{.state = State::kVacant, .token = record.token, .key_expire_time = Now()});
  time().StepWall(-hours(1));
  Compact();
  Reopen();
  EXPECT_GT(Micros(Now()), record.token)
      << "a token drawn from the clock must be greater, also when the record is gone";
}

TEST_P(StorageContract, ACommitCoversItsOwnInstant) {
  for (int i = 0; i < 30; ++i) {
    time().Advance(milliseconds(130));
    const Time now = Now();
    Put({"shop", std::to_string(i)}, InProgressRecord(NextToken(), now));
    EXPECT_FALSE(storage().clock().MustMark(now)) << "the mark on disk lies above what was committed";
  }
}

TEST_P(StorageContract, ATokenAheadOfTheClockIsNoSignOfLife) {
  const Time now = Now();
  Put(kKey, InProgressRecord(Micros(now + seconds(20)), now));
  Reopen();
  EXPECT_EQ(storage().clock().last_alive(), now)
      << "later, and a lease that was live at the crash would count as lapsed";
}

TEST_P(StorageContract, TheLastInstantAliveIsKnownToAStep) {
  for (int i = 0; i < 10; ++i) {
    time().Advance(milliseconds(700));
    ASSERT_TRUE(storage().Commit({}, Now()).ok());
  }
  const Time last_commit = Now();
  ASSERT_TRUE(storage().Commit({}, last_commit).ok());
  time().Advance(hours(5));  // the outage
  Reopen();
  EXPECT_LE(storage().clock().last_alive(), last_commit);
  EXPECT_GE(storage().clock().last_alive(), last_commit - Clock::kStep);
  EXPECT_EQ(storage().clock().boot_time(), last_commit + hours(5));
}

TEST_P(StorageContract, MaintenanceMayRunAtAnyTime) {
  for (int i = 0; i < 30; ++i) {
    Put({"shop", std::to_string(i % 7)}, i % 2 ? DoneRecord(NextToken(), Now()) : InProgressRecord(NextToken(), Now()));
    time().Advance(seconds(3));
    EXPECT_TRUE(storage().Maintain(Now()).ok());
  }
  EXPECT_EQ(ScanAll({}).size(), 7u);
  EXPECT_TRUE(storage().Health().ok());
}

}  // namespace
}  // namespace semel::storage
