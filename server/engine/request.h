// What callers ask for, as plain values. A request has been validated once (server/rpc/validate.h): sizes, ranges and required
// fields hold, and defaults that depend on the namespace are filled in.

#ifndef SEMEL_SERVER_ENGINE_REQUEST_H_
#define SEMEL_SERVER_ENGINE_REQUEST_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "storage/record.h"

namespace semel::engine {

using storage::AttemptId;
using storage::Duration;
using storage::Key;
using storage::Outcome;
using storage::Previous;
using storage::Record;
using storage::State;
using storage::Time;

struct Begin {
  std::string fingerprint;  // empty: none
  AttemptId attempt_id{};
  Duration lease{};
  Duration wait{};  // zero: answer at once
  std::string owner;
};

struct Complete {
  int64_t token = 0;
  Outcome outcome;              // a Result or a Failure
  uint64_t outcome_digest = 0;  // DigestOf(outcome)
  Duration retention{};
};

struct Lookup {};

struct Renew {
  int64_t token = 0;
  std::optional<Duration> lease;  // nullopt: the length granted before
};

struct Release {
  int64_t token = 0;
};

struct Checkpoint {
  int64_t token = 0;
  std::string data;
  bool effects_began = false;
};

// An operator settles a key in doubt: to an outcome, or (nullopt) to "nothing happened".
struct Resolve {
  std::optional<Outcome> outcome;
  uint64_t outcome_digest = 0;  // DigestOf(outcome)
  Duration retention{};         // only with an outcome
  uint32_t attempt = 0;         // the one that the operator looked at; 0: whichever is in doubt
};

// An operator makes Semel forget a key, whatever its state.
struct Delete {};

using Request = std::variant<Begin, Complete, Lookup, Renew, Release, Checkpoint, Resolve, Delete>;

// Equal outcomes have equal digests; stored, so stable for ever. That of no outcome marks a key that an operator freed.
uint64_t DigestOf(const Outcome& outcome);

}  // namespace semel::engine

#endif  // SEMEL_SERVER_ENGINE_REQUEST_H_
