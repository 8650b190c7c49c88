// Every situation in which a call can find a key. The same story everywhere, so that a table can be read without looking here
// twice:
//
//   alice began at @0s (token 500, attempt 1, id A, fingerprint "fp", lease 30s, checkpoint "half" where she saved one);
//   what is settled was settled at @20s, is replayed for 1d and remembered for 7d;
//   a new attempt gets token 1000, because that is Context::fresh_token.
//
// Situations whose name ends in "Now" lie exactly at the instant at which something changes.

#ifndef SEMEL_TESTS_ENGINE_SITUATIONS_H_
#define SEMEL_TESTS_ENGINE_SITUATIONS_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "server/engine/decide.h"

namespace semel::engine {

inline constexpr int64_t kAliceToken = 500;
inline constexpr int64_t kFreshToken = 1000;
inline constexpr uint64_t kDigest = 77;  // of the stored outcome

AttemptId Id(char letter);

struct Situation {
  std::string name;
  std::optional<Record> record;
  Time now{};
  Policy policy;

  // The same with something changed.
  Situation But(const std::function<void(Record&)>& change) const;
  Situation At(Duration since_start) const;
  Situation Under(const std::function<void(Policy&)>& change) const;
};

// Whether the key counts as absent (rules 8 and 11), or has only been vacated.
bool IsForgotten(const Situation& situation);
bool IsVacant(const Situation& situation);

namespace given {

Situation Absent();
Situation ForgottenOpenNow();     // in progress, abandoned retention ends now
Situation ForgottenInDoubtNow();  // in doubt, likewise
Situation ForgottenDoneNow();     // key retention ends now
Situation Deleted();              // deleted just now

Situation Live();              // 10 s into the lease
Situation LiveLastMoment();    // 1 us before it lapses
Situation LiveEffectsBegan();  // 10 s into the lease
Situation LapsedNow();         // policy RERUN
Situation LapsedInDoubtNow();  // policy IN_DOUBT
Situation LapsedEffectsNow();  // policy RERUN, effects began

Situation InDoubt();         // stored as such, at @40s
Situation InDoubtEffects();  // the same, effects had begun

Situation Done();            // at @1m
Situation DoneLastMoment();  // 1 us before result retention ends
Situation DoneExpiredNow();  // result retention ends now
Situation FailedFinal();     // at @1m
Situation FailedFinalExpiredNow();
Situation FailedEarly();         // retryable after 10m, at @1m
Situation FailedEarlyExpired();  // the same, result retention (10 s) is over
Situation FailedDueNow();        // retry_after ends now
Situation FailedDueExpired();    // the same long ago, and result retention ends now

Situation VacantReleased();   // attempt 1 was released at @15s
Situation VacantAbandoned();  // attempt 2 was released, attempt 1 had been abandoned

}  // namespace given

const std::vector<Situation>& AllSituations();

}  // namespace semel::engine

#endif  // SEMEL_TESTS_ENGINE_SITUATIONS_H_
