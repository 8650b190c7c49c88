// What MemoryStorage has beyond the contract: commits that fail at the seam.

#include "storage/memory_storage.h"

#include <gtest/gtest.h>

#include "tests/storage/sample_records.h"

namespace semel::storage {
namespace {

const Key kKey{"shop", "order-1"};
const Key kOther{"shop", "order-2"};

class MemoryStorageTest : public testing::Test {
 protected:
  MemoryStorageTest() { Restart(); }

  void Restart() { storage_ = std::make_unique<MemoryStorage>(time_, disk_, 100); }
  Time Now() { return storage_->clock().Now(); }

  absl::Status Commit(const std::vector<Mutation>& mutations) { return storage_->Commit(mutations, Now()).status(); }

  std::optional<Record> Load(const Key& key) {
    const Key* keys[] = {&key};
    std::vector<std::optional<Record>> records;
    EXPECT_TRUE(storage_->Load(keys, records).ok());
    return records.at(0);
  }

  ManualTime time_;
  std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
  std::unique_ptr<MemoryStorage> storage_;
};

TEST_F(MemoryStorageTest, PayloadsAboveTheLimitAreKeptApart) {
  ASSERT_TRUE(Commit({{kKey, 0, DoneRecord(1, Now(), std::string(100, 'x'))},
                      {kOther, 0, DoneRecord(2, Now(), std::string(101, 'x'))}})
                  .ok());
  EXPECT_FALSE(std::get<Result>(Load(kKey)->outcome).payload_detached);
  EXPECT_TRUE(std::get<Result>(Load(kOther)->outcome).payload_detached);
  EXPECT_EQ(disk_->payloads.size(), 1u);
}

TEST_F(MemoryStorageTest, MaintenanceFreesWhatIsPastItsTime) {
  const Record done = DoneRecord(1, Now(), std::string(1000, 'x'));
  ASSERT_TRUE(Commit({{kKey, 0, done}, {kOther, 0, InProgressRecord(2, Now())}}).ok());
  time_.Advance(done.result_expire_time - Now());
  ASSERT_TRUE(storage_->Maintain(Now()).ok());
  EXPECT_TRUE(disk_->payloads.empty());
  EXPECT_TRUE(std::holds_alternative<std::monostate>(Load(kKey)->outcome));
  time_.Advance(done.key_expire_time - Now());
  ASSERT_TRUE(storage_->Maintain(Now()).ok());
  EXPECT_TRUE(disk_->settled.empty());
  EXPECT_EQ(disk_->open.size(), 1u);
}

TEST_F(MemoryStorageTest, ADamagedDiskIsRefusedAtStart) {
  ASSERT_TRUE(Commit({{kKey, 0, DoneRecord(1, Now())}, {kOther, 0, InProgressRecord(2, Now())}}).ok());
  for (std::string* value : {&disk_->settled.begin()->second, &disk_->open.begin()->second}) {
    value->at(20) ^= 1;
    Restart();
    EXPECT_EQ(storage_->Health().code(), absl::StatusCode::kDataLoss);
    EXPECT_EQ(Commit({}).code(), absl::StatusCode::kDataLoss);
    value->at(20) ^= 1;
  }
  Restart();
  EXPECT_TRUE(storage_->Health().ok());
}

class CommitFaultTest : public MemoryStorageTest, public testing::WithParamInterface<CommitFault> {};

TEST_P(CommitFaultTest, AFailedCommitLatchesAndARestartReadsBackWhatIsThere) {
  const Record begun = InProgressRecord(Micros(Now()), Now());
  ASSERT_TRUE(Commit({{kKey, 0, begun}}).ok());
  const uint64_t version = Load(kKey)->version;

  storage_->FailNextCommit(GetParam());
  EXPECT_TRUE(storage_->Health().ok());
  const absl::Status failure =
      Commit({{kKey, version, DoneRecord(begun.token, Now())}, {kOther, 0, InProgressRecord(begun.token + 1, Now())}});
  EXPECT_EQ(failure.code(), absl::StatusCode::kUnavailable);

  std::vector<std::optional<Record>> records;
  const Key* keys[] = {&kKey};
  EXPECT_EQ(storage_->Health(), failure);
  EXPECT_EQ(storage_->Load(keys, records), failure);
  EXPECT_EQ(storage_->LoadPayload(kKey, begun).status(), failure);
  EXPECT_EQ(Commit({}), failure);
  EXPECT_EQ(Commit({{kOther, 0, begun}}), failure);
  EXPECT_EQ(storage_->Scan({}).status(), failure);
  EXPECT_EQ(storage_->Maintain(Now()), failure);

  const bool written = GetParam() == CommitFault::kEverythingWritten;
  Restart();
  EXPECT_TRUE(storage_->Health().ok());
  EXPECT_EQ(Load(kKey)->state, written ? State::kDone : State::kInProgress);
  EXPECT_EQ(Load(kOther).has_value(), written);
  EXPECT_EQ(storage_->Open().keys(), 1u);
  EXPECT_TRUE(Commit({{kKey, Load(kKey)->version, InDoubtRecord(begun.token + 2, Now())}}).ok());
}

TEST_P(CommitFaultTest, OnlyACommitThatWritesCanFail) {
  ASSERT_TRUE(Commit({}).ok());
  storage_->FailNextCommit(GetParam());
  EXPECT_TRUE(Commit({}).ok()) << "the mark is not due";
  EXPECT_EQ(Commit({{kKey, 7, InProgressRecord(1, Now())}}).code(), absl::StatusCode::kAborted);
  EXPECT_TRUE(storage_->Health().ok());
  time_.Advance(Clock::kStep);
  EXPECT_EQ(Commit({}).code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(storage_->Health().ok());
}

INSTANTIATE_TEST_SUITE_P(BothFaults, CommitFaultTest,
                         testing::Values(CommitFault::kNothingWritten, CommitFault::kEverythingWritten),
                         [](const auto& info) {
                           return info.param == CommitFault::kNothingWritten ? "NothingWritten" : "EverythingWritten";
                         });

}  // namespace
}  // namespace semel::storage
