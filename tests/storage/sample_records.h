// Records that tests write and expect back: one of each state, and generated ones. Only fields that the state uses are
// set, so that a record read back can be compared as a whole.

#ifndef SEMEL_TESTS_STORAGE_SAMPLE_RECORDS_H_
#define SEMEL_TESTS_STORAGE_SAMPLE_RECORDS_H_

#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <utility>

#include "storage/record.h"

namespace semel::storage {

inline Record InProgressRecord(int64_t token, Time now) {
  Record record{.state = State::kInProgress, .token = token, .attempt = 2, .create_time = now - std::chrono::hours(1)};
  record.fingerprint = "fingerprint-of-the-request";
  record.owner = "worker-7";
  record.checkpoint = "row 41";
  record.previous = Previous::kAbandoned;
  record.attempt_id = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  record.lease_start = now;
  record.lease = std::chrono::seconds(30);
  record.abandoned_retention = std::chrono::hours(24);
  return record;
}

inline Record InDoubtRecord(int64_t token, Time now) {
  Record record = InProgressRecord(token, now);
  record.state = State::kInDoubt;
  record.effects_began = true;
  return record;
}

// Settled at `now`: the outcome is kept for an hour, the key for a day.
inline Record VacantRecord(int64_t token, Time now) {
  Record record{.state = State::kVacant, .token = token, .attempt = 2, .create_time = now - std::chrono::hours(1)};
  record.owner = "worker-7";
  record.previous = Previous::kReleased;
  record.complete_time = now;
  record.result_expire_time = now;
  record.key_expire_time = now + std::chrono::hours(24);
  return record;
}

inline Record DoneRecord(int64_t token, Time now, std::string payload = "receipt 12") {
  Record record = VacantRecord(token, now);
  record.state = State::kDone;
  record.fingerprint = "fingerprint-of-the-request";
  record.previous = Previous::kNone;
  record.result_expire_time = now + std::chrono::hours(1);
  record.outcome_digest = 0xDDCCBBAA99887766;
  const uint64_t size = payload.size();
  record.outcome = Result{.payload = std::move(payload),
                          .payload_size = size,
                          .content_type = "text/plain",
                          .attributes = {{"http-status", "201"}, {"location", "/receipts/12"}}};
  return record;
}

inline Record FailedRecord(int64_t token, Time now, bool retryable = true) {
  Record record = DoneRecord(token, now);
  record.state = State::kFailed;
  record.outcome = Failure{.reason = "CARD_DECLINED", .message = "the bank said no", .details = "code 51"};
  if (retryable) {
    record.checkpoint = "row 41";
    std::get<Failure>(record.outcome).retryable = true;
    std::get<Failure>(record.outcome).retry_after = std::chrono::seconds(90);
  }
  return record;
}

// Pseudo-random values. The same seed gives the same ones everywhere; SEMEL_TEST_SEED sets another.
class Generator {
 public:
  Generator()
      : seed_(std::getenv("SEMEL_TEST_SEED") ? std::strtoull(std::getenv("SEMEL_TEST_SEED"), nullptr, 10) : 7420) {
    std::cout << "SEMEL_TEST_SEED=" << seed_ << "\n";
    engine_.seed(seed_);
  }

  uint64_t Bits() { return engine_(); }
  uint64_t Below(uint64_t bound) { return engine_() % bound; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }

  // Mostly short; any byte may occur.
  std::string Bytes(size_t longest) {
    std::string bytes(OneIn(4) ? Below(longest + 1) : Below(std::min<size_t>(longest, 12) + 1), '\0');
    for (char& byte : bytes) byte = static_cast<char>(Bits());
    return bytes;
  }

  Key AnyKey() { return {.ns = Bytes(63), .name = Bytes(255)}; }

  Record AnyOpen() {
    Record record = Any(OneIn(2) ? State::kInProgress : State::kInDoubt);
    for (uint8_t& byte : record.attempt_id) byte = static_cast<uint8_t>(Bits());
    record.lease_start = AnyTime();
    record.lease = Duration(static_cast<int64_t>(Bits()));
    record.abandoned_retention = Duration(static_cast<int64_t>(Bits()));
    record.effects_began = OneIn(2);
    return record;
  }

  Record AnySettled() {
    static constexpr State kStates[] = {State::kDone, State::kFailed, State::kVacant};
    Record record = Any(kStates[Below(3)]);
    record.version = Bits();
    record.complete_time = AnyTime();
    record.result_expire_time = AnyTime();
    record.key_expire_time = AnyTime();
    record.outcome_digest = Bits();
    const bool stripped = OneIn(4);
    if (record.state == State::kDone && !stripped) record.outcome = AnyResult();
    if (record.state == State::kFailed && !stripped) record.outcome = AnyFailure();
    return record;
  }

 private:
  Time AnyTime() { return FromMicros(static_cast<int64_t>(OneIn(4) ? Bits() : Below(uint64_t{1} << 52))); }

  Record Any(State state) {
    Record record{.state = state,
                  .token = static_cast<int64_t>(Bits()),
                  .attempt = static_cast<uint32_t>(Bits()),
                  .create_time = AnyTime()};
    record.fingerprint = Bytes(64);
    record.owner = Bytes(128);
    record.checkpoint = Bytes(1000);
    record.previous = static_cast<Previous>(Below(4));
    return record;
  }

  Result AnyResult() {
    Result result{.content_type = Bytes(128)};
    const uint64_t kind = Below(4);
    result.payload_detached = kind == 0;
    result.omitted = kind == 1;
    if (kind > 1) result.payload = Bytes(3000);
    result.payload_size = kind > 1 ? result.payload.size() : Below(uint64_t{1} << 40);
    for (uint64_t count = Below(4); count > 0; --count) result.attributes.emplace_back(Bytes(64), Bytes(200));
    return result;
  }

  Failure AnyFailure() {
    Failure failure{.reason = Bytes(64), .message = Bytes(500), .details = Bytes(2000), .retryable = OneIn(2)};
    failure.retry_after = Duration(static_cast<int64_t>(Bits()));
    return failure;
  }

  uint64_t seed_;
  std::mt19937_64 engine_;
};

}  // namespace semel::storage

#endif  // SEMEL_TESTS_STORAGE_SAMPLE_RECORDS_H_
