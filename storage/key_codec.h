// The keys under which storage finds things again: byte strings whose order is the order that storage wants to read in.
// Part of the stored format: see FORMAT.md.

#ifndef SEMEL_STORAGE_KEY_CODEC_H_
#define SEMEL_STORAGE_KEY_CODEC_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_KEY_CODEC_H_
