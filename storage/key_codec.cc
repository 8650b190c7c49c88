// Grammar:
//
//   key         := ns_length:u8 ns name
//   position    := u64, big-endian
//   payload_key := expire_time:i64 token:i64 key   (both big-endian with the sign bit inverted: bytes sort as numbers)

#include "storage/key_codec.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "storage/byte_stream.h"

namespace semel::storage {
namespace {

constexpr size_t kMaxNamespaceBytes = 255;  // what its length byte can say
constexpr uint64_t kSignBit = uint64_t{1} << 63;

absl::Status Damaged(const char* why) { return absl::DataLossError(absl::StrCat("a stored key is damaged: ", why)); }

}  // namespace

std::string EncodeKeyPrefix(std::string_view ns, std::string_view name_prefix) {
  Writer writer(1 + ns.size() + name_prefix.size());
  writer.Require(ns.size() <= kMaxNamespaceBytes, "a namespace of at most 255 bytes");
  writer.Fixed(static_cast<uint8_t>(ns.size()));
  writer.Raw(ns);
  writer.Raw(name_prefix);
  return writer.Take();
}

std::string EncodeKey(const Key& key) { return EncodeKeyPrefix(key.ns, key.name); }

absl::StatusOr<Key> DecodeKey(std::string_view encoded) {
  Reader reader(encoded);
  uint8_t ns_length = 0;
  reader.Fixed(ns_length);
  Key key;
  key.ns = reader.Raw(ns_length);
  key.name = reader.rest();
  if (!reader.ok()) return Damaged("it is no (namespace, key)");
  return key;
}

std::string EncodePosition(uint64_t position) {
  Writer writer(sizeof position);
  writer.BigEndian(position);
  return writer.Take();
}

absl::StatusOr<uint64_t> DecodePosition(std::string_view encoded) {
  Reader reader(encoded);
  uint64_t position = 0;
  reader.BigEndian(position);
  if (!reader.finished()) return Damaged("it is no journal position");
  return position;
}

std::string EncodePayloadKey(const Key& key, Time expire_time, int64_t token) {
  Writer writer(2 * sizeof(uint64_t) + 1 + key.ns.size() + key.name.size());
  writer.BigEndian(static_cast<uint64_t>(Micros(expire_time)) ^ kSignBit);
  writer.BigEndian(static_cast<uint64_t>(token) ^ kSignBit);
  writer.Raw(EncodeKey(key));
  return writer.Take();
}

std::optional<Time> PayloadExpireTime(std::string_view encoded_payload_key) {
  Reader reader(encoded_payload_key);
  uint64_t expire_time = 0;
  uint64_t token = 0;
  reader.BigEndian(expire_time);
  reader.BigEndian(token);
  if (!DecodeKey(reader.rest()).ok()) return std::nullopt;
  return FromMicros(static_cast<int64_t>(expire_time ^ kSignBit));
}

}  // namespace semel::storage
