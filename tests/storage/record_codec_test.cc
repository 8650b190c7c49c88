// Values go there and back, and their bytes are those of FORMAT.md.

#include "storage/record_codec.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "absl/strings/escaping.h"
#include "tests/storage/golden_records.h"
#include "tests/storage/sample_records.h"

namespace semel::storage {
namespace {

constexpr int kRoundTrips = 20'000;
constexpr char kNewestFormat = 2;

const Key& kKey = kGoldenKey;
const Time kNow = kGoldenTime;

std::string Hex(std::string_view bytes) { return absl::BytesToHexString({bytes.data(), bytes.size()}); }

std::string Encode(const Record& record) { return IsOpen(record) ? EncodeOpen(kKey, record) : EncodeSettled(record); }

TEST(RecordCodecTest, GoldenBytes) {
  for (const Golden& golden : GoldenValues()) {
    SCOPED_TRACE(golden.name);
    const std::string bytes = absl::HexStringToBytes(golden.hex);
    if (bytes[0] == kNewestFormat) {
      EXPECT_EQ(Hex(Encode(golden.record)), golden.hex);
    }
    if (IsOpen(golden.record)) {
      const auto decoded = DecodeOpen(bytes);
      EXPECT_TRUE(decoded.ok() && *decoded == std::pair(kKey, golden.record)) << decoded.status();
    } else {
      const auto decoded = DecodeSettled(bytes);
      EXPECT_TRUE(decoded.ok() && *decoded == golden.record) << decoded.status();
    }
  }
}

TEST(RecordCodecTest, FormatMdShowsTheGoldenBytes) {
  std::stringstream text;
  text << std::ifstream(SEMEL_SOURCE_DIR "/storage/FORMAT.md").rdbuf();
  for (const Golden& golden : GoldenValues()) {
    const std::string line = std::string(golden.name) + ": " + golden.hex + "\n";
    EXPECT_NE(text.str().find(line), std::string::npos) << "FORMAT.md lacks\n" << line;
  }
}

TEST(RecordCodecTest, EveryRecordComesBack) {
  Generator random;
  for (int i = 0; i < kRoundTrips; ++i) {
    const Key key = random.AnyKey();
    const Record open = random.AnyOpen();
    const std::string encoded_open = EncodeOpen(key, open);
    const auto decoded_open = DecodeOpen(encoded_open);
    ASSERT_TRUE(decoded_open.ok()) << decoded_open.status();
    ASSERT_EQ(*decoded_open, std::pair(key, open)) << i;
    ASSERT_EQ(EncodeOpen(decoded_open->first, decoded_open->second), encoded_open);

    const Record settled = random.AnySettled();
    const std::string encoded_settled = EncodeSettled(settled);
    const auto decoded_settled = DecodeSettled(encoded_settled);
    ASSERT_TRUE(decoded_settled.ok()) << decoded_settled.status();
    ASSERT_EQ(*decoded_settled, settled) << i;
    ASSERT_EQ(EncodeSettled(*decoded_settled), encoded_settled);
  }
}

TEST(RecordCodecTest, AGlanceAtTheHeaderAgreesWithTheWhole) {
  Generator random;
  for (int i = 0; i < kRoundTrips; ++i) {
    const Record record = random.AnySettled();
    const std::optional<SettledHeader> header = PeekSettled(EncodeSettled(record));
    ASSERT_TRUE(header);
    ASSERT_EQ(header->state, record.state);
    ASSERT_EQ(header->token, record.token);
    ASSERT_EQ(header->version, record.version);
    ASSERT_EQ(header->result_expire_time, record.result_expire_time);
    ASSERT_EQ(header->key_expire_time, record.key_expire_time);
    ASSERT_EQ(header->stripped, record == Stripped(record));
  }
}

TEST(RecordCodecTest, OpenAndSettledValuesAreNotTakenForEachOther) {
  Generator random;
  for (int i = 0; i < 1000; ++i) {
    const std::string open = EncodeOpen(random.AnyKey(), random.AnyOpen());
    EXPECT_EQ(DecodeSettled(open).status().code(), absl::StatusCode::kDataLoss);
    EXPECT_EQ(PeekSettled(open), std::nullopt);
    EXPECT_EQ(DecodeOpen(EncodeSettled(random.AnySettled())).status().code(), absl::StatusCode::kDataLoss);
  }
}

TEST(RecordCodecTest, OnlyWhatTheStateUsesIsStored) {
  Record done = DoneRecord(42, kNow);
  done.lease = std::chrono::seconds(30);
  done.attempt_id[0] = 1;
  done.effects_began = true;
  EXPECT_EQ(DecodeSettled(EncodeSettled(done)).value(), DoneRecord(42, kNow));

  Record open = InProgressRecord(42, kNow);
  open.version = 7;
  open.complete_time = kNow;
  open.outcome_digest = 7;
  open.outcome = Result{.payload = "x"};
  EXPECT_EQ(DecodeOpen(EncodeOpen(kKey, open)).value().second, InProgressRecord(42, kNow));
}

TEST(RecordCodecTest, ADetachedPayloadIsNotStoredWithItsRecord) {
  Record record = DoneRecord(42, kNow, std::string(10'000, 'x'));
  std::get<Result>(record.outcome).payload_detached = true;
  const std::string encoded = EncodeSettled(record);
  EXPECT_LT(encoded.size(), 300u);
  const Result result = std::get<Result>(DecodeSettled(encoded).value().outcome);
  EXPECT_EQ(result.payload, "");
  EXPECT_EQ(result.payload_size, 10'000u);
  EXPECT_TRUE(result.payload_detached);
}

TEST(RecordCodecTest, StrippingKeepsWhatTheNextBeginMustKnow) {
  EXPECT_EQ(Stripped(DoneRecord(42, kNow)).outcome, Outcome());
  EXPECT_EQ(Stripped(FailedRecord(42, kNow, false)).outcome, Outcome());
  EXPECT_EQ(Stripped(FailedRecord(42, kNow)).outcome,
            Outcome(Failure{.retryable = true, .retry_after = std::chrono::seconds(90)}));
  EXPECT_EQ(Stripped(VacantRecord(42, kNow)), VacantRecord(42, kNow));
}

TEST(RecordCodecDeathTest, ARecordThatBreaksItsRulesIsNotWritten) {
  EXPECT_DEATH(EncodeOpen(kKey, DoneRecord(42, kNow)), "an open state");
  EXPECT_DEATH(EncodeSettled(InProgressRecord(42, kNow)), "a settled state");
  Record failed = FailedRecord(42, kNow);
  failed.outcome = Result{};
  EXPECT_DEATH(EncodeSettled(failed), "a result only where");
  EXPECT_DEATH(EncodeKey({std::string(256, 'x'), "name"}), "a namespace of at most 255 bytes");
}

}  // namespace
}  // namespace semel::storage
