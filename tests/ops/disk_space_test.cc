#include "server/ops/disk_space.h"

#include <filesystem>

#include "gtest/gtest.h"
#include "tests/support/temporary_directory.h"

namespace semel::ops {
namespace {

TEST(DiskSpaceTest, TellsWhatTheSystemTells) {
  const support::TemporaryDirectory directory;
  const std::optional<DiskSpace> space = DiskSpaceOf(directory / ".");
  ASSERT_TRUE(space.has_value());
  const std::filesystem::space_info told = std::filesystem::space(directory / ".");
  EXPECT_EQ(space->size_bytes, static_cast<double>(told.capacity));
  // Others write to the disk meanwhile, but not a quarter of it.
  EXPECT_NEAR(space->free_bytes, static_cast<double>(told.available), static_cast<double>(told.capacity) / 4);
  EXPECT_LE(space->free_bytes, space->size_bytes);
}

TEST(DiskSpaceTest, SaysNothingOfADirectoryThatIsNotThere) {
  const support::TemporaryDirectory directory;
  EXPECT_FALSE(DiskSpaceOf(directory / "gone").has_value());
}

}  // namespace
}  // namespace semel::ops
