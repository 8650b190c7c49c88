// The only encoding of what Semel stores (its keys: key_codec.h). The grammar stands on top of record_codec.cc and, for
// readers, in FORMAT.md; tests/storage/record_codec_test.cc holds both to golden bytes. A database written by any
// release opens for ever.
//
// Every value ends with a checksum over all before it: a truncated or altered value is DATA_LOSS, never another record.
// A value that a newer release wrote in a format of its own is UNIMPLEMENTED.
//
// Only what the state uses is stored (record.h groups the fields): the lease of a settled record, or the outcome of an
// open one, comes back empty.

#ifndef SEMEL_STORAGE_RECORD_CODEC_H_
#define SEMEL_STORAGE_RECORD_CODEC_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "storage/key_codec.h"  // IWYU pragma: export
#include "storage/record.h"

namespace semel::storage {

// Open records carry their key in the value, because the journal's key is a position. record.version is not stored:
// only the reader of the journal can tell it.
std::string EncodeOpen(const Key& key, const Record& record);
absl::StatusOr<std::pair<Key, Record>> DecodeOpen(std::string_view encoded);

// Settled records. record.version is stored: the position at which the record was settled.
// A Result with payload_detached is stored without its payload, with payload_size.
std::string EncodeSettled(const Record& record);
absl::StatusOr<Record> DecodeSettled(std::string_view encoded);

// What expiry needs, read from the beginning without parsing or verifying the rest. nullopt: not a settled value.
struct SettledHeader {
  State state{};
  bool stripped = false;  // nothing is left for StripOutcome to remove; always so of State::kVacant
  int64_t token = 0;
  uint64_t version = 0;
  Time result_expire_time{};
  Time key_expire_time{};
};
std::optional<SettledHeader> PeekSettled(std::string_view encoded);

// Removes what is not kept past result_expire_time. Of a retryable failure `retryable` and `retry_after` stay: the next
// Begin must still learn that it may run (a final failure or a result becomes monostate: expired).
void StripOutcome(Record& record);

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_RECORD_CODEC_H_
