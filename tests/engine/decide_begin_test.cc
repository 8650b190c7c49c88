// Begin by somebody new: which situations hand the key over, and which only tell how it stands.

#include "gtest/gtest.h"
#include "tests/engine/decide_table.h"
#include "tests/engine/describe.h"

namespace semel::engine {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

Begin ByBob() { return {.fingerprint = "fp", .attempt_id = Id('B'), .lease = 20s, .owner = "bob"}; }

TEST(DecideBegin, BySomebodyNewInEverySituation) {
  CheckEverySituation({
      {"1: nothing is stored", given::Absent(), ByBob(),  //
       "acquired token=1000 attempt=1 lease=20s previous=NONE",
       "IN_PROGRESS token=1000 attempt=1 previous=NONE fingerprint=fp created=@0s owner=bob id=B lease=@0s+20s "
       "abandoned=30d"},
      {"8, 11: an abandoned attempt past abandoned_retention is gone", given::ForgottenOpenNow(), ByBob(),
       "acquired token=1000 attempt=1 lease=20s previous=NONE",
       "IN_PROGRESS token=1000 attempt=1 previous=NONE fingerprint=fp created=@30d30s owner=bob id=B lease=@30d30s+20s "
       "abandoned=30d"},
      {"8, 11: a doubt past abandoned_retention is gone", given::ForgottenInDoubtNow(), ByBob(),
       "acquired token=1000 attempt=1 lease=20s previous=NONE",
       "IN_PROGRESS token=1000 attempt=1 previous=NONE fingerprint=fp created=@30d30s owner=bob id=B lease=@30d30s+20s "
       "abandoned=30d"},
      {"11: past key retention the key is gone", given::ForgottenDoneNow(), ByBob(),
       "acquired token=1000 attempt=1 lease=20s previous=NONE",
       "IN_PROGRESS token=1000 attempt=1 previous=NONE fingerprint=fp created=@7d20s owner=bob id=B lease=@7d20s+20s "
       "abandoned=30d"},
      {"11: a deleted key is gone at once", given::Deleted(), ByBob(),
       "acquired token=1000 attempt=1 lease=20s previous=NONE",
       "IN_PROGRESS token=1000 attempt=1 previous=NONE fingerprint=fp created=@1m owner=bob id=B lease=@1m+20s "
       "abandoned=30d"},

      {"1: a live lease is respected", given::Live(), ByBob(), "in_progress owner=alice attempt=1 remaining=20s"},
      {"7: the lease holds to its last moment", given::LiveLastMoment(), ByBob(),
       "in_progress owner=alice attempt=1 remaining=1us"},
      {"9: effects that began change nothing while the lease is live", given::LiveEffectsBegan(), ByBob(),
       "in_progress owner=alice attempt=1 remaining=20s"},
      {"9: lapsed under RERUN is taken over, the checkpoint handed over", given::LapsedNow(), ByBob(),
       "acquired token=1000 attempt=2 lease=20s previous=ABANDONED checkpoint=half",
       "IN_PROGRESS token=1000 attempt=2 previous=ABANDONED fingerprint=fp checkpoint=half created=@0s owner=bob id=B "
       "lease=@30s+20s abandoned=30d"},
      {"9: lapsed under IN_DOUBT", given::LapsedInDoubtNow(), ByBob(),
       "in_doubt owner=alice since=@30s checkpoint=half",
       "IN_DOUBT token=500 attempt=1 previous=NONE fingerprint=fp checkpoint=half created=@0s owner=alice id=A "
       "lease=@0s+30s abandoned=30d"},
      {"9: lapsed after effects began, though the policy is RERUN", given::LapsedEffectsNow(), ByBob(),
       "in_doubt owner=alice since=@30s checkpoint=half",
       "IN_DOUBT token=500 attempt=1 previous=NONE fingerprint=fp checkpoint=half created=@0s owner=alice id=A "
       "lease=@0s+30s abandoned=30d effects_began"},
      {"9: a doubt stays, whatever the policy says by now", given::InDoubt(), ByBob(),
       "in_doubt owner=alice since=@30s checkpoint=half"},
      {"9: a doubt stays", given::InDoubtEffects(), ByBob(), "in_doubt owner=alice since=@30s checkpoint=half"},

      {"10: replayed", given::Done(), ByBob(), "done result=ok completed=@20s expires=@1d20s"},
      {"10: replayed to the last moment", given::DoneLastMoment(), ByBob(),
       "done result=ok completed=@20s expires=@1d20s"},
      {"11: past result retention the key is remembered, not re-run", given::DoneExpiredNow(), ByBob(),
       "expired completed=@20s"},
      {"12: a final failure replays", given::FailedFinal(), ByBob(), "failed DECLINED final attempt=1"},
      {"12: and expires like a result", given::FailedFinalExpiredNow(), ByBob(), "expired completed=@20s"},
      {"12: a retryable failure holds back the next attempt", given::FailedEarly(), ByBob(),
       "failed BUSY retryable retry_after=9m20s attempt=1"},
      {"12: until the last moment", given::FailedDueNow().At(20s + 10min - 1us), ByBob(),
       "failed BUSY retryable retry_after=1us attempt=1"},
      {"12: from retry_after on the next attempt runs", given::FailedDueNow(), ByBob(),
       "acquired token=1000 attempt=2 lease=20s previous=FAILED checkpoint=half",
       "IN_PROGRESS token=1000 attempt=2 previous=FAILED fingerprint=fp checkpoint=half created=@0s owner=bob id=B "
       "lease=@10m20s+20s abandoned=30d"},
      {"12: a retryable failure never expires into a refusal", given::FailedDueExpired(), ByBob(),
       "acquired token=1000 attempt=2 lease=20s previous=FAILED checkpoint=half",
       "IN_PROGRESS token=1000 attempt=2 previous=FAILED fingerprint=fp checkpoint=half created=@0s owner=bob id=B "
       "lease=@1d20s+20s abandoned=30d"},
      {"11, 12: nor does it run early because its retention is over; its texts are gone", given::FailedEarlyExpired(),
       ByBob(), "failed (stripped) retryable retry_after=9m20s attempt=1"},

      {"states: released", given::VacantReleased(), ByBob(),
       "acquired token=1000 attempt=2 lease=20s previous=RELEASED",
       "IN_PROGRESS token=1000 attempt=2 previous=RELEASED fingerprint=fp created=@0s owner=bob id=B lease=@1m+20s "
       "abandoned=30d"},
      {"states: a release does not hide an abandoned attempt before it", given::VacantAbandoned(), ByBob(),
       "acquired token=1000 attempt=3 lease=20s previous=ABANDONED checkpoint=half",
       "IN_PROGRESS token=1000 attempt=3 previous=ABANDONED fingerprint=fp checkpoint=half created=@0s owner=bob id=B "
       "lease=@1m+20s abandoned=30d"},
  });
}

TEST(DecideBegin, TokensGrowPastWhateverIsStored) {
  auto with_token = [](Situation given) { return given.But([](Record& r) { r.token = 5000; }); };
  for (const Situation& given : {given::ForgottenOpenNow(), given::ForgottenInDoubtNow(), given::ForgottenDoneNow(),
                                 given::Deleted(), given::LapsedNow(), given::FailedDueNow(), given::FailedDueExpired(),
                                 given::VacantReleased(), given::VacantAbandoned()}) {
    SCOPED_TRACE(given.name);
    Decision decision = Decide(with_token(given), ByBob());
    ASSERT_TRUE(decision.write);
    EXPECT_EQ(decision.write->token, 5001);
    ASSERT_TRUE(std::holds_alternative<Acquired>(decision.reply)) << Describe(decision.reply);
    EXPECT_EQ(std::get<Acquired>(decision.reply).token, 5001);
  }
}

TEST(DecideBegin, PolicyOfThisMomentIsStoredWithTheAttempt) {
  auto one_day = [](Policy& p) { p.abandoned_retention = days(1); };
  CheckRows({
      {"8: abandoned_retention of a first attempt", given::Absent().Under(one_day), ByBob(),
       "acquired token=1000 attempt=1 lease=20s previous=NONE",
       "IN_PROGRESS token=1000 attempt=1 previous=NONE fingerprint=fp created=@0s owner=bob id=B lease=@0s+20s "
       "abandoned=1d"},
      {"8: and of a takeover", given::LapsedNow().Under(one_day), ByBob(),
       "acquired token=1000 attempt=2 lease=20s previous=ABANDONED checkpoint=half",
       "IN_PROGRESS token=1000 attempt=2 previous=ABANDONED fingerprint=fp checkpoint=half created=@0s owner=bob id=B "
       "lease=@30s+20s abandoned=1d"},
      {"8: a doubt keeps what its attempt was begun with", given::LapsedEffectsNow().Under(one_day), ByBob(),
       "in_doubt owner=alice since=@30s checkpoint=half",
       "IN_DOUBT token=500 attempt=1 previous=NONE fingerprint=fp checkpoint=half created=@0s owner=alice id=A "
       "lease=@0s+30s abandoned=30d effects_began"},
  });
}

TEST(DecideBegin, Boundaries) {
  auto in_doubt_long_ago = [](Policy& p) { p.on_lapse = LapsePolicy::kInDoubt; };
  CheckRows({
      {"8: remembered to the last moment", given::ForgottenOpenNow().At(30s + days(30) - 1us), ByBob(),
       "acquired token=1000 attempt=2 lease=20s previous=ABANDONED checkpoint=half",
       "IN_PROGRESS token=1000 attempt=2 previous=ABANDONED fingerprint=fp checkpoint=half created=@0s owner=bob id=B "
       "lease=@30d29s999999us+20s abandoned=30d"},
      {"8: in doubt to the last moment", given::ForgottenInDoubtNow().At(30s + days(30) - 1us), ByBob(),
       "in_doubt owner=alice since=@30s checkpoint=half"},
      {"9: since is the lapse, however late anybody asks", given::LapsedNow().At(days(3)).Under(in_doubt_long_ago),
       ByBob(), "in_doubt owner=alice since=@30s checkpoint=half",
       "IN_DOUBT token=500 attempt=1 previous=NONE fingerprint=fp checkpoint=half created=@0s owner=alice id=A "
       "lease=@0s+30s abandoned=30d"},
      {"11: expired to the last moment of key retention", given::ForgottenDoneNow().At(20s + days(7) - 1us), ByBob(),
       "expired completed=@20s"},
      {"12: without retry_after the next attempt runs at once",
       given::FailedEarly().At(20s).But([](Record& r) { std::get<storage::Failure>(r.outcome).retry_after = {}; }),
       ByBob(), "acquired token=1000 attempt=2 lease=20s previous=FAILED checkpoint=half",
       "IN_PROGRESS token=1000 attempt=2 previous=FAILED fingerprint=fp checkpoint=half created=@0s owner=bob id=B "
       "lease=@20s+20s abandoned=30d"},
      {"12: max_attempts counts when a failure is stored, not when it is read",
       given::FailedDueNow().Under([](Policy& p) { p.max_attempts = 1; }), ByBob(),
       "acquired token=1000 attempt=2 lease=20s previous=FAILED checkpoint=half",
       "IN_PROGRESS token=1000 attempt=2 previous=FAILED fingerprint=fp checkpoint=half created=@0s owner=bob id=B "
       "lease=@10m20s+20s abandoned=30d"},
      {"9: effects that began belong to the attempt before, not to the one that takes over",
       given::VacantAbandoned().But([](Record& r) { r.effects_began = true; }), ByBob(),
       "acquired token=1000 attempt=3 lease=20s previous=ABANDONED checkpoint=half",
       "IN_PROGRESS token=1000 attempt=3 previous=ABANDONED fingerprint=fp checkpoint=half created=@0s owner=bob id=B "
       "lease=@1m+20s abandoned=30d"},
  });
}

}  // namespace
}  // namespace semel::engine
