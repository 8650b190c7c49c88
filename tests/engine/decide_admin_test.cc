// Resolve and Delete: what an operator may do to a key.

#include "gtest/gtest.h"
#include "tests/engine/decide_table.h"
#include "tests/engine/describe.h"

namespace semel::engine {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

Resolve ToResult() {
  return {.outcome = storage::Result{.payload = "ok", .payload_size = 2}, .outcome_digest = kDigest, .retention = 1h};
}
Resolve ToFailure(bool retryable) {
  return {.outcome = storage::Failure{.reason = "LOST", .retryable = retryable, .retry_after = retryable ? 1min : 0min},
          .outcome_digest = kDigest,
          .retention = 1h};
}
Resolve ToNothing() { return {.outcome_digest = DigestOf(Outcome{})}; }

template <class Call>
Call OfAttempt(uint32_t attempt, Call resolve) {
  resolve.attempt = attempt;
  return resolve;
}

TEST(DecideResolve, ToAResultInEverySituation) {
  const std::string done =
      "DONE token=500 attempt=1 previous=NONE fingerprint=fp created=@0s owner=alice completed=@30s expires=@1h30s "
      "forgotten=@7d30s digest=77 result=ok";
  const std::string done_later =
      "DONE token=500 attempt=1 previous=NONE fingerprint=fp created=@0s owner=alice completed=@40s expires=@1h40s "
      "forgotten=@7d40s digest=77 result=ok";
  std::vector<Row> rows = {
      {"resolve: no record", given::Absent(), ToResult(), "refused KEY_NOT_FOUND"},
      {"8: forgotten", given::ForgottenOpenNow(), ToResult(), "refused KEY_NOT_FOUND"},
      {"8: forgotten", given::ForgottenInDoubtNow(), ToResult(), "refused KEY_NOT_FOUND"},
      {"11: forgotten", given::ForgottenDoneNow(), ToResult(), "refused KEY_NOT_FOUND"},
      {"11: deleted", given::Deleted(), ToResult(), "refused KEY_NOT_FOUND"},
      {"resolve: an owner is at work", given::Live(), ToResult(), "refused NOT_IN_DOUBT"},
      {"resolve: an owner is at work", given::LiveLastMoment(), ToResult(), "refused NOT_IN_DOUBT"},
      {"resolve: an owner is at work", given::LiveEffectsBegan(), ToResult(), "refused NOT_IN_DOUBT"},
      {"resolve: the next Begin takes over, there is no doubt", given::LapsedNow(), ToResult(), "refused NOT_IN_DOUBT"},
      {"9: in doubt, though nobody asked yet", given::LapsedInDoubtNow(), ToResult(), "resolved DONE expires=@1h30s",
       done},
      {"9: in doubt, though nobody asked yet", given::LapsedEffectsNow(), ToResult(), "resolved DONE expires=@1h30s",
       done},
      {"resolve: in doubt", given::InDoubt(), ToResult(), "resolved DONE expires=@1h40s", done_later},
      {"resolve: in doubt", given::InDoubtEffects(), ToResult(), "resolved DONE expires=@1h40s", done_later},
      {"resolve: its owner released it", given::VacantReleased(), ToResult(), "refused KEY_NOT_FOUND"},
      {"resolve: its owner released it", given::VacantAbandoned(), ToResult(), "refused KEY_NOT_FOUND"},
      {"resolve: settled alike, by whomever", given::Done(), ToResult(),
       "resolved DONE expires=@1d20s already_applied"},
      {"resolve: settled alike, the outcome stripped since", given::DoneExpiredNow(), ToResult(),
       "resolved DONE expires=@1d20s already_applied"},
  };
  Resolve other = ToResult();
  other.outcome_digest = kDigest + 1;
  for (const Situation& given : {given::Done(), given::DoneLastMoment(), given::DoneExpiredNow(), given::FailedFinal(),
                                 given::FailedFinalExpiredNow(), given::FailedEarly(), given::FailedEarlyExpired(),
                                 given::FailedDueNow(), given::FailedDueExpired()}) {
    rows.push_back({"resolve: settled otherwise", given, other, "refused OUTCOME_CONFLICT"});
    rows.push_back({"resolve: settled, so something happened", given, ToNothing(), "refused OUTCOME_CONFLICT"});
  }
  CheckRows(rows);
}

TEST(DecideResolve, ToAFailureOrToNothing) {
  const std::string failed =
      "FAILED token=500 attempt=1 previous=NONE fingerprint=fp created=@0s owner=alice completed=@40s expires=@1h40s "
      "forgotten=@7d40s digest=77 failure=LOST final";
  const std::string failed_for_now =
      "FAILED token=500 attempt=1 previous=NONE fingerprint=fp checkpoint=half created=@0s owner=alice completed=@40s "
      "expires=@1h40s forgotten=@7d40s digest=77 failure=LOST retryable retry_after=1m";
  auto after_abandoned = [](Record& r) { r.previous = Previous::kAbandoned; };
  CheckRows({
      {"resolve: to a final failure", given::InDoubt(), ToFailure(false), "resolved FAILED expires=@1h40s", failed},
      {"resolve: to a retryable failure", given::InDoubt(), ToFailure(true), "resolved FAILED expires=@1h40s",
       failed_for_now},
      {"12: of the last attempt", given::InDoubt().Under([](Policy& p) { p.max_attempts = 1; }), ToFailure(true),
       "resolved FAILED expires=@1h40s", failed},
      {"resolve: nothing happened", given::InDoubt(), ToNothing(), "resolved to nothing",
       "VACANT token=500 attempt=1 previous=RELEASED forgotten=@7d40s by an operator"},
      {"resolve: nothing happened", given::LapsedEffectsNow(), ToNothing(), "resolved to nothing",
       "VACANT token=500 attempt=1 previous=RELEASED forgotten=@7d30s by an operator"},
      {"resolve: nothing happened, in no attempt", given::InDoubtEffects().But(after_abandoned), ToNothing(),
       "resolved to nothing", "VACANT token=500 attempt=1 previous=RELEASED forgotten=@7d40s by an operator"},
      {"resolve: an owner is at work", given::Live(), ToNothing(), "refused NOT_IN_DOUBT"},
      {"resolve: no record", given::Absent(), ToNothing(), "refused KEY_NOT_FOUND"},
      {"resolve: its owner released it", given::VacantReleased(), ToNothing(), "refused KEY_NOT_FOUND"},
      {"resolve: its owner released it", given::VacantAbandoned(), ToNothing(), "refused KEY_NOT_FOUND"},
  });
}

// The answer was lost: the operator, or the tool, asks once more.
TEST(DecideResolve, Repeated) {
  Situation freed = given::InDoubt();
  freed.record = Decide(freed, ToNothing()).write;
  ASSERT_TRUE(freed.record);
  Situation taken = freed;
  taken.record = Decide(freed, Begin{.attempt_id = Id('B'), .lease = 30s, .owner = "bob"}).write;
  ASSERT_TRUE(taken.record);
  CheckRows({
      {"resolve: to nothing, again", freed.At(1h), ToNothing(), "resolved to nothing already_applied"},
      {"resolve: to nothing, another operator says otherwise", freed, ToResult(), "refused OUTCOME_CONFLICT"},
      {"resolve: to nothing, somebody began since", taken, ToNothing(), "refused NOT_IN_DOUBT"},
      {"resolve: remembered no longer", freed.At(40s + days(7)), ToNothing(), "refused KEY_NOT_FOUND"},
  });
  for (const Resolve& call : {ToResult(), ToFailure(false), ToFailure(true)}) {
    Situation settled = given::InDoubt();
    settled.record = Decide(settled, call).write;
    ASSERT_TRUE(settled.record);
    const std::string state = call.outcome->index() == 1 ? "DONE" : "FAILED";
    CheckRows({{"resolve: again", settled, call, "resolved " + state + " expires=@1h40s already_applied"},
               {"resolve: again", settled.At(1h), call, "resolved " + state + " expires=@1h40s already_applied"}});
  }
}

// A retry that arrives late must not settle an attempt that nobody looked at.
TEST(DecideResolve, OnlyTheAttemptThatWasMeant) {
  const Situation second = given::InDoubt().But([](Record& r) { r.attempt = 2; });
  CheckRows({
      {"resolve: that attempt", second, OfAttempt(2, ToNothing()), "resolved to nothing",
       "VACANT token=500 attempt=2 previous=RELEASED forgotten=@7d40s by an operator"},
      {"resolve: an earlier one", second, OfAttempt(1, ToNothing()), "refused NOT_IN_DOUBT"},
      {"resolve: one that never was", second, OfAttempt(3, ToResult()), "refused NOT_IN_DOUBT"},
      {"resolve: an earlier one", given::Done(), OfAttempt(2, ToResult()), "refused NOT_IN_DOUBT"},
      {"resolve: that attempt, again", given::Done(), OfAttempt(1, ToResult()),
       "resolved DONE expires=@1d20s already_applied"},
  });
}

TEST(DecideResolve, FencesTheOwnerThatComesBack) {
  Situation given = given::InDoubt();
  given.record = Decide(given, ToNothing()).write;
  ASSERT_TRUE(given.record);
  CheckRows({{"4: the operator said that nothing happened", given,
              Complete{.token = kAliceToken, .outcome = storage::Result{}, .outcome_digest = kDigest, .retention = 1h},
              "refused KEY_NOT_FOUND"}});
}

TEST(DecideDelete, WhateverTheState) {
  for (const Situation& given : AllSituations()) {
    if (IsForgotten(given)) {
      CheckRows({{"delete: no record", given, Delete{}, "refused KEY_NOT_FOUND"}});
    } else if (!IsVacant(given)) {
      const Found found = std::get<Found>(Decide(given, Lookup{}).reply);
      CheckRows({{"delete: absent at once, the token remembered", given, Delete{},
                  Describe(Reply(Deleted{.state = found.state})),
                  "VACANT token=500 attempt=0 previous=NONE forgotten=" + Describe(given.now)}});
    }
  }
}

// What is remembered of a vacated key is for the next attempt: to an operator there is no record.
TEST(DecideDelete, OfAVacatedKey) {
  CheckRows({{"delete: released is no record", given::VacantReleased(), Delete{}, "refused KEY_NOT_FOUND"},
             {"delete: released is no record", given::VacantAbandoned(), Delete{}, "refused KEY_NOT_FOUND"}});
}

}  // namespace
}  // namespace semel::engine
