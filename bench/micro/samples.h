// The same key, record and requests in every case: 36 bytes of key, 32 of fingerprint, 200 of result, as in ./dev bench compare.

#ifndef SEMEL_BENCH_MICRO_SAMPLES_H_
#define SEMEL_BENCH_MICRO_SAMPLES_H_

#include <chrono>
#include <string>

#include "server/engine/request.h"
#include "storage/record.h"

namespace semel::bench {

inline constexpr size_t kResultBytes = 200;
inline constexpr int64_t kToken = 1'700'000'000'000'000;
inline const storage::Time kStart{storage::Duration(kToken)};

inline storage::Key SampleKey() { return {.ns = "bench", .name = std::string(36, 'k')}; }
inline std::string SampleFingerprint() { return std::string(32, 'f'); }
inline storage::AttemptId SampleAttemptId(uint8_t who) {
  storage::AttemptId id;
  id.fill(who);
  return id;
}

inline storage::Result SampleResult(size_t bytes = kResultBytes) {
  return {.payload = std::string(bytes, 'r'), .payload_size = bytes, .content_type = "application/json"};
}

inline engine::Begin SampleBegin(uint8_t who) {
  return {.fingerprint = SampleFingerprint(),
          .attempt_id = SampleAttemptId(who),
          .lease = std::chrono::seconds(30),
          .owner = "worker-1"};
}

inline engine::Complete SampleComplete(int64_t token = kToken) {
  engine::Complete complete{.token = token, .outcome = SampleResult(), .retention = std::chrono::hours(24)};
  complete.outcome_digest = engine::DigestOf(complete.outcome);
  return complete;
}

// Attempt 1, begun at kStart by 'a'.
inline storage::Record OpenRecord() {
  return {.state = storage::State::kInProgress,
          .token = kToken,
          .attempt = 1,
          .version = 1,
          .create_time = kStart,
          .fingerprint = SampleFingerprint(),
          .owner = "worker-1",
          .attempt_id = SampleAttemptId('a'),
          .lease_start = kStart,
          .lease = std::chrono::seconds(30),
          .abandoned_retention = std::chrono::hours(24 * 30)};
}

// Settled one second later with `outcome`.
inline storage::Record SettledRecord(storage::State state, storage::Outcome outcome) {
  const storage::Time complete_time = kStart + std::chrono::seconds(1);
  storage::Record record{.state = state,
                         .token = kToken,
                         .attempt = 1,
                         .version = 2,
                         .create_time = kStart,
                         .fingerprint = SampleFingerprint(),
                         .owner = "worker-1",
                         .complete_time = complete_time,
                         .result_expire_time = complete_time + std::chrono::hours(24),
                         .key_expire_time = complete_time + std::chrono::hours(24 * 7)};
  record.outcome_digest = engine::DigestOf(outcome);
  record.outcome = std::move(outcome);
  return record;
}

inline storage::Record DoneRecord(size_t payload_bytes = kResultBytes) {
  return SettledRecord(storage::State::kDone, SampleResult(payload_bytes));
}

}  // namespace semel::bench

#endif  // SEMEL_BENCH_MICRO_SAMPLES_H_
