// Damaged bytes are refused: they never crash the reader and never become another record.

#include <gtest/gtest.h>
#include <xxhash.h>

#include "absl/strings/escaping.h"
#include "storage/record_codec.h"
#include "tests/storage/golden_records.h"
#include "tests/storage/sample_records.h"

namespace semel::storage {
namespace {

constexpr int kCorruptions = 200'000;

// Every value of these tests, by both decoders. `original` is what the bytes were before they were damaged.
void ExpectRefused(std::string_view damaged, std::string_view original) {
  if (damaged == original) return;
  (void)PeekSettled(damaged);
  const auto open = DecodeOpen(damaged);
  const auto settled = DecodeSettled(damaged);
  ASSERT_EQ(open.status().code(), absl::StatusCode::kDataLoss) << open.status();
  ASSERT_EQ(settled.status().code(), absl::StatusCode::kDataLoss) << settled.status();
}

// With a checksum that fits, as a defective or foreign writer would leave it.
std::string Resealed(std::string value) {
  value.resize(value.size() - 4);
  const auto checksum = static_cast<uint32_t>(XXH3_64bits(value.data(), value.size()));
  for (int shift = 0; shift < 32; shift += 8) value.push_back(static_cast<char>(checksum >> shift));
  return value;
}

class RecordDamageTest : public testing::Test {
 protected:
  std::string AnyValue() {
    return random_.OneIn(2) ? EncodeOpen(random_.AnyKey(), random_.AnyOpen()) : EncodeSettled(random_.AnySettled());
  }
  std::vector<std::string> SampleValues() {
    std::vector<std::string> values;
    for (const Golden& golden : GoldenValues()) values.push_back(absl::HexStringToBytes(golden.hex));
    return values;
  }

  std::string AnyValueOfAnyFormat() { return random_.OneIn(4) ? golden_[random_.Below(golden_.size())] : AnyValue(); }

  Generator random_;
  const std::vector<std::string> golden_ = SampleValues();
};

TEST_F(RecordDamageTest, EveryTruncationIsRefused) {
  std::vector<std::string> values = SampleValues();
  for (int i = 0; i < 200; ++i) values.push_back(AnyValue());
  for (const std::string& value : values) {
    for (size_t size = 0; size < value.size(); ++size) {
      ASSERT_NO_FATAL_FAILURE(ExpectRefused(std::string_view(value).substr(0, size), value));
    }
  }
}

TEST_F(RecordDamageTest, EveryFlippedBitIsRefused) {
  std::vector<std::string> values = SampleValues();
  for (int i = 0; i < 50; ++i) values.push_back(AnyValue());
  for (std::string value : values) {
    const std::string original = value;
    for (size_t bit = 0; bit < value.size() * 8; ++bit) {
      value[bit / 8] ^= static_cast<char>(1 << bit % 8);
      ASSERT_NO_FATAL_FAILURE(ExpectRefused(value, original));
      value[bit / 8] ^= static_cast<char>(1 << bit % 8);
    }
  }
}

TEST_F(RecordDamageTest, WhateverFollowsAValueIsRefused) {
  for (const std::string& value : SampleValues()) {
    for (const std::string& garbage : {std::string(1, '\0'), std::string("x"), value.substr(value.size() - 4), value}) {
      ASSERT_NO_FATAL_FAILURE(ExpectRefused(value + garbage, value));
    }
    std::string padded = value;
    padded.insert(padded.size() - 4, 1, '\0');
    ASSERT_NO_FATAL_FAILURE(ExpectRefused(Resealed(padded), value));
  }
}

TEST_F(RecordDamageTest, RandomCorruptionsAreRefused) {
  std::string value;
  for (int i = 0; i < kCorruptions; ++i) {
    if (i % 100 == 0) value = AnyValue();
    std::string damaged = value;
    switch (random_.Below(5)) {
      case 0: damaged = random_.Bytes(300); break;
      case 1: damaged.resize(random_.Below(damaged.size() + 50)); break;
      case 2: damaged.erase(random_.Below(damaged.size()), 1 + random_.Below(20)); break;
      case 3: damaged.insert(random_.Below(damaged.size()), random_.Bytes(20)); break;
      default:
        for (uint64_t n = 1 + random_.Below(8); n > 0; --n)
          damaged[random_.Below(damaged.size())] ^= 1 + random_.Below(255);
    }
    ASSERT_NO_FATAL_FAILURE(ExpectRefused(damaged, value)) << i;
  }
}

bool IsNewest(const std::string& value) { return value[0] == EncodeSettled(VacantRecord(42, kGoldenTime))[0]; }

// Past the checksum the grammar itself must hold: no crash, no endless count, and one encoding for each record in the format that
// is written. What was read in an older one can be written, and read back.
TEST_F(RecordDamageTest, BrokenGrammarUnderAGoodChecksumIsRefusedOrIsAnotherValidRecord) {
  int refused = 0;
  std::string value;
  for (int i = 0; i < kCorruptions; ++i) {
    if (i % 100 == 0) value = AnyValueOfAnyFormat();
    std::string damaged = value;
    for (uint64_t n = 1 + random_.Below(4); n > 0; --n)
      damaged[random_.Below(damaged.size())] = static_cast<char>(random_.Bits());
    if (random_.OneIn(4)) damaged.resize(4 + random_.Below(damaged.size()));
    damaged = Resealed(damaged);
    const auto open = DecodeOpen(damaged);
    const auto settled = DecodeSettled(damaged);
    ASSERT_FALSE(open.ok() && settled.ok());
    if (open.ok()) {
      const std::string written = EncodeOpen(open->first, open->second);
      if (IsNewest(damaged)) {
        ASSERT_EQ(written, damaged) << i;
      }
      ASSERT_EQ(DecodeOpen(written).value(), *open) << i;
    }
    if (settled.ok()) {
      const std::string written = EncodeSettled(*settled);
      if (IsNewest(damaged)) {
        ASSERT_EQ(written, damaged) << i;
      }
      ASSERT_EQ(DecodeSettled(written).value(), *settled) << i;
    }
    refused += !open.ok() && !settled.ok();
  }
  EXPECT_GT(refused, kCorruptions / 20);
}

TEST_F(RecordDamageTest, UnknownEnumsAndFlagsAreRefused) {
  for (const std::string& value : SampleValues()) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string state = value;
      state[1] = static_cast<char>(byte);
      if (byte < 1 || byte > 5) ExpectRefused(Resealed(state), value);
      std::string flags = value;
      flags[2] = static_cast<char>(byte);
      if (byte >= 32 || (byte & 12) == 12 || (byte & 20) == 20) ExpectRefused(Resealed(flags), value);
      std::string previous = value;
      previous[3] = static_cast<char>(byte);
      if (byte > 3) ExpectRefused(Resealed(previous), value);
    }
  }
}

TEST_F(RecordDamageTest, ANewerFormatIsNamedAndNotTakenForDamage) {
  for (std::string value : SampleValues()) {
    const std::string original = value;
    value[0] = 3;
    const std::string newer = Resealed(value);
    for (const absl::Status& status : {DecodeOpen(newer).status(), DecodeSettled(newer).status()}) {
      EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
      EXPECT_NE(status.message().find("format 3"), std::string::npos) << status;
      EXPECT_NE(status.message().find("newer semeld"), std::string::npos) << status;
    }
    EXPECT_EQ(PeekSettled(newer), std::nullopt) << "compaction must leave it alone";
    value[0] = 0;
    ExpectRefused(Resealed(value), original);
  }
}

}  // namespace
}  // namespace semel::storage
