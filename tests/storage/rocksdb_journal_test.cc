// The journal of open records stays short, whoever holds it back, and forgets nothing that is alive.

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "storage/rocksdb/open_set.h"
#include "tests/storage/rocksdb_harness.h"

namespace semel::storage {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;

class JournalTest : public RocksDbTest {
 protected:
  double Length() { return Property("journal_entries"); }
  void Pairs(int count) {
    for (int i = 0; i < count; ++i) {
      harness_.time.Advance(milliseconds(1));
      Begin("pair-" + std::to_string(i));
      Complete("pair-" + std::to_string(i));
    }
  }
  void MaintainFor(int rounds) {
    for (int i = 0; i < rounds; ++i) {
      harness_.time.Advance(seconds(1));
      ASSERT_TRUE(storage().Maintain(Now()).ok());
    }
  }
};

TEST_F(JournalTest, TrafficKeepsItShort) {
  Pairs(200);
  EXPECT_LE(Length(), 2 * harness_.options().trim_min_entries);
  harness_.Reopen();
  EXPECT_LE(Length(), 2 * harness_.options().trim_min_entries);
  EXPECT_THAT(OpenNames(), IsEmpty());
}

// More stragglers than one commit writes again.
TEST_F(JournalTest, StragglersAreWrittenAgainAndStayWhatTheyAre) {
  std::map<std::string, Record> stragglers;
  std::vector<std::string> names;
  for (int i = 0; i < 10; ++i) {
    const std::string name = "straggler-" + std::to_string(i);
    Begin(name);
    stragglers[name] = *Load(name);
    names.push_back(name);
  }
  Pairs(300);
  EXPECT_LE(Length(), 8 * stragglers.size());
  for (const auto& [name, record] : stragglers) EXPECT_EQ(Load(name), record) << "its version too";
  EXPECT_THAT(OpenNames(), ElementsAreArray(names)) << "listed in the order in which they were decided";

  harness_.Reopen();
  EXPECT_EQ(storage().Open().in_progress, stragglers.size());
  for (auto& [name, record] : stragglers) {
    record.version = Load(name)->version;
    EXPECT_EQ(Load(name), record);
    token_ = record.token;
    Complete(name);
  }
  harness_.Reopen();
  EXPECT_THAT(OpenNames(), IsEmpty());
}

// A commit checks the version that its caller loaded before another commit wrote the record again.
TEST_F(JournalTest, WritingAgainIsNoConflict) {
  Begin("straggler");
  const uint64_t version = Load("straggler")->version;
  Pairs(100);
  const Mutation done{{"shop", "straggler"}, version, DoneRecord(token_, Now())};
  EXPECT_TRUE(storage().Commit({&done, 1}, Now()).ok());
  harness_.Reopen();
  EXPECT_EQ(Load("straggler")->state, State::kDone);
}

// In one batch with its own rewriting, a record's mutation must win.
TEST_F(JournalTest, AStragglerMaySettleInTheBatchThatWritesItAgain) {
  for (int round = 0; round < 40; ++round) {
    Begin("straggler");
    Pairs(round % 11);
    Put("straggler", round % 2 ? DoneRecord(token_, Now()) : InDoubtRecord(token_, Now()));
    if (round % 4 == 3) harness_.Reopen();
    ASSERT_EQ(Load("straggler")->state, round % 2 ? State::kDone : State::kInDoubt);
    ASSERT_EQ(OpenNames().size(), round % 2 ? 0u : 1u);
  }
}

TEST_F(JournalTest, ItIsBoundedInBytesToo) {
  RocksDbOptions options = TinyOptions();
  options.trim_min_entries = 1'000'000;
  options.trim_min_bytes = 64 << 10;
  harness_.Restart(options);
  Record record = InProgressRecord(1, Now());
  record.checkpoint = std::string(4 << 10, 'x');
  for (int i = 0; i < 200; ++i) Put("a", record);
  EXPECT_LE(Length(), 2 * 64 / 4);
}

TEST_F(JournalTest, InQuietTimesItIsCutPastAllThatIsSettled) {
  Begin("straggler-1");
  Begin("straggler-2");
  Pairs(2);
  const uint64_t settled = Load("pair-1")->version;
  MaintainFor(3);
  EXPECT_GT(Property("journal_trimmed_timestamp_seconds") * 1e6, static_cast<double>(settled));
  EXPECT_THAT(OpenNames(), ElementsAre("straggler-1", "straggler-2"));

  const double trimmed = Property("journal_trimmed_timestamp_seconds");
  const double written = Property("rocksdb_wal_written_bytes");
  MaintainFor(20);
  EXPECT_EQ(Property("journal_trimmed_timestamp_seconds"), trimmed) << "once there, nothing is written again and again";
  EXPECT_EQ(Property("rocksdb_wal_written_bytes"), written);
  harness_.Reopen();
  EXPECT_THAT(OpenNames(), ElementsAre("straggler-1", "straggler-2"));
}

TEST_F(JournalTest, ThousandsOfStragglersAreMovedAFewAtATime) {
  std::vector<Mutation> mutations;
  for (int i = 0; i < 2000; ++i) mutations.push_back({{"shop", std::to_string(i)}, 0, InProgressRecord(1, Now())});
  ASSERT_TRUE(storage().Commit(mutations, Now()).ok());
  Pairs(1);
  const double all = Property("rocksdb_wal_written_bytes");
  MaintainFor(1);
  EXPECT_LT(Property("rocksdb_wal_written_bytes") - all, 10'000) << "no commit waits for all of them";
  MaintainFor(2000 / 3 + 1);
  EXPECT_GT(Property("journal_trimmed_timestamp_seconds") * 1e6, static_cast<double>(Load("pair-0")->version));
  harness_.Reopen();
  EXPECT_EQ(storage().Open().in_progress, 2000u);
}

// ---- The order of live entries -----------------------------------------------------------------------------------

std::vector<std::string> OldestFirst(const OpenSet& set) {
  std::vector<std::string> names;
  for (OpenSet::OldestFirst oldest(set); oldest.node() != nullptr; oldest.Next()) {
    names.push_back(oldest.node()->first.name);
  }
  return names;
}

TEST(OpenSetTest, PositionsOrderWhatWasWrittenAndWhatWasWrittenAgain) {
  OpenSet set;
  const Record record{.state = State::kInProgress};
  for (uint64_t i = 1; i <= 5; ++i) set.Put({"n", std::to_string(i)}, record, i * 10);
  EXPECT_THAT(OldestFirst(set), ElementsAre("1", "2", "3", "4", "5"));

  set.Rewrite(*OpenSet::OldestFirst(set).node(), 60);
  set.Rewrite(*OpenSet::OldestFirst(set).node(), 61);
  EXPECT_THAT(OldestFirst(set), ElementsAre("3", "4", "5", "1", "2"));
  set.Put({"n", "6"}, record, 70);
  set.Put({"n", "1"}, record, 80);
  set.Erase({"n", "4"});
  EXPECT_THAT(OldestFirst(set), ElementsAre("3", "5", "2", "6", "1"));

  for (uint64_t position = 90; position < 93; ++position) set.Rewrite(*OpenSet::OldestFirst(set).node(), position);
  EXPECT_THAT(OldestFirst(set), ElementsAre("6", "1", "3", "5", "2"));
  set.Rewrite(*OpenSet::OldestFirst(set).node(), 100);
  set.Rewrite(*OpenSet::OldestFirst(set).node(), 101);
  set.Rewrite(*OpenSet::OldestFirst(set).node(), 102);
  EXPECT_THAT(OldestFirst(set), ElementsAre("5", "2", "6", "1", "3"));

  std::vector<std::string> by_version;
  for (const auto& [version, node] : set.by_version()) by_version.push_back(node->first.name);
  EXPECT_THAT(by_version, ElementsAre("2", "3", "5", "6", "1"));
}

}  // namespace
}  // namespace semel::storage
