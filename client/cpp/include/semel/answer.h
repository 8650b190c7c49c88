// What the service answers, as plain values. A refused or failed call is no answer but an absl::Status; see semel/error.h.
//
// Plain values: threads may read one together, and change only their own.

#ifndef SEMEL_ANSWER_H_
#define SEMEL_ANSWER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "semel/outcome.h"

namespace semel {

// How the attempt before this one ended.
enum class Previous {
  kNone,       // there was none, or none that is still remembered
  kAbandoned,  // its lease lapsed without a word: its effect may have happened, in whole or in part
  kFailed,     // it reported a retryable failure
  kReleased,   // it gave the key back and declared that it had done nothing
};

// The caller owns the key and may do the side effect.
struct Acquired {
  int64_t token = 0;  // fencing token: greater for every new attempt on the key. Hand it to what you write to
  int attempt = 0;    // number of this attempt, from 1
  Duration lease{};   // how long the owner may stay silent, counted from the answer
  Previous previous = Previous::kNone;
  std::string checkpoint;            // the last one of earlier attempts; empty where there is none
  bool checkpoint_left_out = false;  // batches only: Client::Lookup fetches it
};

// The side effect was done before.
struct Done {
  Result result;
  Time complete_time{};
  Time expire_time{};  // until when the result is replayed
};

// An attempt failed.
struct Failed {
  Failure failure;
  // Retryable failures: time until the next Begin may acquire the key. Absent for final ones.
  std::optional<Duration> retry_after;
  int attempt = 0;  // number of the attempt that failed
};

// Another attempt owns the key.
struct InProgress {
  std::string owner;           // what its owner calls itself
  int attempt = 0;             // its number
  Duration lease_remaining{};  // until its lease lapses, unless it is renewed
  Duration retry_after{};      // when it makes sense to ask again
};

// Nobody knows whether the side effect happened: the owner fell silent after it had declared that effects began, or the
// namespace wants it so. Find out, then complete or release the key with the token of that attempt, or resolve it.
struct InDoubt {
  std::string owner;                 // of the attempt that fell silent
  Time since{};                      // when its lease lapsed
  std::string checkpoint;            // its last one
  bool checkpoint_left_out = false;  // batches only: Client::Lookup fetches it
};

// The effect ended long ago: its outcome is no longer stored, the key is still remembered.
struct Expired {
  Time complete_time{};
};

using BeginAnswer = std::variant<Acquired, Done, Failed, InProgress, InDoubt, Expired>;

enum class State { kInProgress, kInDoubt, kDone, kFailed, kExpired };

// The outcome is stored.
struct Completed {
  State state = State::kDone;    // kDone or kFailed
  Time expire_time{};            // until when the outcome is replayed
  bool already_applied = false;  // the same outcome with the same token was stored before: this was a retry
  // A retryable failure was made final: the attempt was the last one that the namespace's max_attempts allows.
  bool made_final = false;
  // Lease::Complete only: the server refused the result as it was, so it was stored as Result::omitted.
  bool omitted = false;
  // Lease::Complete and Lease::Fail only, for people: what the server refused of the report, by which rule, and what the record lacks
  // for it. Empty: all is recorded.
  std::string refused;
  // The fields that the record lacks, for programs: retention (the namespace's default counts), result.payload,
  // result.content_type, result.attributes, failure.message, failure.details, failure.retry_after (none counts).
  std::vector<std::string> left_out;
};

// Everything that may be seen of a key. The fencing token is not shown: it belongs to the owner alone.
struct Record {
  State state = State::kInProgress;
  int attempt = 0;             // number of the current or last attempt
  std::string owner;           // of that attempt
  std::string fingerprint;     // of the request that the key stands for; may be empty
  Time create_time{};          // of the first attempt that is still remembered
  Duration lease_remaining{};  // kInProgress; zero once it has lapsed: the next Begin decides what follows
  bool effects_began = false;  // kInProgress, kInDoubt
  std::string checkpoint;      // the last one; may be empty
  Previous previous = Previous::kNone;
  std::optional<Time> in_doubt_since;                     // kInDoubt
  std::optional<Time> complete_time;                      // kDone, kFailed, kExpired
  std::optional<Time> expire_time;                        // kDone, kFailed: until when the outcome is replayed
  Time forget_time{};                                     // until when the key is remembered
  std::variant<std::monostate, Result, Failure> outcome;  // kDone, kFailed
};

}  // namespace semel

#endif  // SEMEL_ANSWER_H_
