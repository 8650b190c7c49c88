// Resolve and Delete: what an operator may do to a key.

#include "gtest/gtest.h"
#include "tests/engine/decide_table.h"
#include "tests/engine/describe.h"

namespace semel::engine {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

Resolve ToResult() {
  return {.outcome = storage::Result{.payload = "ok", .payload_size = 2}, .outcome_digest = kDigest};
}
Resolve ToFailure(bool retryable) {
  return {.outcome = storage::Failure{.reason = "LOST", .retryable = retryable, .retry_after = retryable ? 1min : 0min},
          .outcome_digest = kDigest};
}
Resolve ToNothing() { return {}; }

TEST(DecideResolve, ToAResultInEverySituation) {
  const std::string done =
      "DONE token=500 attempt=1 previous=NONE fingerprint=fp created=@0s owner=alice completed=@30s expires=@1d30s "
      "forgotten=@7d30s digest=77 result=ok";
  const std::string done_later =
      "DONE token=500 attempt=1 previous=NONE fingerprint=fp created=@0s owner=alice completed=@40s expires=@1d40s "
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
      {"9: in doubt, though nobody asked yet", given::LapsedInDoubtNow(), ToResult(), "resolved", done},
      {"9: in doubt, though nobody asked yet", given::LapsedEffectsNow(), ToResult(), "resolved", done},
      {"resolve: in doubt", given::InDoubt(), ToResult(), "resolved", done_later},
      {"resolve: in doubt", given::InDoubtEffects(), ToResult(), "resolved", done_later},
  };
  for (const Situation& given : {given::Done(), given::DoneLastMoment(), given::DoneExpiredNow(), given::FailedFinal(),
                                 given::FailedFinalExpiredNow(), given::FailedEarly(), given::FailedEarlyExpired(),
                                 given::FailedDueNow(), given::FailedDueExpired()}) {
    rows.push_back({"resolve: settled", given, ToResult(), "refused NOT_IN_DOUBT"});
  }
  CheckRows(rows);
}

TEST(DecideResolve, ToAFailureOrToNothing) {
  const std::string failed =
      "FAILED token=500 attempt=1 previous=NONE fingerprint=fp created=@0s owner=alice completed=@40s expires=@1d40s "
      "forgotten=@7d40s digest=77 failure=LOST final";
  const std::string failed_for_now =
      "FAILED token=500 attempt=1 previous=NONE fingerprint=fp checkpoint=half created=@0s owner=alice completed=@40s "
      "expires=@1d40s forgotten=@7d40s digest=77 failure=LOST retryable retry_after=1m";
  auto after_abandoned = [](Record& r) { r.previous = Previous::kAbandoned; };
  CheckRows({
      {"resolve: to a final failure", given::InDoubt(), ToFailure(false), "resolved", failed},
      {"resolve: to a retryable failure", given::InDoubt(), ToFailure(true), "resolved", failed_for_now},
      {"12: of the last attempt", given::InDoubt().Under([](Policy& p) { p.max_attempts = 1; }), ToFailure(true),
       "resolved", failed},
      {"resolve: nothing happened", given::InDoubt(), ToNothing(), "resolved",
       "VACANT token=500 attempt=1 previous=RELEASED forgotten=@7d40s"},
      {"resolve: nothing happened", given::LapsedEffectsNow(), ToNothing(), "resolved",
       "VACANT token=500 attempt=1 previous=RELEASED forgotten=@7d30s"},
      {"resolve: nothing happened, in no attempt", given::InDoubtEffects().But(after_abandoned), ToNothing(),
       "resolved", "VACANT token=500 attempt=1 previous=RELEASED forgotten=@7d40s"},
      {"resolve: an owner is at work", given::Live(), ToNothing(), "refused NOT_IN_DOUBT"},
      {"resolve: no record", given::Absent(), ToNothing(), "refused KEY_NOT_FOUND"},
      {"resolve: settled", given::Done(), ToNothing(), "refused NOT_IN_DOUBT"},
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
      CheckRows({{"delete: absent at once, the token remembered", given, Delete{}, "deleted",
                  "VACANT token=500 attempt=0 previous=NONE forgotten=" + Describe(given.now)}});
    }
  }
}

// A vacated key is no record to those who look, and yet something is remembered of it. The documents leave open which of the
// two an operator is told; either way nothing of it is left.
TEST(DecideDelete, OrResolveOfAVacatedKey) {
  for (const Situation& given : {given::VacantReleased(), given::VacantAbandoned()}) {
    SCOPED_TRACE(given.name);
    Decision deleted = Decide(given, Delete{});
    if (deleted.write) {
      EXPECT_EQ(Describe(deleted.reply), "deleted");
      EXPECT_EQ(Describe(deleted.write), "VACANT token=500 attempt=0 previous=NONE forgotten=@1m");
    } else {
      EXPECT_EQ(Describe(deleted.reply), "refused KEY_NOT_FOUND");
    }
    Decision resolved = Decide(given, ToResult());
    EXPECT_FALSE(resolved.write);
    EXPECT_TRUE(std::holds_alternative<Refusal>(resolved.reply)) << Describe(resolved.reply);
  }
}

}  // namespace
}  // namespace semel::engine
