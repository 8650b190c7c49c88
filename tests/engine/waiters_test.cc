// Who waits for what, in which order, and when something falls due (rule 14).

#include "server/engine/waiters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "tests/engine/describe.h"

namespace semel::engine {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

struct Waiter final : Operation {
  explicit Waiter(std::string name) { key = {.ns = "shop", .name = std::move(name)}; }
  Outbox* Finish(Reply) override {
    ADD_FAILURE() << "keeping order and time answers nobody";
    return nullptr;
  }
};

class WaitersTest : public testing::Test {
 protected:
  static Limits Few() {
    Limits limits;
    limits.max_waiters = 4;
    limits.max_waiters_per_key = 3;
    return limits;
  }

  Waiters waiters_{Few()};
  const Key key_{.ns = "shop", .name = "order-1"};
  Waiter first_{"order-1"}, second_{"order-1"}, third_{"order-1"}, fourth_{"order-1"};
  Waiter other_{"order-2"}, another_{"order-2"};
};

TEST_F(WaitersTest, NobodyWaitsAtFirst) {
  EXPECT_FALSE(waiters_.Waiting(key_));
  EXPECT_EQ(waiters_.Front(key_), nullptr);
  EXPECT_EQ(waiters_.NextDue(), std::nullopt);
  EXPECT_THAT(waiters_.TakeTimedOut(Time::max()), IsEmpty());
  EXPECT_THAT(waiters_.LapsedKeys(Time::max()), IsEmpty());
  EXPECT_FALSE(waiters_.Remove(&first_));
}

TEST_F(WaitersTest, QueuesAreFirstComeFirstServed) {
  for (Waiter* waiter : {&first_, &second_, &third_}) ASSERT_TRUE(waiters_.Park(waiter, kStart + 1s));
  EXPECT_EQ(waiters_.Front(key_), &first_);
  EXPECT_TRUE(waiters_.Remove(&first_));
  EXPECT_EQ(waiters_.Front(key_), &second_);
  EXPECT_TRUE(waiters_.Remove(&second_));
  EXPECT_EQ(waiters_.Front(key_), &third_);
}

TEST_F(WaitersTest, WhoLeavesFromTheMiddleChangesNothingForOthers) {
  for (Waiter* waiter : {&first_, &second_, &third_}) ASSERT_TRUE(waiters_.Park(waiter, kStart + 1s));
  EXPECT_TRUE(waiters_.Remove(&second_));
  EXPECT_FALSE(waiters_.Remove(&second_)) << "it left already";
  EXPECT_EQ(waiters_.Front(key_), &first_);
  EXPECT_THAT(waiters_.TakeTimedOut(kStart + 1s), ElementsAre(&first_, &third_));
}

TEST_F(WaitersTest, KeysHaveQueuesOfTheirOwn) {
  ASSERT_TRUE(waiters_.Park(&first_, kStart + 1s));
  ASSERT_TRUE(waiters_.Park(&other_, kStart + 1s));
  EXPECT_EQ(waiters_.Front(key_), &first_);
  EXPECT_EQ(waiters_.Front(other_.key), &other_);
  EXPECT_TRUE(waiters_.Remove(&first_));
  EXPECT_FALSE(waiters_.Waiting(key_));
  EXPECT_TRUE(waiters_.Waiting(other_.key));
}

TEST_F(WaitersTest, AKeysQueueIsBounded) {
  for (Waiter* waiter : {&first_, &second_, &third_}) ASSERT_TRUE(waiters_.Park(waiter, kStart + 1s));
  EXPECT_FALSE(waiters_.Park(&fourth_, kStart + 1s));
  EXPECT_EQ(waiters_.size(), 3);
  EXPECT_FALSE(waiters_.Remove(&fourth_)) << "it was turned away";
  EXPECT_TRUE(waiters_.Park(&other_, kStart + 1s)) << "there is room for another key";
}

TEST_F(WaitersTest, AllQueuesTogetherAreBounded) {
  for (Waiter* waiter : {&first_, &second_, &other_, &another_}) ASSERT_TRUE(waiters_.Park(waiter, kStart + 1s));
  EXPECT_FALSE(waiters_.Park(&third_, kStart + 1s));
  EXPECT_TRUE(waiters_.Remove(&other_));
  EXPECT_TRUE(waiters_.Park(&third_, kStart + 1s)) << "there is room again";
}

TEST_F(WaitersTest, ABoundOfNothingLeavesNoEmptyQueue) {
  for (Limits none : {Limits{.max_waiters_per_key = 0}, Limits{.max_waiters = 0}}) {
    Waiters waiters(none);
    EXPECT_FALSE(waiters.Park(&first_, kStart + 1s));
    EXPECT_FALSE(waiters.Waiting(key_));
    EXPECT_EQ(waiters.Front(key_), nullptr);
  }
}

TEST_F(WaitersTest, WaitsEndInOrderOfTimeThenOfArrival) {
  ASSERT_TRUE(waiters_.Park(&first_, kStart + 3s));
  ASSERT_TRUE(waiters_.Park(&other_, kStart + 2s));
  ASSERT_TRUE(waiters_.Park(&second_, kStart + 2s));
  ASSERT_TRUE(waiters_.Park(&third_, kStart + 2s + 1us));
  EXPECT_EQ(waiters_.NextDue(), kStart + 2s);
  EXPECT_THAT(waiters_.TakeTimedOut(kStart + 2s - 1us), IsEmpty());
  EXPECT_THAT(waiters_.TakeTimedOut(kStart + 2s), ElementsAre(&other_, &second_));
  EXPECT_EQ(waiters_.NextDue(), kStart + 2s + 1us);
  EXPECT_THAT(waiters_.TakeTimedOut(kStart + 9s), ElementsAre(&third_, &first_));
  EXPECT_EQ(waiters_.size(), 0);
  EXPECT_FALSE(waiters_.Waiting(key_));
}

TEST_F(WaitersTest, ALapseIsToldOnce) {
  ASSERT_TRUE(waiters_.Park(&first_, kStart + 9s));
  ASSERT_TRUE(waiters_.Park(&second_, kStart + 9s));
  waiters_.SetLapse(key_, kStart + 5s);
  EXPECT_EQ(waiters_.NextDue(), kStart + 5s);
  EXPECT_THAT(waiters_.LapsedKeys(kStart + 5s - 1us), IsEmpty());
  EXPECT_THAT(waiters_.LapsedKeys(kStart + 5s), ElementsAre(key_));
  EXPECT_THAT(waiters_.LapsedKeys(kStart + 6s), IsEmpty());
  EXPECT_EQ(waiters_.NextDue(), kStart + 9s) << "only the waits are left";
}

TEST_F(WaitersTest, ARenewedLeaseTakesThePlaceOfTheOldLapse) {
  ASSERT_TRUE(waiters_.Park(&first_, kStart + 90s));
  waiters_.SetLapse(key_, kStart + 5s);
  waiters_.SetLapse(key_, kStart + 35s);
  EXPECT_THAT(waiters_.LapsedKeys(kStart + 34s), IsEmpty());
  waiters_.SetLapse(key_, kStart + 1s);
  EXPECT_THAT(waiters_.LapsedKeys(kStart + 1s), ElementsAre(key_));
}

TEST_F(WaitersTest, ALapseConcernsOnlyThoseWhoWait) {
  waiters_.SetLapse(key_, kStart + 5s);
  EXPECT_EQ(waiters_.NextDue(), std::nullopt);
  ASSERT_TRUE(waiters_.Park(&first_, kStart + 9s));
  waiters_.SetLapse(key_, kStart + 5s);
  EXPECT_TRUE(waiters_.Remove(&first_));
  EXPECT_EQ(waiters_.NextDue(), std::nullopt) << "the last one who waited took the lapse along";
  EXPECT_THAT(waiters_.LapsedKeys(Time::max()), IsEmpty());
}

TEST_F(WaitersTest, LapsesComeInOrderOfTime) {
  ASSERT_TRUE(waiters_.Park(&first_, kStart + 9s));
  ASSERT_TRUE(waiters_.Park(&other_, kStart + 9s));
  waiters_.SetLapse(key_, kStart + 5s);
  waiters_.SetLapse(other_.key, kStart + 4s);
  EXPECT_THAT(waiters_.LapsedKeys(kStart + 5s), ElementsAre(other_.key, key_));
}

TEST_F(WaitersTest, AllAreTakenWhateverTheirTime) {
  ASSERT_TRUE(waiters_.Park(&first_, kStart + 9s));
  ASSERT_TRUE(waiters_.Park(&other_, Time::max()));
  waiters_.SetLapse(key_, kStart + 5s);
  EXPECT_THAT(waiters_.TakeAll(), ElementsAre(&first_, &other_));
  EXPECT_EQ(waiters_.size(), 0);
  EXPECT_EQ(waiters_.NextDue(), std::nullopt);
}

}  // namespace
}  // namespace semel::engine
