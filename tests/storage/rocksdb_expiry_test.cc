// What is past its retention leaves the disk, in time and not before, and never uncovers what it covered.

#include <gmock/gmock.h>
#include <rocksdb/listener.h>

#include <condition_variable>
#include <map>
#include <mutex>

#include "tests/storage/rocksdb_harness.h"

namespace semel::storage {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Duration kSlack = seconds(60);

RocksDbOptions WithSlack() {
  RocksDbOptions options = TinyOptions();
  options.reclaim_slack = kSlack;
  return options;
}

// A DONE record keeps its outcome for an hour and its key for a day (sample_records.h).
class ExpiryTest : public RocksDbTest {
 protected:
  ExpiryTest() { harness_.Restart(WithSlack()); }

  bool HasOutcome(const std::string& name) { return Load(name)->outcome.index() != 0; }
  void AdvanceTo(Time when) { harness_.time.Advance(when - Now()); }
  void Trim() { ASSERT_TRUE(storage().Maintain(Now()).ok()); }
  void Reclaim() { ASSERT_TRUE(storage().Reclaim().ok()); }
};

TEST_F(ExpiryTest, FirstTheOutcomeGoesThenTheRecordEachAfterItsSlack) {
  Begin("a");
  Complete("a");
  const Record done = *Load("a");
  Trim();

  AdvanceTo(done.result_expire_time + kSlack - Duration(1));
  Reclaim();
  EXPECT_EQ(Load("a"), done);
  AdvanceTo(done.result_expire_time + kSlack);
  Reclaim();
  Record stripped = done;
  stripped.outcome = std::monostate{};
  EXPECT_EQ(Load("a"), stripped);

  AdvanceTo(done.key_expire_time + kSlack - Duration(1));
  Reclaim();
  EXPECT_EQ(Load("a"), stripped);
  AdvanceTo(done.key_expire_time + kSlack);
  Reclaim();
  EXPECT_EQ(Load("a"), std::nullopt);
}

// What is gone from `settled` must already be gone from the journal.
TEST_F(ExpiryTest, NothingIsDroppedThatTheJournalStillNames) {
  Begin("a");
  Complete("a");
  harness_.time.Advance(hours(48));
  Reclaim();
  EXPECT_TRUE(Load("a")) << "the journal was not trimmed";
  harness_.Reopen();
  Reclaim();
  EXPECT_TRUE(Load("a"));
  EXPECT_THAT(OpenNames(), IsEmpty());

  ASSERT_TRUE(storage().Commit({}, Now()).ok());
  Trim();
  Reclaim();
  EXPECT_EQ(Load("a"), std::nullopt);
  harness_.Reopen();
  EXPECT_EQ(Load("a"), std::nullopt);
  EXPECT_THAT(OpenNames(), IsEmpty());
}

// The trim must be on disk, not merely written, before a compaction relies on it.
TEST_F(ExpiryTest, ATrimThatWasNotSyncedDropsNothing) {
  Begin("a");
  Complete("a");
  harness_.time.Advance(hours(48));
  harness_.disk().FailNextSync(".log");
  EXPECT_FALSE(storage().Maintain(Now()).ok());
  harness_.LoseUnsynced(0);
  harness_.Reopen();
  Reclaim();
  EXPECT_EQ(Load("a")->state, State::kDone);
  EXPECT_THAT(OpenNames(), IsEmpty());
}

TEST_F(ExpiryTest, DroppingUncoversNothingOlder) {
  Put("a", DoneRecord(1, Now() + hours(24 * 365)));
  Reclaim();  // to the bottom
  Put("a", FailedRecord(2, Now()));
  Trim();
  harness_.time.Advance(hours(48));
  Reclaim();
  EXPECT_EQ(Load("a"), std::nullopt);
  harness_.Reopen();
  EXPECT_EQ(Load("a"), std::nullopt);
}

TEST_F(ExpiryTest, DeletedKeysAreDroppedToo) {
  Begin("a");
  Put("a", Record{.state = State::kVacant, .token = token_, .key_expire_time = Now()});
  Trim();
  Reclaim();
  EXPECT_TRUE(Load("a")) << "not before its slack";
  harness_.time.Advance(kSlack);
  Reclaim();
  EXPECT_EQ(Load("a"), std::nullopt);
  EXPECT_EQ(Property("rocksdb_settled_keys_estimate"), 0);
}

TEST_F(ExpiryTest, ARetryableFailureKeepsWhatTheNextAttemptNeeds) {
  Put("a", FailedRecord(1, Now()));
  const Record failed = *Load("a");
  Trim();
  harness_.time.Advance(hours(2));
  for (int i = 0; i < 3; ++i) Reclaim();
  const Failure failure = std::get<Failure>(Load("a")->outcome);
  EXPECT_TRUE(failure.retryable);
  EXPECT_EQ(failure.retry_after, std::get<Failure>(failed.outcome).retry_after);
  EXPECT_EQ(failure.message + failure.details, "");
  EXPECT_EQ(Load("a")->checkpoint, failed.checkpoint);
}

// ---- Payloads ----------------------------------------------------------------------------------------------------

TEST_F(ExpiryTest, PayloadsGoWithTheirRetention) {
  for (int i = 0; i < 20; ++i) {
    Begin(std::to_string(i));
    Complete(std::to_string(i), std::string(50'000, static_cast<char>('a' + i)));
  }
  Reclaim();
  EXPECT_GT(Property("rocksdb_blob_bytes"), 0);
  harness_.time.Advance(minutes(30));
  Begin("younger");
  Complete("younger", std::string(50'000, 'y'));

  harness_.time.Advance(minutes(40));
  Reclaim();
  EXPECT_EQ(storage().LoadPayload({"shop", "younger"}, *Load("younger")).value(), std::string(50'000, 'y'));
  EXPECT_EQ(storage().LoadPayload({"shop", "0"}, Record{.outcome = Result{.payload_detached = true}}).status().code(),
            absl::StatusCode::kNotFound);
  harness_.time.Advance(hours(1));
  Reclaim();
  EXPECT_EQ(Property("rocksdb_blob_bytes"), 0);
}

TEST_F(ExpiryTest, APayloadGoesWithItsRecordWhenThatIsOverwritten) {
  Begin("a");
  Complete("a", std::string(50'000, 'a'));
  Reclaim();
  ASSERT_GT(Property("rocksdb_blob_bytes"), 0);
  Put("a", VacantRecord(token_, Now()));
  Reclaim();
  EXPECT_EQ(Property("rocksdb_blob_bytes"), 0);

  Begin("b");
  Complete("b", std::string(50'000, 'b'));
  harness_.Reopen();
  Begin("b");
  Reclaim();
  EXPECT_EQ(Property("rocksdb_blob_bytes"), 0);
}

TEST_F(ExpiryTest, AMissingPayloadIsDataLossOnlyWhileItsRecordStands) {
  Begin("a");
  Complete("a", std::string(50'000, 'a'));
  Record other = *Load("a");
  other.result_expire_time += seconds(1);  // no payload was ever stored under this
  EXPECT_EQ(storage().LoadPayload({"shop", "a"}, other).status().code(), absl::StatusCode::kDataLoss);
  other.version -= 1;
  EXPECT_EQ(storage().LoadPayload({"shop", "a"}, other).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(storage().Health().ok());
}

// ---- Idle ----------------------------------------------------------------------------------------------------------

// Counts what RocksDB finished, by family.
class Finished final : public rocksdb::EventListener {
 public:
  void OnFlushCompleted(rocksdb::DB* /*db*/, const rocksdb::FlushJobInfo& info) override {
    Count(info.cf_name + " flush");
  }
  void OnCompactionCompleted(rocksdb::DB* /*db*/, const rocksdb::CompactionJobInfo& info) override {
    if (info.compaction_reason == rocksdb::CompactionReason::kPeriodicCompaction) Count(info.cf_name + " compaction");
  }
  void Await(const std::string& what) {
    std::unique_lock lock(mutex_);
    const bool happened = changed_.wait_for(lock, std::chrono::seconds(60), [&] { return counts_[what] > 0; });
    EXPECT_TRUE(happened) << what;
    counts_[what] = 0;
  }

 private:
  void Count(const std::string& what) {
    std::lock_guard lock(mutex_);
    ++counts_[what];
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int> counts_;
};

// Nobody writes any more, and nobody asks for a compaction: only time goes by.
TEST_F(ExpiryTest, WhatExpiredLeavesTheDiskOfAnIdleServer) {
  const auto finished = std::make_shared<Finished>();
  RocksDbOptions options = WithSlack();
  options.reclaim_interval = hours(8);
  options.listeners = {finished};
  harness_.Restart(options);
  for (int i = 0; i < 50; ++i) {
    Begin(std::to_string(i));
    Complete(std::to_string(i), std::string(10'000, 'x'));
  }
  ASSERT_TRUE(storage().Maintain(Now()).ok());  // the first one flushes what was found at the start
  finished->Await("settled flush");
  finished->Await("payload flush");
  EXPECT_GT(Property("rocksdb_blob_bytes"), 0);

  harness_.time.Advance(hours(24));
  for (int hour = 0; hour < 8; ++hour) {
    harness_.time.Advance(hours(1));
    ASSERT_TRUE(storage().Maintain(Now()).ok());
  }
  finished->Await("settled compaction");
  finished->Await("payload compaction");
  EXPECT_EQ(Load("7"), std::nullopt);
  EXPECT_EQ(Property("rocksdb_settled_keys_estimate"), 0);
  EXPECT_EQ(Property("rocksdb_blob_bytes"), 0);
}

}  // namespace
}  // namespace semel::storage
