// Payloads, which may be kept apart from their records.

#include "tests/storage/sample_records.h"
#include "tests/storage/storage_contract.h"

namespace semel::storage {
namespace {

const Key kKey{"shop", "order-1"};

std::string PayloadOf(size_t size, char first) {
  std::string payload(size, '\0');
  for (size_t i = 0; i < size; ++i) payload[i] = static_cast<char>(first + i * 31 + (i >> 8));
  return payload;
}

TEST_P(StorageContract, PayloadsOfEverySizeComeBack) {
  for (size_t size : {0u, 1u, 200u, 4095u, 4096u, 4097u, 65'536u, 1'048'576u, 3'145'728u}) {
    SCOPED_TRACE(size);
    const Key key{"shop", "payload-" + std::to_string(size)};
    const Record record = DoneRecord(NextToken(), Now(), PayloadOf(size, 'a'));
    Put(key, record);
    EXPECT_EQ(std::get<Result>(Load(key)->outcome).payload_size, size);
    EXPECT_EQ(LoadWhole(key), record);
  }
  Compact();
  Reopen();
  for (size_t size : {0u, 4096u, 4097u, 1'048'576u}) {
    const auto record = LoadWhole({"shop", "payload-" + std::to_string(size)});
    ASSERT_TRUE(record);
    EXPECT_EQ(std::get<Result>(record->outcome).payload, PayloadOf(size, 'a'));
  }
}

TEST_P(StorageContract, ALargePayloadIsNotLoadedWithItsRecord) {
  Put(kKey, DoneRecord(NextToken(), Now(), PayloadOf(1'048'576, 'a')));
  const Result result = std::get<Result>(Load(kKey)->outcome);
  EXPECT_TRUE(result.payload_detached);
  EXPECT_EQ(result.payload, "");
  EXPECT_EQ(result.payload_size, 1'048'576u);
  EXPECT_EQ(result.attributes.size(), 2u);
  const auto scanned = ScanAll({});
  ASSERT_EQ(scanned.size(), 1u);
  EXPECT_EQ(std::get<Result>(scanned[0].second.outcome), result);
}

TEST_P(StorageContract, AnOmittedPayloadIsNeitherKeptNorLost) {
  Record record = DoneRecord(NextToken(), Now(), "");
  std::get<Result>(record.outcome).omitted = true;
  Put(kKey, record);
  EXPECT_EQ(LoadWhole(kKey), record);
}

TEST_P(StorageContract, APayloadIsNeverTakenForAnother) {
  const std::string first_payload = PayloadOf(10'000, 'a');
  const std::string second_payload = PayloadOf(20'000, 'b');
  Put(kKey, DoneRecord(NextToken(), Now(), first_payload));
  const Record first = *Load(kKey);
  Put(kKey, VacantRecord(first.token, Now()));
  Put(kKey, InProgressRecord(NextToken(), Now()));
  Put(kKey, DoneRecord(NextToken(), Now(), second_payload));
  const Record second = *Load(kKey);

  // Nobody may ask for it any more. Whatever the answer is, it is not the payload of another attempt.
  absl::StatusOr<std::string> old = storage().LoadPayload(kKey, first);
  EXPECT_TRUE(!old.ok() || *old == first_payload);
  EXPECT_EQ(storage().LoadPayload(kKey, second).value(), second_payload);
  EXPECT_FALSE(storage().LoadPayload({"shop", "order-2"}, second).ok());
}

TEST_P(StorageContract, APayloadIsGoneOnceItsRetentionIsOver) {
  const Record done = DoneRecord(NextToken(), Now(), PayloadOf(100'000, 'a'));
  Put(kKey, done);
  const Record loaded = *Load(kKey);
  time().Advance(done.result_expire_time - Now() - Duration(1));
  Compact();
  EXPECT_EQ(storage().LoadPayload(kKey, loaded).value().size(), 100'000u) << "it still has a microsecond";

  time().Advance(Duration(1));
  EXPECT_EQ(storage().LoadPayload(kKey, loaded).status().code(), absl::StatusCode::kNotFound);
  Compact();
  Reopen();
  EXPECT_EQ(storage().LoadPayload(kKey, loaded).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(storage().Health().ok());
}

}  // namespace
}  // namespace semel::storage
