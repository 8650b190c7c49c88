// Loading and committing.

#include <gmock/gmock.h>

#include "tests/storage/sample_records.h"
#include "tests/storage/storage_contract.h"

namespace semel::storage {
namespace {

const Key kKey{"shop", "order-1"};
const Key kOther{"shop", "order-2"};
const Key kThird{"shop", "order-3"};

std::vector<Record> OneOfEachState(int64_t token, Time now) {
  return {InProgressRecord(token, now), InDoubtRecord(token, now),       DoneRecord(token, now),
          FailedRecord(token, now),     FailedRecord(token, now, false), VacantRecord(token, now)};
}

TEST_P(StorageContract, NothingIsStoredInTheBeginning) {
  EXPECT_EQ(Load(kKey), std::nullopt);
  EXPECT_TRUE(storage().Health().ok());
  EXPECT_EQ(storage().Open().keys(), 0u);
  EXPECT_TRUE(ScanAll({}).empty());
}

TEST_P(StorageContract, LoadAnswersInTheOrderOfItsKeys) {
  Put(kKey, InProgressRecord(NextToken(), Now()));
  Put(kThird, DoneRecord(NextToken(), Now()));
  const Key* keys[] = {&kThird, &kOther, &kKey};
  std::vector<std::optional<Record>> records(7);  // what is in it must not stay
  ASSERT_TRUE(storage().Load(keys, records).ok());
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0]->state, State::kDone);
  EXPECT_FALSE(records[1]);
  EXPECT_EQ(records[2]->state, State::kInProgress);
}

TEST_P(StorageContract, EveryStateComesBackAsItWasCommitted) {
  for (const Record& record : OneOfEachState(NextToken(), Now())) {
    const Key key{"shop", "state-" + std::to_string(static_cast<int>(record.state)) + record.checkpoint};
    Put(key, record);
    EXPECT_EQ(LoadWhole(key), record);
  }
}

TEST_P(StorageContract, EveryStateMayFollowOnTheSameKey) {
  for (int round = 0; round < 3; ++round) {
    for (const Record& record : OneOfEachState(NextToken(), Now())) {
      Put(kKey, record);
      ASSERT_EQ(LoadWhole(kKey), record);
    }
  }
}

TEST_P(StorageContract, BareRecordsComeBackToo) {
  for (State state : {State::kInProgress, State::kInDoubt, State::kVacant}) {
    const Record bare{.state = state, .token = NextToken()};
    Put({"b", "1"}, bare);
    EXPECT_EQ(LoadWhole({"b", "1"}), bare);
  }
}

TEST_P(StorageContract, VersionsOnlyGrow) {
  uint64_t last = 0;
  for (const Key& key : {kKey, kOther, kKey, kThird, kOther}) {
    for (const Record& record : OneOfEachState(NextToken(), Now())) {
      const uint64_t version = Put(key, record);
      EXPECT_GT(version, last);
      last = version;
    }
  }
}

TEST_P(StorageContract, KeysThatLookAlikeAreDifferentKeys) {
  const std::vector<Key> keys = {{"a", "bc"}, {"ab", "c"},  {"a", "b"}, {"a", "bc "},
                                 {"a", "BC"}, {"a", "bcd"}, {"b", "ac"}};
  std::vector<Mutation> mutations;
  for (const Key& key : keys) {
    Record record = mutations.size() % 2 ? DoneRecord(NextToken(), Now()) : InProgressRecord(NextToken(), Now());
    record.owner = key.ns + "/" + key.name;
    mutations.push_back({.key = key, .record = record});
  }
  ASSERT_TRUE(TryCommit(mutations).ok());
  for (const Key& key : keys) EXPECT_EQ(Load(key)->owner, key.ns + "/" + key.name);
}

