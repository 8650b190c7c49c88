#include "server/ops/open_files.h"

#include <gtest/gtest.h>

namespace semel::ops {
namespace {

TEST(OpenFilesTest, TheStorageGetsWhatItWantsAndConnectionsTheRest) {
  const FileShares shares = SharesOf(65'536, 1'000);
  EXPECT_EQ(shares.storage, 1'000);
  EXPECT_EQ(shares.connections, 65'536 - 1'000 - 256);
}

TEST(OpenFilesTest, AFewAreShared) {
  const FileShares shares = SharesOf(1'024, 1'000);
  EXPECT_EQ(shares.storage, 448);
  EXPECT_EQ(shares.connections, 448);
}

TEST(OpenFilesTest, NeverMoreThanThereAre) {
  for (int limit = 0; limit < 3'000; ++limit) {
    const FileShares shares = SharesOf(limit, 1'000);
    EXPECT_GE(shares.storage, 0) << limit;
    EXPECT_GE(shares.connections, shares.storage) << limit;
    EXPECT_LE(shares.connections + shares.storage, limit);
  }
}

}  // namespace
}  // namespace semel::ops
