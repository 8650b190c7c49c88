// Grammar, formats 1 and 2. Fixed-width integers are little-endian; a varint is LEB128 in its shortest form; times and
// durations are signed microseconds, times since the Unix epoch.
//
//   open        := format:u8 (1 or 2) common attempt:u32 token:i64 create_time:i64
//                  lease_start:i64 lease:i64 abandoned_retention:i64 attempt_id:byte[16]
//                  fingerprint:bytes owner:bytes checkpoint:bytes ns:bytes name:bytes
//                  checksum
//   settled     := format:u8 (1) common attempt:u32 token:i64 create_time:i64
//                  version:u64 complete_time:i64 result_expire_time:i64 key_expire_time:i64 outcome_digest:u64
//                  fingerprint:bytes owner:bytes checkpoint:bytes outcome
//                  checksum
//                | format:u8 (2) common attempt:varint token:i64
//                  create_time:diff(token) complete_time:diff(create_time) version:diff(complete_time)
//                  result_expire_time:diff(complete_time) key_expire_time:diff(result_expire_time) outcome_digest:u64
//                  fingerprint:bytes owner:bytes checkpoint:bytes outcome
//                  checksum
//   common      := state:u8 flags:u8 previous:u8
//   diff(base)  := varint: the value less the base, modulo 2^64, with its sign in the lowest bit (zigzag)
//   outcome     := result   (DONE, not STRIPPED) | failure   (FAILED, not STRIPPED or RETRYABLE) | nothing   (else)
//   result      := payload content_type:bytes count:varint (name:bytes value:bytes)[count]
//   payload     := size:varint byte[size]   |   size:varint   (DETACHED or OMITTED)
//   failure     := retry_after:i64 reason:bytes message:bytes details:bytes
//   bytes       := length:varint byte[length]
//   flags       := 1 EFFECTS_BEGAN (open) | 2 RETRYABLE (FAILED) | 4 STRIPPED (DONE, FAILED) | 8 DETACHED (DONE)
//                | 16 OMITTED (DONE)
//   checksum    := u32, the low half of XXH3_64 (seed 0) over every byte before it
//
// A value of whatever later format begins with its format byte and ends with this checksum: so a value of a newer
// release is told from a damaged one.

#include "storage/record_codec.h"

#include <xxhash.h>

#include <limits>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "storage/byte_stream.h"

