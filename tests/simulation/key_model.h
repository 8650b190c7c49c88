// One key as the protocol describes it: what is known of it, and what each call answers and changes.
//
// Written from the protocol's documents as plainly as possible, not from server/engine/decide.cc, so that the two can
// contradict each other. It has no versions, no digests, no encoding and no reclaiming; and it does not number tokens, it only
// says when there must be a new one.

#ifndef SEMEL_TESTS_SIMULATION_KEY_MODEL_H_
#define SEMEL_TESTS_SIMULATION_KEY_MODEL_H_

#include <cstdint>
#include <string>

#include "server/engine/policy.h"
#include "server/engine/reply.h"
#include "server/engine/request.h"

namespace semel::simulation {

using engine::Policy;
using engine::Reply;
using engine::Request;
using storage::AttemptId;
using storage::Duration;
using storage::Outcome;
using storage::Previous;
using storage::Time;

enum class Is { kAbsent, kRunning, kInDoubt, kDone, kFailed, kVacant };

struct KeyModel {
  Is is = Is::kAbsent;
  int64_t token = 0;  // of the latest attempt; below zero: it was drawn, but nobody was told yet
  uint32_t attempt = 0;
  Previous previous = Previous::kNone;
  std::string fingerprint;
  std::string checkpoint;
  std::string owner;
  Time first_begun{};

  // kRunning, kInDoubt.
  AttemptId attempt_id{};
  Time lease_start{};
  Duration lease{};
  Duration abandoned_retention{};
  bool effects_began = false;

  // kDone, kFailed, kVacant.
  Time completed{};
  Time replayed_until{};
  Time remembered_until{};
  Outcome asked;                   // as Complete or Resolve brought it: tells a repetition
  Outcome stored;                  // as it is replayed
  bool freed_by_operator = false;  // kVacant: resolved to "nothing happened"

  bool open() const { return is == Is::kRunning || is == Is::kInDoubt; }
  Time lease_end() const { return lease_start + lease; }
  Time forgotten_at() const { return open() ? lease_end() + abandoned_retention : remembered_until; }
};

// What `key` answers at `now`. A new attempt gets `new_token`. `changed` tells whether anything was written, also where it
// is what was there before.
Reply Answer(KeyModel& key, const Request& request, const Policy& policy, Time now, int64_t new_token, bool& changed);

}  // namespace semel::simulation

#endif  // SEMEL_TESTS_SIMULATION_KEY_MODEL_H_
