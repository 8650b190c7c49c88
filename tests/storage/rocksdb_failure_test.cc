// After a failed write nothing is promised again by that process, and nothing that was promised is lost.

#include <gmock/gmock.h>

#include <filesystem>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "tests/storage/rocksdb_harness.h"

namespace semel::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class FailureTest : public RocksDbTest {
 protected:
  FailureTest() {
    harness_.set_log([this](std::string message) {
      std::lock_guard lock(mutex_);
      messages_.push_back(std::move(message));
    });
    harness_.CloseAndReopen();
  }
  ~FailureTest() override { harness_.Shut(); }  // its log is ours

  std::vector<std::string> messages() {
    std::lock_guard lock(mutex_);
    return messages_;
  }

  void ExpectLatched(const absl::Status& failure) {
    EXPECT_EQ(failure.code(), absl::StatusCode::kUnavailable) << failure;
    const Key key{"shop", "a"};
    const Key* keys[] = {&key};
    std::vector<std::optional<Record>> records;
    EXPECT_EQ(storage().Health(), failure);
    EXPECT_EQ(storage().Load(keys, records), failure);
    EXPECT_EQ(storage().LoadPayload(key, DoneRecord(1, Now())).status(), failure);
    EXPECT_EQ(storage().Commit({}, Now()).status(), failure);
    EXPECT_EQ(storage().Scan({}).status(), failure);
    EXPECT_EQ(storage().Maintain(Now()), failure);
    EXPECT_EQ(storage().Reclaim(), failure);
    EXPECT_EQ(storage().Close(), failure);
    EXPECT_THAT(messages(), ElementsAre(HasSubstr("until a restart")));
    EXPECT_FALSE(storage().Properties().empty()) << "gauges go on";
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> messages_;
};

TEST_F(FailureTest, AFailedSyncLatches) {
  Begin("a");
  const OpenStats before = storage().Open();
  harness_.disk().FailNextSync(".log");
  const absl::Status failure = TryPut("b", InProgressRecord(++token_, Now()));
  ASSERT_TRUE(harness_.disk().failed());
  EXPECT_THAT(std::string(failure.message()), HasSubstr("injected fault"));
  ExpectLatched(failure);
  EXPECT_EQ(storage().Open().keys(), before.keys()) << "nothing in memory moves before the disk did";
  EXPECT_EQ(storage().Open().bytes, before.bytes);
}

TEST_F(FailureTest, AFailedWriteLatches) {
  Begin("a");
  const OpenStats before = storage().Open();
  harness_.disk().FailNextAppend(".log");
  const absl::Status failure = TryPut("a", DoneRecord(token_, Now()));
  ASSERT_TRUE(harness_.disk().failed());
  ExpectLatched(failure);
  EXPECT_EQ(storage().Open().keys(), before.keys());
}

TEST_F(FailureTest, AFailedFlushInTheBackgroundLatches) {
  Begin("a");
  Complete("a");
  harness_.disk().FailNextSync(".sst");
  EXPECT_FALSE(storage().Reclaim().ok());
  ASSERT_TRUE(harness_.disk().failed());
  ExpectLatched(storage().Health());
}

TEST_F(FailureTest, AFailedTrimLatches) {
  Begin("a");
  Complete("a");
  harness_.disk().FailNextSync(".log");
  ExpectLatched(storage().Maintain(Now()));
}

TEST_F(FailureTest, ARestartReadsBackWhatIsOnDisk) {
  Begin("a");
  harness_.disk().FailNextSync(".log");
  EXPECT_FALSE(TryPut("a", DoneRecord(token_, Now())).ok());
  harness_.Reopen();
  EXPECT_TRUE(storage().Health().ok());
  EXPECT_EQ(Load("a")->state, State::kDone) << "what was written before the failed sync is there after a mere kill";
  Begin("b");
  EXPECT_THAT(OpenNames(), ElementsAre("b"));
}

// No mark of an orderly end: who failed is not known to have been alive.
TEST_F(FailureTest, ClosingAfterAFailureWritesNothing) {
  Begin("a");
  const Time last_heard = Now();
  harness_.disk().FailNextAppend(".log");
  EXPECT_FALSE(TryPut("b", InProgressRecord(++token_, Now())).ok());
  harness_.time.Advance(std::chrono::hours(1));
  harness_.CloseAndReopen();
  EXPECT_LE(storage().clock().last_alive(), last_heard);
}

TEST_F(FailureTest, AConflictLatchesNothing) {
  Begin("a");
  const Mutation wrong{{"shop", "a"}, 1, DoneRecord(token_, Now())};
  EXPECT_EQ(storage().Commit({&wrong, 1}, Now()).status().code(), absl::StatusCode::kAborted);
  EXPECT_TRUE(storage().Health().ok());
  EXPECT_TRUE(messages().empty());
}

// RocksDB ends the process at the line after one that it could not write to a LOG of its own.
TEST_F(FailureTest, NoLineOfALogIsOnTheDiskThatMayFail) {
  std::mutex mutex;
  std::vector<std::string> said;
  RocksDbOptions options = harness_.options();
  options.debug_log = [&](std::string line) {
    std::lock_guard lock(mutex);
    said.push_back(std::move(line));
  };
  harness_.Restart(options);
  Begin("a");
  harness_.disk().FailNextAppend(".log");
  EXPECT_FALSE(TryPut("b", InProgressRecord(++token_, Now())).ok());
  harness_.Shut();
  EXPECT_THAT(said, testing::Contains(HasSubstr("injected fault"))) << said.size() << " lines";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(harness_.options().path)) {
    if (!entry.is_regular_file()) continue;
    EXPECT_THAT(entry.path().filename(), testing::Not(testing::StartsWith("LOG."))) << entry.path();
    EXPECT_NE(entry.path(), harness_.options().path + "/db/LOG");
  }
}

}  // namespace
}  // namespace semel::storage