namespace semel::storage {
namespace {

constexpr uint8_t kFormat = 2;       // that is written; all up to it are read
constexpr size_t kHeaderBytes = 64;  // what stands before the texts, but for far-fetched times
constexpr size_t kChecksumBytes = sizeof(uint32_t);

enum Flag : uint8_t { kEffectsBegan = 1, kRetryable = 2, kStripped = 4, kDetached = 8, kOmitted = 16 };

// nullopt: no such state.
std::optional<uint8_t> AllowedFlags(State state) {
  switch (state) {
    case State::kInProgress:
    case State::kInDoubt: return kEffectsBegan;
    case State::kDone: return kStripped | kDetached | kOmitted;
    case State::kFailed: return kStripped | kRetryable;
    case State::kVacant: return 0;
  }
  return std::nullopt;
}

// A failure that lost its texts but stays retryable: what the next Begin must know outlives the retention.
bool IsStripped(const Failure& failure) {
  return failure.retryable && failure.reason.empty() && failure.message.empty() && failure.details.empty();
}

uint8_t FlagsOf(const Record& record) {
  if (IsOpen(record)) return record.effects_began ? kEffectsBegan : 0;
  if (const auto* result = std::get_if<Result>(&record.outcome)) {
    return (result->payload_detached ? kDetached : 0) | (result->omitted ? kOmitted : 0);
  }
  if (const auto* failure = std::get_if<Failure>(&record.outcome)) {
    return (failure->retryable ? kRetryable : 0) | (IsStripped(*failure) ? kStripped : 0);
  }
  return record.state == State::kVacant ? 0 : kStripped;
}

uint32_t Checksum(std::string_view bytes) { return static_cast<uint32_t>(XXH3_64bits(bytes.data(), bytes.size())); }

std::string Sealed(Writer& writer) {
  writer.Fixed(Checksum(writer.written()));
  return writer.Take();
}

absl::Status Damaged(std::string_view encoded, const char* why) {
  return absl::DataLossError(absl::StrCat("a stored value of ", encoded.size(), " bytes is damaged: ", why));
}

// All before the checksum, which was found right, of a value in a format that this release reads.
absl::StatusOr<std::string_view> Unsealed(std::string_view encoded) {
  if (encoded.size() <= kChecksumBytes) return Damaged(encoded, "it is too short");
  const std::string_view content = encoded.substr(0, encoded.size() - kChecksumBytes);
  uint32_t checksum = 0;
  Reader(encoded.substr(content.size())).Fixed(checksum);
  if (checksum != Checksum(content)) return Damaged(encoded, "its checksum does not match");
  const int format = static_cast<uint8_t>(content.front());
  if (format == 0) return Damaged(encoded, "no release wrote format 0");
  if (format > kFormat) {
    return absl::UnimplementedError(absl::StrCat("a stored value has format ", format,
                                                 ", but this semeld reads formats up to ", kFormat,
                                                 ": a newer semeld wrote it and is needed to read it"));
  }
  return content;
}

// One description of each part serves both directions: a Writer with constant records, a Reader with mutable ones.

// Open records, and settled ones in format 1.
template <typename Stream, typename SomeRecord>
void CodeFixedPlaces(Stream& stream, SomeRecord& record) {
  stream.Fixed(record.attempt);
  stream.Fixed(record.token);
  stream.Fixed(record.create_time);
  if (IsOpen(record)) {
    stream.Fixed(record.lease_start);
    stream.Fixed(record.lease);
    stream.Fixed(record.abandoned_retention);
    stream.Fixed(record.attempt_id);
  } else {
    stream.Fixed(record.version);
    stream.Fixed(record.complete_time);
    stream.Fixed(record.result_expire_time);
    stream.Fixed(record.key_expire_time);
    stream.Fixed(record.outcome_digest);
  }
}

// The token, the position and the times come from one clock: their differences are short.
template <typename Stream, typename SomeRecord>
void CodeDifferences(Stream& stream, SomeRecord& record) {
  uint64_t attempt = record.attempt;
  stream.Varint(attempt);
  stream.Require(attempt <= std::numeric_limits<uint32_t>::max(), "an attempt of 32 bits");
  if constexpr (!std::is_const_v<SomeRecord>) record.attempt = static_cast<uint32_t>(attempt);
  stream.Fixed(record.token);
  stream.Difference(record.create_time, record.token);
  stream.Difference(record.complete_time, record.create_time);
  stream.Difference(record.version, record.complete_time);
  stream.Difference(record.result_expire_time, record.complete_time);
  stream.Difference(record.key_expire_time, record.result_expire_time);
  stream.Fixed(record.outcome_digest);
}

template <typename Stream, typename SomeRecord>
void CodeHeader(Stream& stream, SomeRecord& record, uint8_t& flags) {
  uint8_t format = kFormat;
  stream.Fixed(format);
  stream.Fixed(record.state);
  stream.Fixed(flags);
  stream.Fixed(record.previous);
  stream.Require((flags & ~AllowedFlags(record.state).value_or(0)) == 0, "only flags that belong to the state");
  stream.Require(!(flags & kStripped) || !(flags & (kDetached | kOmitted)), "no flags of a result that was stripped");
  stream.Require(AllowedFlags(record.state).has_value(), "a known state");
  stream.Require(record.previous <= Previous::kReleased, "a known end of the attempt before");
  stream.Require(format >= 1 && format <= kFormat, "a known format");
  if (IsOpen(record) || format == 1) return CodeFixedPlaces(stream, record);
  CodeDifferences(stream, record);
}

template <typename Stream, typename SomeRecord>
void CodeTexts(Stream& stream, SomeRecord& record) {
  stream.Bytes(record.fingerprint);
  stream.Bytes(record.owner);
  stream.Bytes(record.checkpoint);
}

template <typename Stream, typename SomeResult>
void CodeResult(Stream& stream, SomeResult& result, uint8_t flags) {
  if (flags & (kDetached | kOmitted)) {
    stream.Varint(result.payload_size);
  } else {
    stream.Bytes(result.payload);
  }
  stream.Bytes(result.content_type);
  stream.Count(result.attributes);
  for (auto& [name, value] : result.attributes) {
    stream.Bytes(name);
    stream.Bytes(value);
  }
}

template <typename Stream, typename SomeFailure>
void CodeFailure(Stream& stream, SomeFailure& failure) {
  stream.Fixed(failure.retry_after);
  stream.Bytes(failure.reason);
  stream.Bytes(failure.message);
  stream.Bytes(failure.details);
}

void ReadOutcome(Reader& reader, Record& record, uint8_t flags) {
  if (record.state == State::kDone && !(flags & kStripped)) {
    auto& result = record.outcome.emplace<Result>();
    result.payload_detached = flags & kDetached;
    result.omitted = flags & kOmitted;
    CodeResult(reader, result, flags);
    if (!result.payload_detached && !result.omitted) result.payload_size = result.payload.size();
  }
  if (record.state == State::kFailed && (!(flags & kStripped) || (flags & kRetryable))) {
    auto& failure = record.outcome.emplace<Failure>();
    failure.retryable = flags & kRetryable;
    CodeFailure(reader, failure);
    reader.Require(IsStripped(failure) == ((flags & kStripped) != 0), "texts, unless they were stripped");
  }
}

size_t TextBytes(const Record& record) {
  return record.fingerprint.size() + record.owner.size() + record.checkpoint.size();
}

}  // namespace

std::string EncodeOpen(const Key& key, const Record& record) {
  Writer writer(kHeaderBytes + TextBytes(record) + key.ns.size() + key.name.size() + 16);
  writer.Require(IsOpen(record), "an open state in the journal");
  uint8_t flags = FlagsOf(record);
  CodeHeader(writer, record, flags);
  CodeTexts(writer, record);
  writer.Bytes(key.ns);
  writer.Bytes(key.name);
  return Sealed(writer);
}

absl::StatusOr<std::pair<Key, Record>> DecodeOpen(std::string_view encoded) {
  absl::StatusOr<std::string_view> content = Unsealed(encoded);
  if (!content.ok()) return content.status();
  Reader reader(*content);
  std::pair<Key, Record> decoded;
  auto& [key, record] = decoded;
  uint8_t flags = 0;
  CodeHeader(reader, record, flags);
  reader.Require(IsOpen(record), "an open state");
  record.effects_began = flags & kEffectsBegan;
  CodeTexts(reader, record);
  reader.Bytes(key.ns);
  reader.Bytes(key.name);
  if (!reader.finished()) return Damaged(encoded, "it breaks the grammar of an open record");
  return decoded;
}

std::string EncodeSettled(const Record& record) {
  const auto* result = std::get_if<Result>(&record.outcome);
  const auto* failure = std::get_if<Failure>(&record.outcome);
  Writer writer(kHeaderBytes + TextBytes(record) + (result == nullptr ? 0 : result->payload.size()) + 128);
  writer.Require(!IsOpen(record), "a settled state among the outcomes");
  writer.Require(result == nullptr || record.state == State::kDone, "a result only where the key is done");
  writer.Require(failure == nullptr || record.state == State::kFailed, "a failure only where the attempt failed");
  uint8_t flags = FlagsOf(record);
  CodeHeader(writer, record, flags);
  CodeTexts(writer, record);
  if (result != nullptr) CodeResult(writer, *result, flags);
  if (failure != nullptr) CodeFailure(writer, *failure);
  return Sealed(writer);
}

absl::StatusOr<Record> DecodeSettled(std::string_view encoded) {
  absl::StatusOr<std::string_view> content = Unsealed(encoded);
  if (!content.ok()) return content.status();
  Reader reader(*content);
  Record record;
  uint8_t flags = 0;
  CodeHeader(reader, record, flags);
  reader.Require(!IsOpen(record), "a settled state");
  CodeTexts(reader, record);
  ReadOutcome(reader, record, flags);
  if (!reader.finished()) return Damaged(encoded, "it breaks the grammar of a settled record");
  return record;
}

std::optional<SettledHeader> PeekSettled(std::string_view encoded) {
  Reader reader(encoded);
  Record record;
  uint8_t flags = 0;
  CodeHeader(reader, record, flags);
  if (!reader.ok() || IsOpen(record)) return std::nullopt;
  return SettledHeader{.state = record.state,
                       .stripped = record.state == State::kVacant || (flags & kStripped),
                       .token = record.token,
                       .version = record.version,
                       .result_expire_time = record.result_expire_time,
                       .key_expire_time = record.key_expire_time};
}

void StripOutcome(Record& record) {
  const auto* failure = std::get_if<Failure>(&record.outcome);
  if (failure != nullptr && failure->retryable) {
    record.outcome = Failure{.retryable = true, .retry_after = failure->retry_after};
  } else {
    record.outcome = std::monostate{};
  }
}

}  // namespace semel::storage
