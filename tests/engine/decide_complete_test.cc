// Complete: stored once per attempt, replayed to whoever repeats it, refused to whoever lost the key (rules 4, 5, 6, 10, 12).

#include "gtest/gtest.h"
#include "tests/engine/decide_table.h"
#include "tests/engine/describe.h"

namespace semel::engine {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

Complete Ok(int64_t token = kAliceToken) {
  return {.token = token,
          .outcome = storage::Result{.payload = "ok", .payload_size = 2},
          .outcome_digest = kDigest,
          .retention = days(1)};
}

Complete Ok(Duration retention) {
  Complete request = Ok();
  request.retention = retention;
  return request;
}

Complete Other() {
  Complete request = Ok();
  std::get<storage::Result>(request.outcome).payload = "other";
  request.outcome_digest = kDigest + 1;
  return request;
}

Complete Busy() {
  return {.token = kAliceToken,
          .outcome = storage::Failure{.reason = "BUSY", .retryable = true, .retry_after = 10min},
          .outcome_digest = kDigest,
          .retention = days(1)};
}

Complete Declined() {
  return {.token = kAliceToken,
          .outcome = storage::Failure{.reason = "DECLINED"},
          .outcome_digest = kDigest,
          .retention = days(1)};
}

TEST(DecideComplete, ByTheOwnerInEverySituation) {
  CheckEverySituation({
      {"4: no record", given::Absent(), Ok(), "refused KEY_NOT_FOUND"},
      {"8: forgotten", given::ForgottenOpenNow(), Ok(), "refused KEY_NOT_FOUND"},
      {"8: forgotten", given::ForgottenInDoubtNow(), Ok(), "refused KEY_NOT_FOUND"},
      {"11: forgotten", given::ForgottenDoneNow(), Ok(), "refused KEY_NOT_FOUND"},
      {"11: deleted", given::Deleted(), Ok(), "refused KEY_NOT_FOUND"},

      {"1: stored; the checkpoint is of no use any more", given::Live(), Ok(), "completed DONE expires=@1d10s",
       "DONE token=500 attempt=1 previous=NONE fingerprint=fp created=@0s owner=alice completed=@10s expires=@1d10s "
       "forgotten=@7d10s digest=77 result=ok"},
      {"1: stored", given::LiveLastMoment(), Ok(), "completed DONE expires=@1d29s999999us",
       "DONE token=500 attempt=1 previous=NONE fingerprint=fp created=@0s owner=alice completed=@29s999999us "
       "expires=@1d29s999999us forgotten=@7d29s999999us digest=77 result=ok"},
      {"1: stored", given::LiveEffectsBegan(), Ok(), "completed DONE expires=@1d10s",
       "DONE token=500 attempt=1 previous=NONE fingerprint=fp created=@0s owner=alice completed=@10s expires=@1d10s "
       "forgotten=@7d10s digest=77 result=ok"},
      {"6: late, but nobody took over", given::LapsedNow(), Ok(), "completed DONE expires=@1d30s",
       "DONE token=500 attempt=1 previous=NONE fingerprint=fp created=@0s owner=alice completed=@30s expires=@1d30s "
       "forgotten=@7d30s digest=77 result=ok"},
      {"6: late under IN_DOUBT", given::LapsedInDoubtNow(), Ok(), "completed DONE expires=@1d30s",
       "DONE token=500 attempt=1 previous=NONE fingerprint=fp created=@0s owner=alice completed=@30s expires=@1d30s "
       "forgotten=@7d30s digest=77 result=ok"},
      {"6: late after effects began", given::LapsedEffectsNow(), Ok(), "completed DONE expires=@1d30s",
       "DONE token=500 attempt=1 previous=NONE fingerprint=fp created=@0s owner=alice completed=@30s expires=@1d30s "
       "forgotten=@7d30s digest=77 result=ok"},
      {"6: the owner itself ends the doubt", given::InDoubt(), Ok(), "completed DONE expires=@1d40s",
       "DONE token=500 attempt=1 previous=NONE fingerprint=fp created=@0s owner=alice completed=@40s expires=@1d40s "
       "forgotten=@7d40s digest=77 result=ok"},
      {"6: the owner itself ends the doubt", given::InDoubtEffects(), Ok(), "completed DONE expires=@1d40s",
       "DONE token=500 attempt=1 previous=NONE fingerprint=fp created=@0s owner=alice completed=@40s expires=@1d40s "
       "forgotten=@7d40s digest=77 result=ok"},

      {"5, 10: repeated; the retention is not extended", given::Done(), Ok(),
       "completed DONE expires=@1d20s already_applied"},
      {"5: repeated", given::DoneLastMoment(), Ok(), "completed DONE expires=@1d20s already_applied"},
      {"5: repeated after result retention", given::DoneExpiredNow(), Ok(),
       "completed DONE expires=@1d20s already_applied"},
      {"5: repeated", given::FailedFinal(), Declined(), "completed FAILED expires=@1d20s already_applied"},
      {"5: repeated after result retention", given::FailedFinalExpiredNow(), Declined(),
       "completed FAILED expires=@1d20s already_applied"},
      {"5: repeated", given::FailedEarly(), Busy(), "completed FAILED expires=@1d20s already_applied"},
      {"5: repeated after result retention", given::FailedEarlyExpired(), Busy(),
       "completed FAILED expires=@30s already_applied"},
      {"5: repeated; the key is due but nobody took it", given::FailedDueNow(), Busy(),
       "completed FAILED expires=@1d20s already_applied"},
      {"5: repeated", given::FailedDueExpired(), Busy(), "completed FAILED expires=@1d20s already_applied"},
      {"states: released is no record", given::VacantReleased(), Ok(), "refused KEY_NOT_FOUND"},
      {"states: released is no record", given::VacantAbandoned(), Ok(), "refused KEY_NOT_FOUND"},
  });
}

TEST(DecideComplete, AnotherOutcomeThanTheStoredOneIsRefused) {
  for (const Situation& given : AllSituations()) {
    if (IsForgotten(given) || (given.record->state != State::kDone && given.record->state != State::kFailed)) continue;
    CheckRows({{"5: same token, other outcome", given, Other(), "refused OUTCOME_CONFLICT"}});
  }
}

TEST(DecideComplete, WithoutTheCurrentTokenNothingIsTouched) {
  for (const Situation& given : AllSituations()) {
    bool gone = IsForgotten(given) || IsVacant(given);
    for (int64_t token : {int64_t{1}, kAliceToken - 1, kAliceToken + 1, INT64_MAX}) {
      CheckRows({{"4: stale or unheard of", given, Ok(token), gone ? "refused KEY_NOT_FOUND" : "refused TOKEN_STALE"}});
    }
  }
}

TEST(DecideComplete, RepeatedAfterTheOutcomeWasStripped) {
  for (Situation given : {given::DoneExpiredNow(), given::FailedFinalExpiredNow()}) {
    given.record->outcome = std::monostate{};
    std::string state = given.record->state == State::kDone ? "DONE" : "FAILED";
    CheckRows({{"5: the digest is enough", given, Ok(), "completed " + state + " expires=@1d20s already_applied"},
               {"5: the digest is enough", given, Other(), "refused OUTCOME_CONFLICT"}});
  }
}

TEST(DecideComplete, Retention) {
  auto keep_1h = [](Policy& p) { p.key_retention = 1h; };
  CheckRows({
      {"10: result for as long as asked, key by policy", given::Live(), Ok(Duration(1h)),
       "completed DONE expires=@1h10s",
       "DONE token=500 attempt=1 previous=NONE fingerprint=fp created=@0s owner=alice completed=@10s expires=@1h10s "
       "forgotten=@7d10s digest=77 result=ok"},
      {"10: the key is never forgotten before its result", given::Live(), Ok(Duration(days(10))),
       "completed DONE expires=@10d10s",
       "DONE token=500 attempt=1 previous=NONE fingerprint=fp created=@0s owner=alice completed=@10s expires=@10d10s "
       "forgotten=@10d10s digest=77 result=ok"},
      {"10: key retention of the namespace", given::Live().Under(keep_1h), Ok(Duration(1min)),
       "completed DONE expires=@1m10s",
       "DONE token=500 attempt=1 previous=NONE fingerprint=fp created=@0s owner=alice completed=@10s expires=@1m10s "
       "forgotten=@1h10s digest=77 result=ok"},
  });
}

TEST(DecideComplete, ATakeoverStaysVisibleInItsOutcome) {
  auto second = [](Record& r) {
    r.attempt = 2;
    r.previous = Previous::kAbandoned;
  };
  CheckRows({
      {"honest: the attempt before may have done something too", given::Live().But(second), Ok(),
       "completed DONE expires=@1d10s",
       "DONE token=500 attempt=2 previous=ABANDONED fingerprint=fp created=@0s owner=alice completed=@10s "
       "expires=@1d10s forgotten=@7d10s digest=77 result=ok"},
      {"honest: the attempt before may have done something too", given::Live().But(second), Declined(),
       "completed FAILED expires=@1d10s",
       "FAILED token=500 attempt=2 previous=ABANDONED fingerprint=fp created=@0s owner=alice completed=@10s "
       "expires=@1d10s forgotten=@7d10s digest=77 failure=DECLINED final"},
  });
}

TEST(DecideComplete, Failures) {
  auto attempt = [](uint32_t n) { return [n](Record& r) { r.attempt = n; }; };
  auto at_most_3 = [](Policy& p) { p.max_attempts = 3; };
  const std::string kept = " completed=@10s expires=@1d10s forgotten=@7d10s digest=77 ";
  CheckRows({
      {"12: final; the checkpoint is of no use any more", given::Live(), Declined(), "completed FAILED expires=@1d10s",
       "FAILED token=500 attempt=1 previous=NONE fingerprint=fp created=@0s owner=alice" + kept +
           "failure=DECLINED final"},
      {"12: retryable; the next attempt will want the checkpoint", given::Live(), Busy(),
       "completed FAILED expires=@1d10s",
       "FAILED token=500 attempt=1 previous=NONE fingerprint=fp checkpoint=half created=@0s owner=alice" + kept +
           "failure=BUSY retryable retry_after=10m"},
      {"12: no bound on attempts", given::Live().But(attempt(1'000'000)), Busy(), "completed FAILED expires=@1d10s",
       "FAILED token=500 attempt=1000000 previous=NONE fingerprint=fp checkpoint=half created=@0s owner=alice" + kept +
           "failure=BUSY retryable retry_after=10m"},
      {"12: below max_attempts", given::Live().But(attempt(2)).Under(at_most_3), Busy(),
       "completed FAILED expires=@1d10s",
       "FAILED token=500 attempt=2 previous=NONE fingerprint=fp checkpoint=half created=@0s owner=alice" + kept +
           "failure=BUSY retryable retry_after=10m"},
      {"12: the failure of attempt max_attempts is final", given::Live().But(attempt(3)).Under(at_most_3), Busy(),
       "completed FAILED expires=@1d10s made_final",
       "FAILED token=500 attempt=3 previous=NONE fingerprint=fp created=@0s owner=alice" + kept + "failure=BUSY final"},
      {"12: past a bound that was lowered meanwhile", given::Live().But(attempt(4)).Under(at_most_3), Busy(),
       "completed FAILED expires=@1d10s made_final",
       "FAILED token=500 attempt=4 previous=NONE fingerprint=fp created=@0s owner=alice" + kept + "failure=BUSY final"},
      {"12: a result is a result, whatever the attempt", given::Live().But(attempt(4)).Under(at_most_3), Ok(),
       "completed DONE expires=@1d10s",
       "DONE token=500 attempt=4 previous=NONE fingerprint=fp created=@0s owner=alice" + kept + "result=ok"},
  });
}

TEST(DecideComplete, TheLastFailureIsFinalForEveryoneButRepeatsAsItWasSent) {
  Situation given = given::Live().But([](Record& r) { r.attempt = 3; }).Under([](Policy& p) { p.max_attempts = 3; });
  given.record = Decide(given, Busy()).write;
  ASSERT_TRUE(given.record);
  given.now = kStart + 5h;
  Begin begin{.fingerprint = "fp", .attempt_id = Id('B'), .lease = 20s};
  CheckRows({{"12: final although retry_after is over", given, begin, "failed BUSY final attempt=3"},
             {"5, 12: repeated as it was sent", given, Busy(),
              "completed FAILED expires=@1d10s already_applied made_final"}});
  given.now = kStart + 48h;  // the outcome may be stripped by now
  CheckRows(
      {{"5, 12: once it is not replayed any more", given, Busy(), "completed FAILED expires=@1d10s already_applied"}});
}

TEST(DecideComplete, KeepsEverythingOfTheResult) {
  storage::Result result{.payload = "",
                         .payload_size = 0,
                         .omitted = true,
                         .content_type = "application/json",
                         .attributes = {{"status", "201"}, {"url", "/orders/1"}}};
  Complete request = Ok();
  request.outcome = result;
  Decision decision = Decide(given::Live(), request);
  ASSERT_TRUE(decision.write);
  EXPECT_EQ(decision.write->outcome, Outcome(result));
  Situation after = given::Done();
  after.record = decision.write;
  Decision replay = Decide(after, Begin{.attempt_id = Id('B'), .lease = 20s});
  ASSERT_TRUE(std::holds_alternative<Done>(replay.reply)) << Describe(replay.reply);
  EXPECT_EQ(std::get<Done>(replay.reply).result, result);
}

}  // namespace
}  // namespace semel::engine
