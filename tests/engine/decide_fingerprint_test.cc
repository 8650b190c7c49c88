// Rule 2: the fingerprint is compared first, in every state, whenever both sides have one.

#include "gtest/gtest.h"
#include "tests/engine/decide_table.h"
#include "tests/engine/describe.h"

namespace semel::engine {
namespace {

using namespace std::chrono_literals;

Begin Asking(char id, std::string fingerprint) {
  return {.fingerprint = std::move(fingerprint), .attempt_id = Id(id), .lease = 20s, .owner = "bob"};
}

class DecideFingerprint : public testing::TestWithParam<char> {};
INSTANTIATE_TEST_SUITE_P(ByAttemptId, DecideFingerprint, testing::Values('A', 'B'),
                         [](const auto& info) { return info.param == 'A' ? "SameId" : "OtherId"; });

TEST_P(DecideFingerprint, AnotherOneIsRefusedInEveryStateAndChangesNothing) {
  for (const Situation& given : AllSituations()) {
    if (IsForgotten(given) || given.record->fingerprint.empty()) continue;
    SCOPED_TRACE(given.name);
    Decision decision = Decide(given, Asking(GetParam(), "other"));
    EXPECT_EQ(Describe(decision.reply), "refused FINGERPRINT_MISMATCH");
    EXPECT_EQ(Describe(decision.write), "nothing");
  }
}

TEST_P(DecideFingerprint, WhatIsForgottenIsNotCompared) {
  for (const Situation& given : AllSituations()) {
    if (!IsForgotten(given)) continue;
    SCOPED_TRACE(given.name);
    Decision decision = Decide(given, Asking(GetParam(), "other"));
    EXPECT_EQ(Describe(decision.reply), "acquired token=1000 attempt=1 lease=20s previous=NONE");
    ASSERT_TRUE(decision.write);
    EXPECT_EQ(decision.write->fingerprint, "other");
  }
}

TEST_P(DecideFingerprint, WithoutOneInTheRequestNothingIsComparedAndTheStoredOneIsKept) {
  for (const Situation& given : AllSituations()) {
    SCOPED_TRACE(given.name);
    Decision with = Decide(given, Asking(GetParam(), "fp"));
    Decision without = Decide(given, Asking(GetParam(), ""));
    EXPECT_EQ(Describe(without.reply), Describe(with.reply));
    ASSERT_EQ(without.write.has_value(), with.write.has_value());
    if (!without.write) continue;
    EXPECT_EQ(without.write->fingerprint, IsForgotten(given) ? "" : given.record->fingerprint);
  }
}

TEST_P(DecideFingerprint, WithoutOneInTheRecordNothingIsCompared) {
  for (const Situation& given : AllSituations()) {
    if (!given.record) continue;
    SCOPED_TRACE(given.name);
    Decision with = Decide(given, Asking(GetParam(), "fp"));
    Decision without = Decide(given.But([](Record& r) { r.fingerprint.clear(); }), Asking(GetParam(), "other"));
    EXPECT_EQ(Describe(without.reply), Describe(with.reply));
    ASSERT_EQ(without.write.has_value(), with.write.has_value());
    bool new_attempt = without.write && without.write->token != kAliceToken;
    if (new_attempt) {
      EXPECT_EQ(without.write->fingerprint, "other");
    }
  }
}

TEST_P(DecideFingerprint, NoneOnEitherSide) {
  for (const Situation& given : AllSituations()) {
    if (!given.record) continue;
    SCOPED_TRACE(given.name);
    Decision with = Decide(given, Asking(GetParam(), "fp"));
    Decision neither = Decide(given.But([](Record& r) { r.fingerprint.clear(); }), Asking(GetParam(), ""));
    EXPECT_EQ(Describe(neither.reply), Describe(with.reply));
    if (neither.write) {
      EXPECT_EQ(neither.write->fingerprint, "");
    }
  }
}

TEST_P(DecideFingerprint, OneIsAPrefixOfTheOther) {
  for (std::string fingerprint : {"f", "fpx", "FP"}) {
    EXPECT_EQ(Describe(Decide(given::Done(), Asking(GetParam(), fingerprint)).reply), "refused FINGERPRINT_MISMATCH");
  }
}

}  // namespace
}  // namespace semel::engine
