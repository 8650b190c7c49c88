// The demo must be able to fail.

#include "client/demo/tally.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace semel::demo {
namespace {

using testing::HasSubstr;

Tally TwoOrders() {
  Tally tally;
  tally.asked_for = {{"a", 100}, {"b", 200}};
  return tally;
}

const Placement kA{.order = "a", .token = 1, .total_cents = 100};
const Placement kB{.order = "b", .token = 2, .total_cents = 200};

TEST(TallyTest, EveryOrderOnceIsRight) {
  EXPECT_TRUE(Holds(TwoOrders(), {kA, kB}));
  EXPECT_THAT(Table(TwoOrders(), {kA, kB}), HasSubstr("Every order was placed exactly once."));
}

TEST(TallyTest, AnOrderPlacedTwiceIsWrong) {
  EXPECT_FALSE(Holds(TwoOrders(), {kA, kB, kA}));
  EXPECT_THAT(Table(TwoOrders(), {kA, kB, kA}), HasSubstr("FAILED."));
}

TEST(TallyTest, ALostOrderIsWrong) { EXPECT_FALSE(Holds(TwoOrders(), {kA})); }

TEST(TallyTest, AnOrderWithOtherContentIsWrong) {
  EXPECT_FALSE(Holds(TwoOrders(), {kA, {.order = "b", .token = 2, .total_cents = 201}}));
}

TEST(TallyTest, AnOrderThatNobodyAskedForIsWrong) {
  EXPECT_FALSE(Holds(TwoOrders(), {kA, kB, {.order = "c", .token = 3, .total_cents = 1}}));
}

TEST(TallyTest, UnansweredWronglyAcceptedAndForgottenOrdersAreWrong) {
  for (int Tally::*count : {&Tally::unanswered, &Tally::wrongly_accepted, &Tally::not_done_in_semel}) {
    Tally tally = TwoOrders();
    tally.*count = 1;
    EXPECT_FALSE(Holds(tally, {kA, kB}));
  }
}

}  // namespace
}  // namespace semel::demo
