// Values go there and back, and their bytes are those of FORMAT.md.

#include "storage/record_codec.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "absl/strings/escaping.h"
#include "tests/storage/sample_records.h"

namespace semel::storage {
namespace {

constexpr int kRoundTrips = 20'000;
constexpr char kNewestFormat = 2;

const Key kKey{"shop", "order-1"};
const Time kNow = FromMicros(1'700'000'000'000'000);

std::string Hex(std::string_view bytes) { return absl::BytesToHexString({bytes.data(), bytes.size()}); }

std::string Encode(const Record& record) { return IsOpen(record) ? EncodeOpen(kKey, record) : EncodeSettled(record); }

Record Stripped(Record record) {
  StripOutcome(record);
  return record;
}

Record Detached(Record record) {
  record.outcome = Result{.payload_size = 1'048'576, .payload_detached = true, .content_type = "application/pdf"};
  return record;
}

Record Omitted(Record record) {
  record.outcome = Result{.omitted = true};
  return record;
}

// As a release once wrote them. Never edit one: a new format adds its own beside them, and both must stay readable.
struct Golden {
  const char* name;
  Record record;
  const char* hex;
};

std::vector<Golden> GoldenValues() {
  std::vector<Golden> values = {
      {"in_progress", InProgressRecord(42, kNow),
       "01010001020000002a00000000000000009c8a41230a060000401e18240a060080c3c901000000000060d71d14000000"
       "0102030405060708090a0b0c0d0e0f101a66696e6765727072696e742d6f662d7468652d7265717565737408776f726b"
       "65722d3706726f772034310473686f70076f726465722d31364f14a9"},
      {"in_doubt", InDoubtRecord(42, kNow),
       "01020101020000002a00000000000000009c8a41230a060000401e18240a060080c3c901000000000060d71d14000000"
       "0102030405060708090a0b0c0d0e0f101a66696e6765727072696e742d6f662d7468652d7265717565737408776f726b"
       "65722d3706726f772034310473686f70076f726465722d319b1d004c"},
      {"done", DoneRecord(42, kNow),
       "01030000020000002a00000000000000009c8a41230a0600080706050403020100401e18240a060000e4b1ee240a0600"
       "00a0f535380a060066778899aabbccdd1a66696e6765727072696e742d6f662d7468652d7265717565737408776f726b"
       "65722d37000a726563656970742031320a746578742f706c61696e020b687474702d73746174757303323031086c6f63"
       "6174696f6e0c2f72656365697074732f3132be69430c"},
      {"done_detached", Detached(DoneRecord(42, kNow)),
       "01030800020000002a00000000000000009c8a41230a0600080706050403020100401e18240a060000e4b1ee240a0600"
       "00a0f535380a060066778899aabbccdd1a66696e6765727072696e742d6f662d7468652d7265717565737408776f726b"
       "65722d37008080400f6170706c69636174696f6e2f706466007cfc85c3"},
      {"done_omitted", Omitted(DoneRecord(42, kNow)),
       "01031000020000002a00000000000000009c8a41230a0600080706050403020100401e18240a060000e4b1ee240a0600"
       "00a0f535380a060066778899aabbccdd1a66696e6765727072696e742d6f662d7468652d7265717565737408776f726b"
       "65722d37000000003cdccd8b"},
      {"done_stripped", Stripped(DoneRecord(42, kNow)),
       "01030400020000002a00000000000000009c8a41230a0600080706050403020100401e18240a060000e4b1ee240a0600"
       "00a0f535380a060066778899aabbccdd1a66696e6765727072696e742d6f662d7468652d7265717565737408776f726b"
       "65722d3700f73c01ef"},
      {"failed_retryable", FailedRecord(42, kNow),
       "01040200020000002a00000000000000009c8a41230a0600080706050403020100401e18240a060000e4b1ee240a0600"
       "00a0f535380a060066778899aabbccdd1a66696e6765727072696e742d6f662d7468652d7265717565737408776f726b"
       "65722d3706726f77203431804a5d05000000000d434152445f4445434c494e4544107468652062616e6b207361696420"
       "6e6f07636f64652035319b79322d"},
      {"failed_retryable_stripped", Stripped(FailedRecord(42, kNow)),
       "01040600020000002a00000000000000009c8a41230a0600080706050403020100401e18240a060000e4b1ee240a0600"
       "00a0f535380a060066778899aabbccdd1a66696e6765727072696e742d6f662d7468652d7265717565737408776f726b"
       "65722d3706726f77203431804a5d050000000000000042c85b48"},
      {"failed_final", FailedRecord(42, kNow, false),
       "01040000020000002a00000000000000009c8a41230a0600080706050403020100401e18240a060000e4b1ee240a0600"
       "00a0f535380a060066778899aabbccdd1a66696e6765727072696e742d6f662d7468652d7265717565737408776f726b"
       "65722d370000000000000000000d434152445f4445434c494e4544107468652062616e6b2073616964206e6f07636f64"
       "65203531c16d74c7"},
      {"failed_final_stripped", Stripped(FailedRecord(42, kNow, false)),
       "01040400020000002a00000000000000009c8a41230a0600080706050403020100401e18240a060000e4b1ee240a0600"
       "00a0f535380a060066778899aabbccdd1a66696e6765727072696e742d6f662d7468652d7265717565737408776f726b"
       "65722d3700bf4d12f3"},
      {"vacant", VacantRecord(42, kNow),
       "01050003020000002a00000000000000009c8a41230a0600080706050403020100401e18240a060000401e18240a0600"
       "00a0f535380a060000000000000000000008776f726b65722d37004dfb1f41"},
      {"in_progress, format 2", InProgressRecord(42, kNow),
       "02010001020000002a00000000000000009c8a41230a060000401e18240a060080c3c901000000000060d71d14000000"
       "0102030405060708090a0b0c0d0e0f101a66696e6765727072696e742d6f662d7468652d7265717565737408776f726b"
       "65722d3706726f772034310473686f70076f726465722d31cec3d457"},
      {"in_doubt, format 2", InDoubtRecord(42, kNow),
       "02020101020000002a00000000000000009c8a41230a060000401e18240a060080c3c901000000000060d71d14000000"
       "0102030405060708090a0b0c0d0e0f101a66696e6765727072696e742d6f662d7468652d7265717565737408776f726b"
       "65722d3706726f772034310473686f70076f726465722d312bd942bf"},
      {"done, format 2", DoneRecord(42, kNow),
       "02030000022a00000000000000acefd498e888850680909de91a909cbecefdb7fcfb0180909de91a80f09df4e8046677"
       "8899aabbccdd1a66696e6765727072696e742d6f662d7468652d7265717565737408776f726b65722d37000a72656365"
       "6970742031320a746578742f706c61696e020b687474702d73746174757303323031086c6f636174696f6e0c2f726563"
       "65697074732f313256d2502c"},
      {"done_detached, format 2", Detached(DoneRecord(42, kNow)),
       "02030800022a00000000000000acefd498e888850680909de91a909cbecefdb7fcfb0180909de91a80f09df4e8046677"
       "8899aabbccdd1a66696e6765727072696e742d6f662d7468652d7265717565737408776f726b65722d37008080400f61"
       "70706c69636174696f6e2f7064660055e3fc56"},
      {"done_omitted, format 2", Omitted(DoneRecord(42, kNow)),
       "02031000022a00000000000000acefd498e888850680909de91a909cbecefdb7fcfb0180909de91a80f09df4e8046677"
       "8899aabbccdd1a66696e6765727072696e742d6f662d7468652d7265717565737408776f726b65722d370000000010ae"
       "3f15"},
      {"done_stripped, format 2", Stripped(DoneRecord(42, kNow)),
       "02030400022a00000000000000acefd498e888850680909de91a909cbecefdb7fcfb0180909de91a80f09df4e8046677"
       "8899aabbccdd1a66696e6765727072696e742d6f662d7468652d7265717565737408776f726b65722d3700fd97c5ba"},
      {"failed_retryable, format 2", FailedRecord(42, kNow),
       "02040200022a00000000000000acefd498e888850680909de91a909cbecefdb7fcfb0180909de91a80f09df4e8046677"
       "8899aabbccdd1a66696e6765727072696e742d6f662d7468652d7265717565737408776f726b65722d3706726f772034"
       "31804a5d05000000000d434152445f4445434c494e4544107468652062616e6b2073616964206e6f07636f6465203531"
       "5c32b5ab"},
      {"failed_retryable_stripped, format 2", Stripped(FailedRecord(42, kNow)),
       "02040600022a00000000000000acefd498e888850680909de91a909cbecefdb7fcfb0180909de91a80f09df4e8046677"
       "8899aabbccdd1a66696e6765727072696e742d6f662d7468652d7265717565737408776f726b65722d3706726f772034"
       "31804a5d0500000000000000cbc4dd42"},
      {"failed_final, format 2", FailedRecord(42, kNow, false),
       "02040000022a00000000000000acefd498e888850680909de91a909cbecefdb7fcfb0180909de91a80f09df4e8046677"
       "8899aabbccdd1a66696e6765727072696e742d6f662d7468652d7265717565737408776f726b65722d37000000000000"
       "0000000d434152445f4445434c494e4544107468652062616e6b2073616964206e6f07636f64652035310488778b"},
      {"failed_final_stripped, format 2", Stripped(FailedRecord(42, kNow, false)),
       "02040400022a00000000000000acefd498e888850680909de91a909cbecefdb7fcfb0180909de91a80f09df4e8046677"
       "8899aabbccdd1a66696e6765727072696e742d6f662d7468652d7265717565737408776f726b65722d3700fd602005"},
      {"vacant, format 2", VacantRecord(42, kNow),
       "02050003022a00000000000000acefd498e888850680909de91a909cbecefdb7fcfb01008080bbdd8305000000000000"
       "00000008776f726b65722d3700a632f3a6"},
  };
  for (Golden& golden : values) golden.record.version = IsOpen(golden.record) ? 0 : 0x0102030405060708;
  return values;
}

TEST(RecordCodecTest, GoldenBytes) {
  for (const Golden& golden : GoldenValues()) {
    SCOPED_TRACE(golden.name);
    const std::string bytes = absl::HexStringToBytes(golden.hex);
    if (bytes[0] == kNewestFormat) EXPECT_EQ(Hex(Encode(golden.record)), golden.hex);
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
