// What Semel knows of a key, as plain values. The engine decides on them, storage keeps them, and neither needs to know how
// the other works. Limits on sizes are enforced where requests enter (server/rpc/validate.h); the codec bounds lengths again.

#ifndef SEMEL_STORAGE_RECORD_H_
#define SEMEL_STORAGE_RECORD_H_

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "storage/time.h"

namespace semel::storage {

struct Key {
  std::string ns;
  std::string name;

  friend bool operator==(const Key&, const Key&) = default;
  friend auto operator<=>(const Key&, const Key&) = default;

  // For in-memory tables only: absl::Hash is seeded per process.
  template <typename H>
  friend H AbslHashValue(H h, const Key& key) {
    return H::combine(std::move(h), key.ns, key.name);
  }
};

// Numbers are stored: never reuse one.
enum class State : uint8_t {
  kInProgress = 1,  // open: an attempt owns the key, its lease may have lapsed
  kInDoubt = 2,     // open: the owner fell silent and nobody knows what happened
  kDone = 3,        // settled: outcome holds a Result
  kFailed = 4,      // settled: outcome holds a Failure
  kVacant = 5,      // settled: released, deleted or forgotten; what is left to remember for the next attempt
};

// How the attempt before ended. Numbers are stored.
enum class Previous : uint8_t { kNone = 0, kAbandoned = 1, kFailed = 2, kReleased = 3 };

using AttemptId = std::array<uint8_t, 16>;
using Attributes = std::vector<std::pair<std::string, std::string>>;  // sorted by name, names unique

struct Result {
  std::string payload;            // empty where payload_detached or omitted
  uint64_t payload_size = 0;      // of the stored payload, also where it is detached
  bool payload_detached = false;  // storage keeps it apart: Storage::LoadPayload fetches it
  bool omitted = false;           // the owner kept no payload: it was too large
  std::string content_type;
  Attributes attributes;

  friend bool operator==(const Result&, const Result&) = default;
};

struct Failure {
  std::string reason;
  std::string message;
  std::string details;
  bool retryable = false;
  Duration retry_after{};

  friend bool operator==(const Failure&, const Failure&) = default;
};

// monostate: none yet, or stripped after its retention.
using Outcome = std::variant<std::monostate, Result, Failure>;

struct Record {
  // Every state.
  State state = State::kVacant;
  int64_t token = 0;
  uint32_t attempt = 0;
  uint64_t version = 0;  // set by storage: of this record as loaded; 0 means "no record"
  Time create_time{};    // first attempt that is still remembered
  std::string fingerprint;
  std::string owner;
  std::string checkpoint;               // handed to the next attempt
  Previous previous = Previous::kNone;  // kVacant: what the next attempt is told

  // Open states.
  AttemptId attempt_id{};
  Time lease_start{};
  Duration lease{};
  Duration abandoned_retention{};  // how long after the lapse an abandoned key is remembered
  bool effects_began = false;

  // Settled states.
  Time complete_time{};
  Time result_expire_time{};
  Time key_expire_time{};
  uint64_t outcome_digest =
      0;  // tells a repeated Complete from a contradicting one, also after the outcome was stripped
  Outcome outcome;

  friend bool operator==(const Record&, const Record&) = default;
};

inline bool IsOpen(const Record& record) {
  return record.state == State::kInProgress || record.state == State::kInDoubt;
}

inline Time LeaseEnd(const Record& record) { return record.lease_start + record.lease; }

// The instant from which the record counts as absent (protocol rules 8 and 11).
inline Time ForgetTime(const Record& record) {
  return IsOpen(record) ? LeaseEnd(record) + record.abandoned_retention : record.key_expire_time;
}

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_RECORD_H_
