// Every bound of the service in one place. Fixed ones are constants, with their relations checked by the compiler; those
// that an operator may set are in Limits.

#ifndef SEMEL_SERVER_ENGINE_LIMITS_H_
#define SEMEL_SERVER_ENGINE_LIMITS_H_

#include <chrono>
#include <cstddef>

#include "storage/clock.h"
#include "storage/time.h"

namespace semel::engine {

using storage::Duration;
using storage::Micros;
using storage::Time;

inline constexpr size_t kKiB = 1024;
inline constexpr size_t kMiB = 1024 * kKiB;

// Fields, in bytes.
inline constexpr size_t kMaxNamespaceBytes = 63;
inline constexpr size_t kMaxKeyBytes = 255;
inline constexpr size_t kMaxFingerprintBytes = 64;
inline constexpr size_t kAttemptIdBytes = 16;
inline constexpr size_t kMaxOwnerBytes = 128;
inline constexpr size_t kMaxCheckpointBytes = 64 * kKiB;
inline constexpr size_t kMaxContentTypeBytes = 128;
inline constexpr size_t kMaxAttributes = 32;
inline constexpr size_t kMaxAttributeNameBytes = 64;
inline constexpr size_t kMaxAttributeValueBytes = 256;
inline constexpr size_t kMaxAttributesBytes = 2 * kKiB;
inline constexpr size_t kMaxReasonBytes = 64;
inline constexpr size_t kMaxFailureMessageBytes = 512;
inline constexpr size_t kMaxFailureDetailsBytes = 16 * kKiB;
inline constexpr size_t kMaxResultBytesCeiling = 3 * kMiB;  // of what a namespace may set as max_result_bytes

// Durations.
inline constexpr Duration kMinLease = std::chrono::milliseconds(10);
inline constexpr Duration kMaxLeaseCeiling = std::chrono::hours(24 * 7);
inline constexpr Duration kMaxWait = std::chrono::hours(1);
inline constexpr Duration kMaxRetryAfter = std::chrono::hours(24 * 7);
inline constexpr Duration kMinRetention = std::chrono::milliseconds(1);
inline constexpr Duration kMaxRetentionCeiling = std::chrono::hours(24 * 3660);  // ten years
// After a crash, leases that lapsed up to a clock step before it are honoured again, because nobody can know that they had
// lapsed. A key must not have been forgotten meanwhile, or it would come back to life.
inline constexpr Duration kMinAbandonedRetention = std::chrono::seconds(10);
static_assert(kMinAbandonedRetention >= 2 * storage::Clock::kStep);

// Messages. 4 MiB is what gRPC clients accept by default, in every language.
inline constexpr size_t kMaxMessageBytes = 4 * kMiB;
inline constexpr size_t kMaxBatchItems = 1000;
inline constexpr size_t kBatchItemBytes = 512;  // about what an item's operation and its bare answer hold
inline constexpr size_t kMaxPageKeys = 1000;    // of a listing
inline constexpr size_t kMaxWokenBytes =
    64 * kMiB;  // of payload, to waiters, from one group commit; the next one goes on
inline constexpr size_t kMaxReplayedBytes = 64 * kMiB;  // the same, to those who do not wait: the rest is refused
inline constexpr size_t kSmallMessageBytes = 4 * kKiB;  // what max_inflight_bytes never refuses

// Answers that the peer of a Session has not taken off the wire: beyond, it is not read from until it has.
inline constexpr size_t kMaxUnreadBytes = kMaxMessageBytes;
// How long the caller of an operation in a Session may say that it waits.
inline constexpr Duration kMaxTimeout = std::chrono::hours(24 * 3660);

// What an item of a batch answer may weigh after everything that may be left out was left out (rule 19).
inline constexpr size_t kMaxBareItemBytes = kMaxAttributesBytes + kMaxAttributes * 8 + kMaxContentTypeBytes +
                                            kMaxReasonBytes + kMaxFailureMessageBytes + kMaxOwnerBytes + 512;

// A listing reads the storage in slices, and lets the calls that wait go first in between: a slice holds them up for less than
// their own reads do. A page is bounded by what it looks at, not only by what it finds.
inline constexpr size_t kListSlice = 128;
inline constexpr size_t kMaxListSlices = 8;
inline constexpr size_t kMaxListsWaiting = 64;
inline constexpr size_t kMaxPageTokenBytes = 1024;
inline constexpr size_t kMaxListedKeyBytes =
    kMaxNamespaceBytes + kMaxKeyBytes + kMaxFingerprintBytes + kMaxBareItemBytes;

// What administrators are called and why they do what they do, for the audit log.
inline constexpr size_t kMaxActorBytes = 128;
inline constexpr size_t kMaxAuditReasonBytes = 512;

static_assert(kMaxPageKeys * kMaxListedKeyBytes + kMaxPageTokenBytes < kMaxMessageBytes, "a page must fit");
static_assert(kMaxBatchItems * kMaxBareItemBytes < kMaxMessageBytes, "a batch answer must fit, whatever is stored");
static_assert(kMaxResultBytesCeiling + kMaxCheckpointBytes + kMaxBareItemBytes < kMaxMessageBytes,
              "a single answer must fit, whatever is stored");

// What an operator may set; see docs/configuration.md.
struct Limits {
  size_t max_batch_operations = 512;                          // decided together, one group commit
  size_t max_calls = 65'536;                                  // accepted and not yet answered, waiters included
  Duration max_queue_delay = std::chrono::milliseconds(250);  // before a decision; beyond: new work is refused
  size_t max_inflight_bytes = 256 * kMiB;                     // requests and answers of those calls
  size_t max_connection_bytes = 1024 * kMiB;                  // in gRPC: buffers, messages on their way in
  size_t max_streams_per_connection = 16'384;                 // calls at once over one connection
  size_t max_sessions = 8192;                                 // open Session streams
  size_t max_session_operations = 16'384;  // not yet answered, of one Session stream, waiters included
  size_t max_waiters = 49'152;             // parked Begins in all
  size_t max_waiters_per_key = 16'384;
  size_t max_open_keys = 1'000'000;    // in progress or in doubt
  size_t max_open_bytes = 512 * kMiB;  // what they hold in memory (owners, checkpoints, ...)
};

}  // namespace semel::engine

#endif  // SEMEL_SERVER_ENGINE_LIMITS_H_
