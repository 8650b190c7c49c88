#include "server/rpc/standing_queue.h"

#include <gtest/gtest.h>

namespace semel::rpc {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class StandingQueueTest : public testing::Test {
 protected:
  // So much later, somebody is served who waited for so long.
  void Serve(milliseconds after, milliseconds waited) {
    now_ += after;
    queue_.Observe(waited, now_);
  }
  bool Stands() const { return queue_.Stands(now_); }

  StandingQueue queue_{milliseconds(100)};
  StandingQueue::Clock::time_point now_{};
};

TEST_F(StandingQueueTest, ABurstIsNone) {
  Serve(milliseconds(0), seconds(5));
  for (int i = 0; i < 9; ++i) Serve(milliseconds(100), seconds(5));
  EXPECT_FALSE(Stands());
  Serve(milliseconds(90), milliseconds(50));
  EXPECT_FALSE(Stands());
  Serve(milliseconds(20), seconds(5));
  EXPECT_FALSE(Stands()) << "a second from now on";
}

TEST_F(StandingQueueTest, WhereNobodyGetsThroughForASecondItStands) {
  for (int i = 0; i < 10; ++i) Serve(milliseconds(100), milliseconds(51));
  EXPECT_FALSE(Stands());
  Serve(milliseconds(100), milliseconds(51));
  EXPECT_TRUE(Stands());
}

TEST_F(StandingQueueTest, AWhileLaterThatIsForgotten) {
  for (int i = 0; i <= 10; ++i) Serve(milliseconds(100), milliseconds(51));
  Serve(milliseconds(9'999), milliseconds(50));
  EXPECT_TRUE(Stands());
  Serve(milliseconds(1), milliseconds(51));
  EXPECT_FALSE(Stands()) << "a second from now on";
}

TEST_F(StandingQueueTest, ButNotWhileItIsSlowOrSomebodyIsTurnedAway) {
  for (int i = 0; i <= 10; ++i) Serve(milliseconds(100), milliseconds(51));
  Serve(seconds(9), milliseconds(51));
  Serve(seconds(9), milliseconds(50));
  EXPECT_TRUE(Stands());
  queue_.TurnedAway(now_);
  Serve(seconds(9), milliseconds(50));
  EXPECT_TRUE(Stands());
  Serve(seconds(1), milliseconds(50));
  EXPECT_FALSE(Stands());
}

}  // namespace
}  // namespace semel::rpc