TEST_P(StorageContract, AWrongVersionAbortsTheWholeCommit) {
  const uint64_t open = Put(kKey, InProgressRecord(NextToken(), Now()));
  const uint64_t done = Put(kOther, DoneRecord(NextToken(), Now()));
  const std::optional<Record> open_before = Load(kKey);
  const std::optional<Record> done_before = Load(kOther);
  const OpenStats stats = storage().Open();

  const Record good = DoneRecord(NextToken(), Now());
  const auto wrong = {Mutation{kKey, 0, good},          Mutation{kKey, open + 1'000'000, good},
                      Mutation{kKey, done, good},       Mutation{kOther, 0, good},
                      Mutation{kOther, done - 1, good}, Mutation{{"shop", "absent"}, 1, good}};
  for (const Mutation& mutation : wrong) {
    SCOPED_TRACE(testing::PrintToString(mutation.key) + " at " + std::to_string(mutation.expected_version));
    const Mutation fine_before{{"shop", "new-1"}, 0, InProgressRecord(good.token, Now())};
    const Mutation fine_after{mutation.key == kKey ? kOther : kKey, mutation.key == kKey ? done : open, good};
    EXPECT_EQ(TryCommit({fine_before, mutation, fine_after}).code(), absl::StatusCode::kAborted);
    EXPECT_EQ(Load(kKey), open_before);
    EXPECT_EQ(Load(kOther), done_before);
    EXPECT_EQ(Load({"shop", "new-1"}), std::nullopt);
    EXPECT_EQ(Load({"shop", "absent"}), std::nullopt);
    EXPECT_EQ(storage().Open().keys(), stats.keys());
    EXPECT_EQ(storage().Open().bytes, stats.bytes);
  }
  EXPECT_TRUE(storage().Health().ok()) << "a conflict is not a failure";
  EXPECT_TRUE(TryCommit({{kKey, open, good}, {kOther, done, InProgressRecord(good.token, Now())}}).ok());
}

TEST_P(StorageContract, AVersionIsGoodForOneWriteOnly) {
  const uint64_t version = Put(kKey, InProgressRecord(NextToken(), Now()));
  EXPECT_TRUE(TryCommit({{kKey, version, InDoubtRecord(NextToken(), Now())}}).ok());
  EXPECT_EQ(TryCommit({{kKey, version, InProgressRecord(NextToken(), Now())}}).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Load(kKey)->state, State::kInDoubt);
}

TEST_P(StorageContract, AThousandMutationsAreOneCommit) {
  std::vector<Mutation> mutations;
  for (int i = 0; i < 1000; ++i) {
    const Key key{"bulk", std::to_string(i)};
    mutations.push_back({key, 0, i % 2 ? DoneRecord(NextToken(), Now()) : InProgressRecord(NextToken(), Now())});
  }
  ASSERT_TRUE(TryCommit(mutations).ok());
  for (const Mutation& mutation : mutations) ASSERT_EQ(LoadWhole(mutation.key), mutation.record);
  EXPECT_EQ(storage().Open().keys(), 500u);
}

TEST_P(StorageContract, AnEmptyCommitChangesNothing) {
  Put(kKey, InProgressRecord(NextToken(), Now()));
  const std::optional<Record> before = Load(kKey);
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(TryCommit({}).ok());
    time().Advance(std::chrono::milliseconds(700));
  }
  EXPECT_EQ(Load(kKey), before);
}

// ---- The open set ---------------------------------------------------------------------------------------------------

TEST_P(StorageContract, OpenKeysAreCounted) {
  const auto expect_open = [&](size_t in_progress, size_t in_doubt) {
    EXPECT_EQ(storage().Open().in_progress, in_progress);
    EXPECT_EQ(storage().Open().in_doubt, in_doubt);
    EXPECT_EQ(storage().Open().bytes == 0, in_progress + in_doubt == 0);
  };
  Put(kKey, InProgressRecord(NextToken(), Now()));
  expect_open(1, 0);
  Put(kKey, InProgressRecord(NextToken(), Now()));
  expect_open(1, 0);
  Put(kOther, InProgressRecord(NextToken(), Now()));
  expect_open(2, 0);
  Put(kOther, InDoubtRecord(NextToken(), Now()));
  expect_open(1, 1);
  Put(kThird, DoneRecord(NextToken(), Now()));
  expect_open(1, 1);
  Put(kKey, DoneRecord(NextToken(), Now()));
  expect_open(0, 1);
  Put(kOther, VacantRecord(NextToken(), Now()));
  expect_open(0, 0);
  Put(kOther, VacantRecord(NextToken(), Now()));
  expect_open(0, 0);
  Put(kThird, InProgressRecord(NextToken(), Now()));
  expect_open(1, 0);
  Put(kThird, FailedRecord(NextToken(), Now()));
  expect_open(0, 0);
}

TEST_P(StorageContract, OpenBytesFollowWhatIsHeld) {
  Record record = InProgressRecord(NextToken(), Now());
  Put(kKey, record);
  const size_t small = storage().Open().bytes;
  EXPECT_GE(small, kKey.name.size() + record.fingerprint.size() + record.owner.size() + record.checkpoint.size());

  record.checkpoint = std::string(50'000, 'x');
  Put(kKey, record);
  EXPECT_GE(storage().Open().bytes, 50'000u);
  record.checkpoint = "row 41";
  Put(kKey, record);
  EXPECT_EQ(storage().Open().bytes, small);

  Put(kKey, DoneRecord(NextToken(), Now()));
  EXPECT_EQ(storage().Open().bytes, 0u);
}

}  // namespace
}  // namespace semel::storage
