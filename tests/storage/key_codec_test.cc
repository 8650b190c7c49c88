#include "storage/key_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>

#include "absl/strings/escaping.h"
#include "tests/storage/sample_records.h"

namespace semel::storage {
namespace {

std::string Hex(std::string_view bytes) { return absl::BytesToHexString({bytes.data(), bytes.size()}); }

TEST(KeyCodecTest, GoldenBytes) {
  EXPECT_EQ(Hex(EncodeKey({"shop", "order-1"})), "0473686f706f726465722d31");
  EXPECT_EQ(Hex(EncodeKeyPrefix("shop", "ord")), "0473686f706f7264");
  EXPECT_EQ(Hex(EncodePosition(0x0102030405060708)), "0102030405060708");
  EXPECT_EQ(Hex(EncodePayloadKey({"shop", "order-1"}, FromMicros(1'700'000'000'000'000), 42)),
            "80060a24181e4000800000000000002a0473686f706f726465722d31");
}

TEST(KeyCodecTest, EveryKeyComesBackAndNoTwoCollide) {
  Generator random;
  std::map<std::string, Key> seen;
  for (int i = 0; i < 20'000; ++i) {
    const Key key = random.AnyKey();
    const std::string encoded = EncodeKey(key);
    ASSERT_EQ(DecodeKey(encoded).value(), key);
    auto [entry, added] = seen.emplace(encoded, key);
    ASSERT_EQ(entry->second, key);
  }
  for (const auto& [a, b] : {std::pair(Key{"a", "bc"}, Key{"ab", "c"}), std::pair(Key{"", "abc"}, Key{"abc", ""})}) {
    EXPECT_NE(EncodeKey(a), EncodeKey(b));
  }
}

TEST(KeyCodecTest, KeysSortByNamespaceLengthNamespaceAndName) {
  Generator random;
  const auto order = [](const Key& key) { return std::tuple(key.ns.size(), key.ns, key.name); };
  for (int i = 0; i < 20'000; ++i) {
    Key a = random.AnyKey();
    Key b = random.AnyKey();
    if (random.OneIn(2)) b.ns = a.ns;
    if (random.OneIn(4)) b.name = a.name + b.name;
    ASSERT_EQ(EncodeKey(a) < EncodeKey(b), order(a) < order(b));
  }
}

TEST(KeyCodecTest, APrefixCoversExactlyItsNamespaceAndNames) {
  const std::string prefix = EncodeKeyPrefix("shop", "order-");
  EXPECT_TRUE(EncodeKey({"shop", "order-1"}).starts_with(prefix));
  EXPECT_FALSE(EncodeKey({"shop", "order"}).starts_with(prefix));
  EXPECT_FALSE(EncodeKey({"shops", "order-1"}).starts_with(prefix));
  EXPECT_FALSE(EncodeKey({"sho", "porder-1"}).starts_with(prefix));
  EXPECT_TRUE(EncodeKey({"shop", "anything"}).starts_with(EncodeKeyPrefix("shop", "")));
}

TEST(KeyCodecTest, BrokenKeysAreRefused) {
  EXPECT_EQ(DecodeKey("").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(DecodeKey("\x05shop").status().code(), absl::StatusCode::kDataLoss);
  for (const char* encoded : {"", "1234567", "123456789"}) {
    EXPECT_EQ(DecodePosition(encoded).status().code(), absl::StatusCode::kDataLoss) << encoded;
  }
}

TEST(KeyCodecTest, PositionsSortAsNumbers) {
  Generator random;
  for (int i = 0; i < 10'000; ++i) {
    const uint64_t a = random.Bits() >> random.Below(64);
    const uint64_t b = random.Bits() >> random.Below(64);
    ASSERT_EQ(DecodePosition(EncodePosition(a)).value(), a);
    ASSERT_EQ(EncodePosition(a) < EncodePosition(b), a < b);
  }
}

TEST(KeyCodecTest, PayloadKeysSortByExpiryWhateverTheRest) {
  Generator random;
  const auto any_time = [&] { return FromMicros(static_cast<int64_t>(random.Bits()) >> random.Below(64)); };
  for (int i = 0; i < 10'000; ++i) {
    const Time a = any_time();
    const Time b = any_time();
    const std::string encoded_a = EncodePayloadKey(random.AnyKey(), a, static_cast<int64_t>(random.Bits()));
    const std::string encoded_b = EncodePayloadKey(random.AnyKey(), b, static_cast<int64_t>(random.Bits()));
    ASSERT_EQ(PayloadExpireTime(encoded_a), a);
    ASSERT_TRUE(a == b || (encoded_a < encoded_b) == (a < b)) << i;
  }
}

TEST(KeyCodecTest, PayloadKeysDifferInEveryPart) {
  const Time time = FromMicros(5);
  const std::string encoded = EncodePayloadKey({"a", "b"}, time, 7);
  EXPECT_NE(encoded, EncodePayloadKey({"a", "b"}, time, 8));
  EXPECT_NE(encoded, EncodePayloadKey({"a", "c"}, time, 7));
  EXPECT_NE(encoded, EncodePayloadKey({"ab", ""}, time, 7));
  EXPECT_NE(encoded, EncodePayloadKey({"a", "b"}, time + Duration(1), 7));
  for (size_t size = 0; size < 17; ++size) EXPECT_EQ(PayloadExpireTime(encoded.substr(0, size)), std::nullopt);
}

}  // namespace
}  // namespace semel::storage
