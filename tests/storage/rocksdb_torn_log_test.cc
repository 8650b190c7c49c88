// After a power cut the database opens again with all that was answered; after damage it does not open.

#include <gmock/gmock.h>

#include <algorithm>
#include <bit>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "storage/rocksdb/torn_log.h"
#include "storage/rocksdb/verify.h"
#include "tests/storage/rocksdb_harness.h"

namespace semel::storage {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class TornLogTest : public RocksDbTest {
 protected:
  TornLogTest() {
    RocksDbOptions options = TinyOptions();
    options.trim_min_entries = 10'000;  // so that the length of a write depends on its record alone
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
  std::string Manifest() {
    std::ifstream current(harness_.options().path + "/db/CURRENT");
    std::string name;
    std::getline(current, name);
    return harness_.options().path + "/db/" + name;
  }

  // Of a length that makes a write end so far into a sector, the log being so long and all the rest of a write so many bytes.
  Record Ending(size_t into_sector, size_t log, size_t rest) {
    Record record = InProgressRecord(++token_, Now());
    record.checkpoint = std::string(512 + (into_sector + 4 * 512 - (log + rest) % 512) % 512, 'c');
    return record;
  }
  // The log then ends so far into a sector, and the next write, which is not synced, so far into another.
  void WriteBetween(size_t begin, size_t end) {
    Begin("first");  // with the clock's mark
    const size_t empty = fs::file_size(Log());
    Put("measured", Ending(0, 0, 0));
    const size_t rest = fs::file_size(Log()) - empty - 512;
    Put("answered", Ending(begin, fs::file_size(Log()), rest));
    synced_ = fs::file_size(Log());
    ASSERT_EQ(synced_ % 512, begin);
    const Mutation unspoken{{"shop", "unspoken"}, 0, Ending(end, synced_, rest)};
    harness_.disk().FailNextSync(".log");
    ASSERT_FALSE(storage().Commit({&unspoken, 1}, Now()).ok());
    harness_.Die();
    ASSERT_EQ(ReadLog().size() % 512, end);
  }
  // Without the sectors whose bits are set in `lost`, counted from that of the first byte that was not synced.
  static std::string Torn(std::string log, size_t synced, size_t lost) {
    for (size_t at = synced, bit = 0; at < log.size(); at = (at / 512 + 1) * 512, ++bit) {
      const size_t bytes = std::min(log.size(), (at / 512 + 1) * 512) - at;
      if ((lost >> bit & 1) != 0) log.replace(at, bytes, bytes, '\0');
    }
    return log;
  }
  static int DifferentBits(const std::string& one, const std::string& other) {
    int bits = 0;
    for (size_t i = 0; i < one.size(); ++i) bits += std::popcount(static_cast<uint8_t>(one[i] ^ other[i]));
    return bits;
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
  size_t synced_ = 0;
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
  harness_.Die();
  const std::string before = ReadLog();
  EXPECT_THAT(MendTornLogs(harness_.options().path + "/db", harness_.options().path).value(), testing::IsEmpty());
  EXPECT_EQ(ReadLog(), before);
  EXPECT_THAT(Kept(), testing::IsEmpty());
}

// Every byte of the last record that was answered, and of some before.
TEST_F(TornLogTest, AFlippedBitIsDamageAlsoInTheLastRecord) {
  for (int i = 0; i < 3; ++i) Begin(std::to_string(i));
  harness_.Die();
  const std::string sound = ReadLog();
  for (size_t at = 0; at < sound.size(); at += 11) {
    std::string damaged = sound;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    WriteLog(damaged);
    ASSERT_THAT(MendTornLogs(harness_.options().path + "/db", harness_.options().path).value(), testing::IsEmpty())
        << at;
    ASSERT_EQ(ReadLog(), damaged);
  }
}

// A payload of zeros looks like a hole: every bit of the last record that was answered, which holds one.
TEST_F(TornLogTest, AFlippedBitIsDamageAlsoInARecordOfZeros) {
  Begin("before");
  const size_t begin = fs::file_size(Log());
  Put("zeros", DoneRecord(++token_, Now(), std::string(1200, '\0')));
  harness_.Die();
  const std::string sound = ReadLog();
  ASSERT_GT(sound.size(), begin + 1200);
  for (size_t bit = 8 * begin; bit < 8 * sound.size(); ++bit) {
    std::string damaged = sound;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    WriteLog(damaged);
    ASSERT_THAT(FindTornLogs(harness_.options().path + "/db").value(), testing::IsEmpty()) << bit;
  }
}

// Every choice of the sectors that got through, for writes that begin and end anywhere in theirs: so close to a sector's edge
// that only the checksum says that bytes are missing, too.
TEST_F(TornLogTest, EveryHoleIsLetGo) {
  for (const size_t begin : {200u, 505u, 508u, 509u, 510u, 511u}) {
    for (const size_t end : {1u, 2u, 3u, 4u, 200u}) {
      ASSERT_NO_FATAL_FAILURE(WriteBetween(begin, end));
      const std::string written = ReadLog();
      const size_t sectors = written.size() / 512 - synced_ / 512 + 1;
      ASSERT_THAT(sectors, testing::AllOf(testing::Ge(2), testing::Le(6)));
      for (size_t lost = 1; lost < size_t{1} << sectors; ++lost) {
        SCOPED_TRACE(testing::Message() << "bytes " << synced_ << " to " << written.size() << ", lost " << lost);
        const std::string torn = Torn(written, synced_, lost);
        WriteLog(torn);
        // One flipped bit would have done the same: refused, rather than to forget what may have been answered.
        const bool is_a_bit = DifferentBits(written, torn) == 1;
        EXPECT_EQ(Verify(harness_.options().path, harness_.time)->sound(), !is_a_bit);
      }
      harness_.Restart(harness_.options());
      EXPECT_TRUE(Load("answered"));
      EXPECT_FALSE(Load("unspoken"));
    }
  }
}

// A change of the files that the MANIFEST did not get through is as good as never made.
TEST_F(TornLogTest, ATornChangeOfTheFilesIsLetGo) {
  int answered = 0;
  for (int changes = 0; changes < 8; ++changes) {
    for (const bool odd : {false, true}) {
      SCOPED_TRACE(testing::Message() << "after " << changes << (odd ? " changes, odd" : " changes, even"));
      for (int i = 0; i < changes; ++i) {
        Begin("answered-" + std::to_string(answered++));
        ASSERT_TRUE(storage().Reclaim().ok());
      }
      Begin("answered-" + std::to_string(answered++));
      harness_.disk().FailNextSync(fs::path(Manifest()).filename());
      ASSERT_FALSE(storage().Reclaim().ok());
      harness_.ReopenTorn(odd);
      for (int i = 0; i < answered; ++i) ASSERT_TRUE(Load("answered-" + std::to_string(i))) << i;
    }
  }
  // As with the log, RocksDB needs no help where the record's own beginning is lost.
  EXPECT_THAT(Kept(), testing::Contains(testing::StartsWith("TORN-MANIFEST-")));
}

// A flush writes two records at once. Every choice of the sectors that got through, and writes that lie anywhere in theirs.
TEST_F(TornLogTest, EveryHoleInAFlushIsLetGo) {
  int torn_before_a_whole_one = 0;
  std::vector<std::string> answered;
  const TemporaryDirectory elsewhere;
  const std::string backups = elsewhere / "backups";
  for (const size_t length : {1u, 38u, 75u, 112u}) {
    for (int changes = 0; changes < 6; ++changes) {
      for (int i = 0; i < changes; ++i) {
        Begin(answered.emplace_back(std::to_string(answered.size()) + std::string(length, 'a')));
        ASSERT_TRUE(storage().Reclaim().ok());
      }
      Begin(answered.emplace_back(std::to_string(answered.size()) + std::string(length, 'a')));
      const std::string manifest = Manifest();
      const size_t synced = fs::file_size(manifest);
      harness_.disk().FailNextSync(fs::path(manifest).filename());
      ASSERT_FALSE(storage().CreateBackup({.directory = backups}).ok());  // what it does first is a flush
      ASSERT_FALSE(storage().Health().ok());
      harness_.Die();
      std::ifstream file(manifest, std::ios::binary);
      const std::string written{std::istreambuf_iterator<char>(file), {}};
      const size_t sectors = (written.size() - 1) / 512 - synced / 512 + 1;
      for (size_t lost = 1; lost < size_t{1} << sectors; ++lost) {
        SCOPED_TRACE(testing::Message() << "bytes " << synced << " to " << written.size() << ", lost " << lost);
        const std::string torn = Torn(written, synced, lost);
        std::ofstream(manifest, std::ios::binary) << torn;
        torn_before_a_whole_one += torn.ends_with(written.substr(written.size() - 15)) ? 1 : 0;
        EXPECT_EQ(Verify(harness_.options().path, harness_.time)->sound(), DifferentBits(written, torn) != 1);
      }
      harness_.Restart(harness_.options());
      for (const std::string& name : answered) ASSERT_TRUE(Load(name)) << name;
    }
  }
  EXPECT_GT(torn_before_a_whole_one, 0);
}

// Zeros where answered records were, with others behind them.
TEST_F(TornLogTest, AHoleBeforeASoundRecordIsDamage) {
  Record record = InProgressRecord(1, Now());
  record.checkpoint = std::string(10'000, 'c');
  for (int i = 0; i < 20; ++i) Put(std::to_string(i), record);
  harness_.Die();
  const std::string sound = ReadLog();
  for (size_t at = 512; at + 30'000 < sound.size(); at += 7 * 512) {
    std::string damaged = sound;
    damaged.replace(at, 4096, 4096, '\0');
    WriteLog(damaged);
    ASSERT_THAT(MendTornLogs(harness_.options().path + "/db", harness_.options().path).value(), testing::IsEmpty())
        << at;
  }
  EXPECT_EQ(TryOpen().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(Kept(), testing::IsEmpty());
}

}  // namespace
}  // namespace semel::storage
