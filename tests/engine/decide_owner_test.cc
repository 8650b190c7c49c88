// Renew, Checkpoint and Release: what only the current owner may do (rule 4).

#include "gtest/gtest.h"
#include "tests/engine/decide_table.h"
#include "tests/engine/describe.h"

namespace semel::engine {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

const std::vector<int64_t> kOtherTokens = {1, kAliceToken - 1, kAliceToken + 1, INT64_MAX};

Request RenewTo(int64_t token) { return Renew{.token = token, .lease = 20s}; }
Request Save(int64_t token) { return Checkpoint{.token = token, .data = "more"}; }
Request GiveBack(int64_t token) { return Release{.token = token}; }

std::vector<Row> NotOpenRows(const Request& request) {
  return {
      {"4: no record", given::Absent(), request, "refused KEY_NOT_FOUND"},
      {"8: forgotten", given::ForgottenOpenNow(), request, "refused KEY_NOT_FOUND"},
      {"8: forgotten", given::ForgottenInDoubtNow(), request, "refused KEY_NOT_FOUND"},
      {"11: forgotten", given::ForgottenDoneNow(), request, "refused KEY_NOT_FOUND"},
      {"11: deleted", given::Deleted(), request, "refused KEY_NOT_FOUND"},
      {"9: the doubt is declared, the lease is over", given::InDoubt(), request, "refused NOT_IN_PROGRESS"},
      {"9: the doubt is declared, the lease is over", given::InDoubtEffects(), request, "refused NOT_IN_PROGRESS"},
      {"states: settled", given::Done(), request, "refused NOT_IN_PROGRESS"},
      {"states: settled", given::DoneLastMoment(), request, "refused NOT_IN_PROGRESS"},
      {"states: settled", given::DoneExpiredNow(), request, "refused NOT_IN_PROGRESS"},
      {"states: settled", given::FailedFinal(), request, "refused NOT_IN_PROGRESS"},
      {"states: settled", given::FailedFinalExpiredNow(), request, "refused NOT_IN_PROGRESS"},
      {"states: settled", given::FailedEarly(), request, "refused NOT_IN_PROGRESS"},
      {"states: settled", given::FailedEarlyExpired(), request, "refused NOT_IN_PROGRESS"},
      {"states: settled", given::FailedDueNow(), request, "refused NOT_IN_PROGRESS"},
      {"states: settled", given::FailedDueExpired(), request, "refused NOT_IN_PROGRESS"},
      {"states: released is no record", given::VacantReleased(), request, "refused KEY_NOT_FOUND"},
      {"states: released is no record", given::VacantAbandoned(), request, "refused KEY_NOT_FOUND"},
  };
}

std::string Open(const std::string& lease, const std::string& checkpoint, const std::string& effects = "") {
  return "IN_PROGRESS token=500 attempt=1 previous=NONE fingerprint=fp checkpoint=" + checkpoint +
         " created=@0s owner=alice id=A lease=" + lease + " abandoned=30d" + effects;
}

TEST(DecideRenew, ByTheOwnerInEverySituation) {
  std::vector<Row> rows = NotOpenRows(RenewTo(kAliceToken));
  rows.insert(rows.end(), {
                              {"4: a lease from now", given::Live(), RenewTo(kAliceToken), "renewed lease=20s",
                               Open("@10s+20s", "half")},
                              {"4: at the last moment", given::LiveLastMoment(), RenewTo(kAliceToken),
                               "renewed lease=20s", Open("@29s999999us+20s", "half")},
                              {"4: effects stay begun", given::LiveEffectsBegan(), RenewTo(kAliceToken),
                               "renewed lease=20s", Open("@10s+20s", "half", " effects_began")},
                              {"6, 7: lapsed, but nobody took over", given::LapsedNow(), RenewTo(kAliceToken),
                               "renewed lease=20s", Open("@30s+20s", "half")},
                              {"6, 7: lapsed, and nobody asked, so there is no doubt yet", given::LapsedInDoubtNow(),
                               RenewTo(kAliceToken), "renewed lease=20s", Open("@30s+20s", "half")},
                              {"6, 7: lapsed, and nobody asked, so there is no doubt yet", given::LapsedEffectsNow(),
                               RenewTo(kAliceToken), "renewed lease=20s", Open("@30s+20s", "half", " effects_began")},
                              {"4: as long as before", given::Live(), Renew{.token = kAliceToken}, "renewed lease=30s",
                               Open("@10s+30s", "half")},
                          });
  CheckEverySituation(rows);
}

TEST(DecideRenew, MayShortenALease) {
  CheckRows({{"4: the length that was asked for", given::Live(), Renew{.token = kAliceToken, .lease = 1s},
              "renewed lease=1s", Open("@10s+1s", "half")}});
}

TEST(DecideCheckpoint, ByTheOwnerInEverySituation) {
  std::vector<Row> rows = NotOpenRows(Save(kAliceToken));
  rows.insert(
      rows.end(),
      {
          {"4: stored; the lease runs on", given::Live(), Save(kAliceToken), "checkpointed remaining=20s",
           Open("@0s+30s", "more")},
          {"4: at the last moment", given::LiveLastMoment(), Save(kAliceToken), "checkpointed remaining=1us",
           Open("@0s+30s", "more")},
          {"9: effects that began cannot be taken back", given::LiveEffectsBegan(), Save(kAliceToken),
           "checkpointed remaining=20s", Open("@0s+30s", "more", " effects_began")},
          {"6: lapsed, but nobody took over", given::LapsedNow(), Save(kAliceToken), "checkpointed remaining=0s",
           Open("@0s+30s", "more")},
          {"6: lapsed, but nobody took over", given::LapsedInDoubtNow(), Save(kAliceToken), "checkpointed remaining=0s",
           Open("@0s+30s", "more")},
          {"6: lapsed, but nobody took over", given::LapsedEffectsNow(), Save(kAliceToken), "checkpointed remaining=0s",
           Open("@0s+30s", "more", " effects_began")},
          {"6: lapsed long ago, but nobody took over", given::LapsedNow().At(2h), Save(kAliceToken),
           "checkpointed remaining=0s", Open("@0s+30s", "more")},
          {"9: effects began", given::Live(), Checkpoint{.token = kAliceToken, .data = "more", .effects_began = true},
           "checkpointed remaining=20s", Open("@0s+30s", "more", " effects_began")},
      });
  CheckEverySituation(rows);
}

TEST(DecideRelease, ByTheOwnerInEverySituation) {
  auto vacant = [](const std::string& forgotten) {
    return "VACANT token=500 attempt=1 previous=RELEASED forgotten=" + forgotten;
  };
  const Request release = GiveBack(kAliceToken);
  CheckEverySituation({
      {"4: nothing to give back", given::Absent(), release, "released"},
      {"8: forgotten", given::ForgottenOpenNow(), release, "released"},
      {"8: forgotten", given::ForgottenInDoubtNow(), release, "released"},
      {"11: forgotten", given::ForgottenDoneNow(), release, "released"},
      {"11: deleted", given::Deleted(), release, "released"},
      {"4: another may try now; nothing was done, so nothing is handed over", given::Live(), release, "released",
       vacant("@7d10s")},
      {"4: at the last moment", given::LiveLastMoment(), release, "released", vacant("@7d29s999999us")},
      {"4: the owner knows best", given::LiveEffectsBegan(), release, "released", vacant("@7d10s")},
      {"6: lapsed, but nobody took over", given::LapsedNow(), release, "released", vacant("@7d30s")},
      {"6: lapsed, but nobody took over", given::LapsedInDoubtNow(), release, "released", vacant("@7d30s")},
      {"6: lapsed, but nobody took over", given::LapsedEffectsNow(), release, "released", vacant("@7d30s")},
      {"6: the owner itself ends the doubt", given::InDoubt(), release, "released", vacant("@7d40s")},
      {"6: the owner itself ends the doubt", given::InDoubtEffects(), release, "released", vacant("@7d40s")},
      {"states: settled", given::Done(), release, "refused NOT_IN_PROGRESS"},
      {"states: settled", given::DoneLastMoment(), release, "refused NOT_IN_PROGRESS"},
      {"states: settled", given::DoneExpiredNow(), release, "refused NOT_IN_PROGRESS"},
      {"states: settled", given::FailedFinal(), release, "refused NOT_IN_PROGRESS"},
      {"states: settled", given::FailedFinalExpiredNow(), release, "refused NOT_IN_PROGRESS"},
      {"states: settled", given::FailedEarly(), release, "refused NOT_IN_PROGRESS"},
      {"states: settled", given::FailedEarlyExpired(), release, "refused NOT_IN_PROGRESS"},
      {"states: settled", given::FailedDueNow(), release, "refused NOT_IN_PROGRESS"},
      {"states: settled", given::FailedDueExpired(), release, "refused NOT_IN_PROGRESS"},
      {"4: repeated", given::VacantReleased(), release, "released"},
      {"4: repeated", given::VacantAbandoned(), release, "released"},
  });
}

TEST(DecideRelease, SaysNothingOfEarlierAttempts) {
  auto after = [](Previous previous) {
    return given::Live().But([previous](Record& r) {
      r.attempt = 2;
      r.previous = previous;
    });
  };
  CheckRows({
      {"honest: the attempt before was abandoned, and still may have done something", after(Previous::kAbandoned),
       GiveBack(kAliceToken), "released",
       "VACANT token=500 attempt=2 previous=ABANDONED fingerprint=fp checkpoint=half forgotten=@7d10s"},
      {"12: what an attempt that failed had saved is still of use", after(Previous::kFailed), GiveBack(kAliceToken),
       "released", "VACANT token=500 attempt=2 previous=RELEASED checkpoint=half forgotten=@7d10s"},
      {"12: also where others were released since", after(Previous::kReleased), GiveBack(kAliceToken), "released",
       "VACANT token=500 attempt=2 previous=RELEASED checkpoint=half forgotten=@7d10s"},
      {"4: nothing was done before either", after(Previous::kReleased).But([](Record& r) { r.checkpoint.clear(); }),
       GiveBack(kAliceToken), "released", "VACANT token=500 attempt=2 previous=RELEASED forgotten=@7d10s"},
      {"10: remembered for the namespace's key retention", given::Live().Under([](Policy& p) { p.key_retention = 1h; }),
       GiveBack(kAliceToken), "released", "VACANT token=500 attempt=1 previous=RELEASED forgotten=@1h10s"},
  });
}

TEST(DecideOwner, WithoutTheCurrentTokenNothingIsTouched) {
  for (const Situation& given : AllSituations()) {
    bool gone = IsForgotten(given) || IsVacant(given);
    for (int64_t token : kOtherTokens) {
      CheckRows({
          {"4: stale or unheard of", given, RenewTo(token), gone ? "refused KEY_NOT_FOUND" : "refused TOKEN_STALE"},
          {"4: stale or unheard of", given, Save(token), gone ? "refused KEY_NOT_FOUND" : "refused TOKEN_STALE"},
          {"4: stale or unheard of", given, GiveBack(token), IsForgotten(given) ? "released" : "refused TOKEN_STALE"},
      });
    }
  }
}

}  // namespace
}  // namespace semel::engine
