#include "server/rpc/pace.h"

#include <gtest/gtest.h>

namespace semel::rpc {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(PaceTest, NothingIsKnownAtFirst) { EXPECT_EQ(Pace().Within(seconds(1)), 0U); }

TEST(PaceTest, LargeBatchesWeighMore) {
  Pace pace;
  pace.Decided(1, milliseconds(10));
  pace.Decided(1000, milliseconds(10));
  EXPECT_GT(pace.Within(seconds(1)), 50'000U);
  EXPECT_LT(pace.Within(seconds(1)), 60'000U);
}

TEST(PaceTest, FollowsWhatChanges) {
  Pace pace;
  for (int i = 0; i < 50; ++i) pace.Decided(1000, milliseconds(10));
  EXPECT_NEAR(static_cast<double>(pace.Within(milliseconds(100))), 10'000, 2);
  for (int i = 0; i < 50; ++i) pace.Decided(1000, milliseconds(100));
  EXPECT_NEAR(static_cast<double>(pace.Within(milliseconds(100))), 1'000, 50);
}

}  // namespace
}  // namespace semel::rpc
