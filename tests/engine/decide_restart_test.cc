// HonourLease (rule 13) and Forgotten.

#include <random>

#include "gtest/gtest.h"
#include "tests/engine/decide_table.h"
#include "tests/engine/describe.h"

namespace semel::engine {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

const Record kOwned = *given::Live().record;  // lease @0s+30s

std::string Honoured(const Record& record, Duration last_alive, Duration boot) {
  return Describe(HonourLease(record, kStart + last_alive, kStart + boot));
}

std::string RunningFrom(const std::string& instant) {
  return "IN_PROGRESS token=500 attempt=1 previous=NONE fingerprint=fp checkpoint=half created=@0s owner=alice id=A "
         "lease=" +
         instant + "+30s abandoned=30d";
}

TEST(HonourLease, ALiveLeaseRunsForItsFullLengthFromTheRestart) {
  EXPECT_EQ(Honoured(kOwned, 10s, 11s), RunningFrom("@11s")) << "a short outage";
  EXPECT_EQ(Honoured(kOwned, 10s, 2h), RunningFrom("@2h")) << "an outage longer than the lease";
  EXPECT_EQ(Honoured(kOwned, 30s - 1us, 1h), RunningFrom("@1h"))
      << "live at the last moment anybody heard of the server";
  EXPECT_EQ(Honoured(kOwned, -5s, 1h), RunningFrom("@1h")) << "begun after that moment";
  EXPECT_EQ(Honoured(kOwned, 10s, days(40)), RunningFrom("@40d")) << "an outage longer than abandoned_retention";
}

TEST(HonourLease, ALapsedLeaseStaysLapsed) {
  EXPECT_EQ(Honoured(kOwned, 30s, 1h), "nothing") << "lapsed exactly when the server was last heard of";
  EXPECT_EQ(Honoured(kOwned, 31s, 1h), "nothing");
}

TEST(HonourLease, OfThisProcessIsLeftAlone) {
  EXPECT_EQ(Honoured(kOwned, -1h, 0s), "nothing") << "it starts at the restart already";
  EXPECT_EQ(Honoured(kOwned, -1h, -1s), "nothing") << "never moved back";
}

TEST(HonourLease, WhatIsSettledHasNoLease) {
  for (const Situation& given : AllSituations()) {
    if (!given.record || storage::IsOpen(*given.record)) continue;
    EXPECT_FALSE(HonourLease(*given.record, kStart - 1h, kStart + 1h)) << given.name;
  }
}

// The owner is known to have fallen silent: its lease is over, and `since` must not move.
TEST(HonourLease, ADoubtHasNoLeaseAnyMore) {
  for (const Situation& given : {given::InDoubt(), given::InDoubtEffects()}) {
    EXPECT_EQ(Describe(HonourLease(*given.record, kStart + 10s, kStart + 1h)), "nothing") << given.name;
  }
}

TEST(HonourLease, ChangesNothingButTheStartAndOnlyOnce) {
  unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  auto seconds = [&](int from, int to) {
    return std::chrono::seconds(std::uniform_int_distribution<int>(from, to)(random));
  };
  for (int i = 0; i < 10'000; ++i) {
    Record record = kOwned;
    record.effects_began = random() % 2;
    record.lease_start = kStart + seconds(-100, 100);
    record.lease = seconds(1, 100);
    Time last_alive = kStart + seconds(-100, 200);
    Time boot = std::max(last_alive, record.lease_start) + seconds(0, 100);
    std::optional<Record> honoured = HonourLease(record, last_alive, boot);
    bool live = storage::LeaseEnd(record) > last_alive && record.lease_start < boot;
    ASSERT_EQ(honoured.has_value(), live)
        << Describe(record) << " alive " << Describe(last_alive) << " boot " << Describe(boot);
    if (!honoured) continue;
    EXPECT_GE(storage::LeaseEnd(*honoured), storage::LeaseEnd(record));
    Record expected = record;
    expected.lease_start = boot;
    EXPECT_EQ(*honoured, expected);
    EXPECT_FALSE(HonourLease(*honoured, last_alive, boot)) << "a second start with the same times finds nothing to do";
  }
}

TEST(Forgotten, LeavesTheOpenSetAndNothingButTheToken) {
  for (const Situation& given : {given::ForgottenOpenNow(), given::ForgottenInDoubtNow()}) {
    Record forgotten = Forgotten(*given.record, given.now);
    EXPECT_EQ(Describe(forgotten), "VACANT token=500 attempt=0 previous=NONE forgotten=@30d30s") << given.name;
    EXPECT_FALSE(storage::IsOpen(forgotten));
    EXPECT_GE(given.now, storage::ForgetTime(forgotten)) << "absent before and after";
    EXPECT_EQ(forgotten.owner, "");
    EXPECT_EQ(forgotten.outcome, Outcome());
  }
}

TEST(Forgotten, NextAttemptIsAFirstOneWithAGreaterToken) {
  Situation given = given::ForgottenOpenNow().But([](Record& r) { r.token = 5000; });
  given.record = Forgotten(*given.record, given.now);
  Decision decision = Decide(given, Begin{.attempt_id = Id('B'), .lease = 20s, .owner = "bob"});
  EXPECT_EQ(Describe(decision.reply), "acquired token=5001 attempt=1 lease=20s previous=NONE");
}

}  // namespace
}  // namespace semel::engine
