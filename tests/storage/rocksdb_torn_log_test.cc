// After a power cut the database opens again with all that was answered; after damage it does not open.

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "storage/rocksdb/torn_log.h"
#include "tests/storage/rocksdb_harness.h"

namespace semel::storage {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class TornLogTest : public RocksDbTest {
 protected:
  TornLogTest() {
    RocksDbOptions options = TinyOptions();
    options.log = [this](const std::string& message) { messages_.push_back(message); };
    harness_.Restart(options);
  }
  ~TornLogTest() override { harness_.Shut(); }

  // `records` of about a kilobyte, written but not synced.
  void WriteUnanswered(int records) {
    std::vector<Mutation> mutations;
    for (int i = 0; i < records; ++i) {
      Record record = InProgressRecord(++token_, Now());
      record.checkpoint = std::string(1000, 'c');
      mutations.push_back({{"shop", "unanswered-" + std::to_string(i)}, 0, record});
    }
    harness_.disk().FailNextSync(".log");
    ASSERT_FALSE(storage().Commit(mutations, Now()).ok());
  }
  std::string Log() { return harness_.LargestFile(".log"); }
  std::string ReadLog() {
    std::ifstream file(Log(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void WriteLog(const std::string& bytes) { std::ofstream(Log(), std::ios::binary) << bytes; }
  absl::Status TryOpen() { return RocksDbStorage::Open(harness_.options(), harness_.time).status(); }
  std::vector<std::string> Kept() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(harness_.options().path)) {
      if (entry.path().filename().string().starts_with("TORN")) names.push_back(entry.path().filename());
    }
    return names;
  }

  std::vector<std::string> messages_;
};

TEST_F(TornLogTest, WhatAPowerCutToreIsLetGo) {
  for (int records : {1, 2, 3, 4, 40, 300}) {  // within a block of the log, over one, over many
    for (bool odd : {false, true}) {
      SCOPED_TRACE(testing::Message() << records << (odd ? " odd" : " even"));
      const std::string answered = "answered-" + std::to_string(records);
      Begin(answered);
      WriteUnanswered(records);
      harness_.ReopenTorn(odd);
      ASSERT_TRUE(storage().Health().ok());
      EXPECT_EQ(Load(answered)->token, token_ - records);
      EXPECT_FALSE(Load("unanswered-0"));
      Begin("next");
      harness_.Reopen();
      EXPECT_EQ(Load("next")->token, token_);
    }
  }
  // Where the record's own beginning is lost, RocksDB takes the rest for space that was never used, and needs no help.
  EXPECT_THAT(Kept(), testing::SizeIs(testing::Ge(6)));
  EXPECT_THAT(messages_, testing::Contains(HasSubstr("a power cut tore the last write")).Times(Kept().size()));
}

TEST_F(TornLogTest, ASoundLogIsLeftAlone) {
  for (int i = 0; i < 100; ++i) Begin(std::to_string(i));
  harness_.Shut();
  const std::string before = ReadLog();
  EXPECT_THAT(MendTornLog(harness_.options().path + "/db", harness_.options().path).value(), "");
  EXPECT_EQ(ReadLog(), before);
  EXPECT_THAT(Kept(), testing::IsEmpty());
}

// Every byte of the last record that was answered, and of some before.
TEST_F(TornLogTest, AFlippedBitIsDamageAlsoInTheLastRecord) {
  for (int i = 0; i < 3; ++i) Begin(std::to_string(i));
  harness_.Shut();
  const std::string sound = ReadLog();
  for (size_t at = 0; at < sound.size(); at += 11) {
    std::string damaged = sound;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    WriteLog(damaged);
    ASSERT_THAT(MendTornLog(harness_.options().path + "/db", harness_.options().path).value(), "") << at;
    ASSERT_EQ(ReadLog(), damaged);
  }
}

// Zeros where answered records were, with others behind them.
TEST_F(TornLogTest, AHoleBeforeASoundRecordIsDamage) {
  Record record = InProgressRecord(1, Now());
  record.checkpoint = std::string(10'000, 'c');
  for (int i = 0; i < 20; ++i) Put(std::to_string(i), record);
  harness_.Shut();
  const std::string sound = ReadLog();
  for (size_t at = 512; at + 30'000 < sound.size(); at += 7 * 512) {
    std::string damaged = sound;
    damaged.replace(at, 4096, 4096, '\0');
    WriteLog(damaged);
    ASSERT_THAT(MendTornLog(harness_.options().path + "/db", harness_.options().path).value(), "") << at;
  }
  EXPECT_EQ(TryOpen().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(Kept(), testing::IsEmpty());
}

}  // namespace
}  // namespace semel::storage
