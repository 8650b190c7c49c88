// Lookup: shows what the next call would find, and changes nothing (rule 16).

#include "gtest/gtest.h"
#include "tests/engine/decide_table.h"
#include "tests/engine/describe.h"

namespace semel::engine {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

TEST(DecideLookup, InEverySituation) {
  CheckEverySituation({
      {"16: no record", given::Absent(), Lookup{}, "no_record"},
      {"8: forgotten", given::ForgottenOpenNow(), Lookup{}, "no_record"},
      {"8: forgotten", given::ForgottenInDoubtNow(), Lookup{}, "no_record"},
      {"11: forgotten", given::ForgottenDoneNow(), Lookup{}, "no_record"},
      {"11: deleted", given::Deleted(), Lookup{}, "no_record"},
      {"16: owned", given::Live(), Lookup{}, "found IN_PROGRESS attempt=1 remaining=20s checkpoint=half"},
      {"7: to the last moment", given::LiveLastMoment(), Lookup{},
       "found IN_PROGRESS attempt=1 remaining=1us checkpoint=half"},
      {"16: owned", given::LiveEffectsBegan(), Lookup{}, "found IN_PROGRESS attempt=1 remaining=20s checkpoint=half"},
      {"7: lapsed: the next Begin decides", given::LapsedNow(), Lookup{},
       "found IN_PROGRESS attempt=1 remaining=0s checkpoint=half"},
      {"7: lapsed long ago", given::LapsedNow().At(2h), Lookup{},
       "found IN_PROGRESS attempt=1 remaining=0s checkpoint=half"},
      {"9: what the next Begin would find", given::LapsedInDoubtNow(), Lookup{},
       "found IN_DOUBT attempt=1 checkpoint=half"},
      {"9: what the next Begin would find", given::LapsedEffectsNow(), Lookup{},
       "found IN_DOUBT attempt=1 checkpoint=half"},
      {"9: a doubt", given::InDoubt(), Lookup{}, "found IN_DOUBT attempt=1 checkpoint=half"},
      {"9: a doubt", given::InDoubtEffects(), Lookup{}, "found IN_DOUBT attempt=1 checkpoint=half"},
      {"16: settled", given::Done(), Lookup{}, "found DONE attempt=1 result=ok"},
      {"10: to the last moment", given::DoneLastMoment(), Lookup{}, "found DONE attempt=1 result=ok"},
      {"11: gone at that instant, though it may still be on disk", given::DoneExpiredNow(), Lookup{},
       "found EXPIRED attempt=1 outcome=none"},
      {"16: settled", given::FailedFinal(), Lookup{}, "found FAILED attempt=1 failure=DECLINED final"},
      {"11: gone at that instant", given::FailedFinalExpiredNow(), Lookup{}, "found EXPIRED attempt=1 outcome=none"},
      {"16: settled", given::FailedEarly(), Lookup{}, "found FAILED attempt=1 failure=BUSY retryable retry_after=10m"},
      {"12: may be run, so not EXPIRED; its details are gone", given::FailedEarlyExpired(), Lookup{},
       "found FAILED attempt=1 outcome=none"},
      {"16: due, but nobody asked", given::FailedDueNow(), Lookup{},
       "found FAILED attempt=1 failure=BUSY retryable retry_after=10m"},
      {"12: may be run, so not EXPIRED; its details are gone", given::FailedDueExpired(), Lookup{},
       "found FAILED attempt=1 outcome=none"},
      {"states: released is no record", given::VacantReleased(), Lookup{}, "no_record"},
      {"states: released is no record", given::VacantAbandoned(), Lookup{}, "no_record"},
  });
}

TEST(DecideLookup, ShowsTheRecordAsItIsStored) {
  for (const Situation& given : AllSituations()) {
    SCOPED_TRACE(given.name);
    Decision decision = Decide(given, Lookup{});
    if (!std::holds_alternative<Found>(decision.reply)) continue;
    const Record& shown = std::get<Found>(decision.reply).record;
    const Record& stored = *given.record;
    EXPECT_EQ(shown.attempt, stored.attempt);
    EXPECT_EQ(shown.owner, stored.owner);
    EXPECT_EQ(shown.fingerprint, stored.fingerprint);
    EXPECT_EQ(shown.create_time, stored.create_time);
    EXPECT_EQ(shown.previous, stored.previous);
    EXPECT_EQ(shown.effects_began, stored.effects_began);
    EXPECT_EQ(shown.complete_time, stored.complete_time);
    EXPECT_EQ(storage::LeaseEnd(shown), storage::LeaseEnd(stored));
    EXPECT_EQ(shown.result_expire_time, stored.result_expire_time);
    EXPECT_EQ(shown.key_expire_time, stored.key_expire_time);
  }
}

TEST(DecideLookup, ForeseesWhatTheNextBeginIsTold) {
  for (const Situation& given : AllSituations()) {
    SCOPED_TRACE(given.name);
    Decision lookup = Decide(given, Lookup{});
    Decision begin = Decide(given, Begin{.attempt_id = Id('B'), .lease = 20s});
    const Found* found = std::get_if<Found>(&lookup.reply);
    EXPECT_EQ(found && found->state == VisibleState::kInDoubt, std::holds_alternative<InDoubt>(begin.reply));
    EXPECT_EQ(found && found->state == VisibleState::kDone, std::holds_alternative<Done>(begin.reply));
    EXPECT_EQ(found && found->state == VisibleState::kExpired, std::holds_alternative<Expired>(begin.reply));
    EXPECT_EQ(found && found->state == VisibleState::kInProgress && found->lease_remaining > 0s,
              std::holds_alternative<InProgress>(begin.reply));
  }
}

}  // namespace
}  // namespace semel::engine
