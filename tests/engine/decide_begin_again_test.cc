// Begin repeated with the attempt id of the attempt that is current: "this is me again, I have done nothing yet" (rule 3).

#include "gtest/gtest.h"
#include "tests/engine/decide_table.h"
#include "tests/engine/describe.h"

namespace semel::engine {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

Begin AliceAgain() { return {.fingerprint = "fp", .attempt_id = Id('A'), .lease = 20s, .owner = "alice"}; }

TEST(DecideBeginAgain, InEverySituation) {
  CheckEverySituation({
      {"3: nothing is stored: the first Begin never arrived", given::Absent(), AliceAgain(),
       "acquired token=1000 attempt=1 lease=20s previous=NONE",
       "IN_PROGRESS token=1000 attempt=1 previous=NONE fingerprint=fp created=@0s owner=alice id=A lease=@0s+20s "
       "abandoned=30d"},
      {"8, 11: forgotten comes before 'me again'", given::ForgottenOpenNow(), AliceAgain(),
       "acquired token=1000 attempt=1 lease=20s previous=NONE",
       "IN_PROGRESS token=1000 attempt=1 previous=NONE fingerprint=fp created=@30d30s owner=alice id=A "
       "lease=@30d30s+20s abandoned=30d"},
      {"8, 11: forgotten comes before 'me again'", given::ForgottenInDoubtNow(), AliceAgain(),
       "acquired token=1000 attempt=1 lease=20s previous=NONE",
       "IN_PROGRESS token=1000 attempt=1 previous=NONE fingerprint=fp created=@30d30s owner=alice id=A "
       "lease=@30d30s+20s abandoned=30d"},
      {"11: past key retention the key is gone", given::ForgottenDoneNow(), AliceAgain(),
       "acquired token=1000 attempt=1 lease=20s previous=NONE",
       "IN_PROGRESS token=1000 attempt=1 previous=NONE fingerprint=fp created=@7d20s owner=alice id=A lease=@7d20s+20s "
       "abandoned=30d"},
      {"11: a deleted key is gone at once", given::Deleted(), AliceAgain(),
       "acquired token=1000 attempt=1 lease=20s previous=NONE",
       "IN_PROGRESS token=1000 attempt=1 previous=NONE fingerprint=fp created=@1m owner=alice id=A lease=@1m+20s "
       "abandoned=30d"},

      {"3: same token, fresh lease of the length asked for now", given::Live(), AliceAgain(),
       "acquired token=500 attempt=1 lease=20s previous=NONE checkpoint=half",
       "IN_PROGRESS token=500 attempt=1 previous=NONE fingerprint=fp checkpoint=half created=@0s owner=alice id=A "
       "lease=@10s+20s abandoned=30d"},
      {"3: at the last moment too", given::LiveLastMoment(), AliceAgain(),
       "acquired token=500 attempt=1 lease=20s previous=NONE checkpoint=half",
       "IN_PROGRESS token=500 attempt=1 previous=NONE fingerprint=fp checkpoint=half created=@0s owner=alice id=A "
       "lease=@29s999999us+20s abandoned=30d"},
      {"3: effects that began stay begun", given::LiveEffectsBegan(), AliceAgain(),
       "acquired token=500 attempt=1 lease=20s previous=NONE checkpoint=half",
       "IN_PROGRESS token=500 attempt=1 previous=NONE fingerprint=fp checkpoint=half created=@0s owner=alice id=A "
       "lease=@10s+20s abandoned=30d effects_began"},
      {"3: lapsed, but nobody took over", given::LapsedNow(), AliceAgain(),
       "acquired token=500 attempt=1 lease=20s previous=NONE checkpoint=half",
       "IN_PROGRESS token=500 attempt=1 previous=NONE fingerprint=fp checkpoint=half created=@0s owner=alice id=A "
       "lease=@30s+20s abandoned=30d"},
      {"3: lapsed under IN_DOUBT, but this caller says that it has done nothing", given::LapsedInDoubtNow(),
       AliceAgain(), "acquired token=500 attempt=1 lease=20s previous=NONE checkpoint=half",
       "IN_PROGRESS token=500 attempt=1 previous=NONE fingerprint=fp checkpoint=half created=@0s owner=alice id=A "
       "lease=@30s+20s abandoned=30d"},
      {"9: lapsed after effects began: nobody may say that nothing was done", given::LapsedEffectsNow(), AliceAgain(),
       "in_doubt owner=alice since=@30s checkpoint=half",
       "IN_DOUBT token=500 attempt=1 previous=NONE fingerprint=fp checkpoint=half created=@0s owner=alice id=A "
       "lease=@0s+30s abandoned=30d effects_began"},
      {"3: out of the doubt, for the same reason", given::InDoubt(), AliceAgain(),
       "acquired token=500 attempt=1 lease=20s previous=NONE checkpoint=half",
       "IN_PROGRESS token=500 attempt=1 previous=NONE fingerprint=fp checkpoint=half created=@0s owner=alice id=A "
       "lease=@40s+20s abandoned=30d"},
      {"9: not out of a doubt in which effects began", given::InDoubtEffects(), AliceAgain(),
       "in_doubt owner=alice since=@30s checkpoint=half"},

      {"10: replayed", given::Done(), AliceAgain(), "done result=ok completed=@20s expires=@1d20s"},
      {"10: replayed", given::DoneLastMoment(), AliceAgain(), "done result=ok completed=@20s expires=@1d20s"},
      {"11: past result retention", given::DoneExpiredNow(), AliceAgain(), "expired completed=@20s"},
      {"12: a final failure replays", given::FailedFinal(), AliceAgain(), "failed DECLINED final attempt=1"},
      {"12: and expires like a result", given::FailedFinalExpiredNow(), AliceAgain(), "expired completed=@20s"},
      {"12: held back", given::FailedEarly(), AliceAgain(), "failed BUSY retryable retry_after=9m20s attempt=1"},
      {"11, 12: held back, its texts are gone", given::FailedEarlyExpired(), AliceAgain(),
       "failed (stripped) retryable retry_after=9m20s attempt=1"},
      {"12: the attempt that failed is over: a new one with a new token", given::FailedDueNow(), AliceAgain(),
       "acquired token=1000 attempt=2 lease=20s previous=FAILED checkpoint=half",
       "IN_PROGRESS token=1000 attempt=2 previous=FAILED fingerprint=fp checkpoint=half created=@0s owner=alice id=A "
       "lease=@10m20s+20s abandoned=30d"},
      {"12: a retryable failure never expires into a refusal", given::FailedDueExpired(), AliceAgain(),
       "acquired token=1000 attempt=2 lease=20s previous=FAILED checkpoint=half",
       "IN_PROGRESS token=1000 attempt=2 previous=FAILED fingerprint=fp checkpoint=half created=@0s owner=alice id=A "
       "lease=@1d20s+20s abandoned=30d"},
      {"states: what was released is over", given::VacantReleased(), AliceAgain(),
       "acquired token=1000 attempt=2 lease=20s previous=RELEASED",
       "IN_PROGRESS token=1000 attempt=2 previous=RELEASED fingerprint=fp created=@0s owner=alice id=A lease=@1m+20s "
       "abandoned=30d"},
      {"states: what was released is over", given::VacantAbandoned(), AliceAgain(),
       "acquired token=1000 attempt=3 lease=20s previous=ABANDONED checkpoint=half",
       "IN_PROGRESS token=1000 attempt=3 previous=ABANDONED fingerprint=fp checkpoint=half created=@0s owner=alice "
       "id=A lease=@1m+20s abandoned=30d"},
  });
}

TEST(DecideBeginAgain, TellsTheSameStoryAsTheLostAnswer) {
  auto second = [](Record& r) {
    r.attempt = 4;
    r.previous = Previous::kAbandoned;
  };
  CheckRows({
      {"3: attempt, previous and checkpoint as they were told first", given::Live().But(second), AliceAgain(),
       "acquired token=500 attempt=4 lease=20s previous=ABANDONED checkpoint=half",
       "IN_PROGRESS token=500 attempt=4 previous=ABANDONED fingerprint=fp checkpoint=half created=@0s owner=alice id=A "
       "lease=@10s+20s abandoned=30d"},
      {"3: also out of the doubt", given::InDoubt().But(second), AliceAgain(),
       "acquired token=500 attempt=4 lease=20s previous=ABANDONED checkpoint=half",
       "IN_PROGRESS token=500 attempt=4 previous=ABANDONED fingerprint=fp checkpoint=half created=@0s owner=alice id=A "
       "lease=@40s+20s abandoned=30d"},
  });
}

TEST(DecideBeginAgain, AnIdOfZerosOnASettledRecordMeansNothing) {
  Begin zeros = AliceAgain();
  zeros.attempt_id = {};
  CheckRows({
      {"3: only an open attempt can be 'me'", given::VacantReleased(), zeros,
       "acquired token=1000 attempt=2 lease=20s previous=RELEASED",
       std::string("IN_PROGRESS token=1000 attempt=2 previous=RELEASED fingerprint=fp created=@0s owner=alice id=") +
           '\0' + " lease=@1m+20s abandoned=30d"},
      {"3: only an open attempt can be 'me'", given::Done(), zeros, "done result=ok completed=@20s expires=@1d20s"},
  });
}

}  // namespace
}  // namespace semel::engine
