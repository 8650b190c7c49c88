// The only encoding of what Semel stores. The grammar stands on top of record_codec.cc and, for readers, in FORMAT.md;
// tests/storage/record_codec_test.cc holds it to golden bytes. A database written by any release opens for ever.
//
// Every value ends with a checksum over all before it: a truncated or altered value is DATA_LOSS, never another record.

#ifndef SEMEL_STORAGE_RECORD_CODEC_H_
#define SEMEL_STORAGE_RECORD_CODEC_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "storage/record.h"

namespace semel::storage {

// Keys sort by namespace length, namespace, name; no two pairs collide.
std::string EncodeKey(const Key& key);
absl::StatusOr<Key> DecodeKey(std::string_view encoded);
// Prefix shared by all encoded keys of a namespace whose names start with `name_prefix`.
std::string EncodeKeyPrefix(std::string_view ns, std::string_view name_prefix);

// Big-endian, so that byte order is numeric order.
std::string EncodePosition(uint64_t position);
absl::StatusOr<uint64_t> DecodePosition(std::string_view encoded);

// A payload kept apart: expiry first, so that compaction can drop it by its key alone.
std::string EncodePayloadKey(const Key& key, Time expire_time, int64_t token);
std::optional<Time> PayloadExpireTime(std::string_view encoded_payload_key);

// Open records carry their key in the value, because the journal's key is a position.
std::string EncodeOpen(const Key& key, const Record& record);
absl::StatusOr<std::pair<Key, Record>> DecodeOpen(std::string_view encoded);

// Settled records. record.version is stored: the position at which the record was settled.
// A Result with payload_detached is stored without its payload, with payload_size.
std::string EncodeSettled(const Record& record);
absl::StatusOr<Record> DecodeSettled(std::string_view encoded);

// What expiry needs, read from the fixed header without parsing or verifying the rest. nullopt: not a settled value.
struct SettledHeader {
  State state{};
  bool stripped = false;  // the outcome was removed after its retention
  int64_t token = 0;
  uint64_t version = 0;
  Time result_expire_time{};
  Time key_expire_time{};
};
std::optional<SettledHeader> PeekSettled(std::string_view encoded);

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_RECORD_CODEC_H_
