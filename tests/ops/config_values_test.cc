#include "server/ops/config_values.h"

#include "gtest/gtest.h"

namespace semel::ops {
namespace {

TEST(ConfigValues, DurationsSurviveTheirText) {
  for (const char* text : {"0s", "1us", "999us", "250ms", "90s", "5m", "36h", "30d", "3660d"}) {
    absl::StatusOr<Duration> duration = ParseDuration(text);
    ASSERT_TRUE(duration.ok()) << text;
    EXPECT_EQ(FormatDuration(*duration), text);
  }
  EXPECT_EQ(FormatDuration(*ParseDuration("24h")), "1d");
  EXPECT_EQ(*ParseDuration("0"), Duration(0));
  for (const char* text : {"", "s", "1 s", "1.5h", "+1s", "1S", "1w", "0x1s", "1h30m", "\xff"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

TEST(ConfigValues, SizesSurviveTheirText) {
  for (const char* text : {"0B", "1B", "1000B", "64KiB", "3MiB", "5GiB", "2TiB"}) {
    absl::StatusOr<uint64_t> size = ParseSize(text);
    ASSERT_TRUE(size.ok()) << text;
    EXPECT_EQ(FormatSize(*size), text);
  }
  EXPECT_FALSE(ParseSize("8388608TiB").ok());
  EXPECT_FALSE(ParseSize("65536").ok());
}

TEST(ConfigValues, AddressesCollide) {
  auto collide = [](const char* a, const char* b) { return Collide(*ParseAddress(a), *ParseAddress(b)); };
  EXPECT_TRUE(collide("a:1", "a:1"));
  EXPECT_TRUE(collide("0.0.0.0:1", "a:1"));
  EXPECT_TRUE(collide("a:1", "[::]:1"));
  EXPECT_FALSE(collide("a:1", "b:1"));
  EXPECT_FALSE(collide("a:1", "a:2"));
  EXPECT_FALSE(collide("a:0", "a:0"));
}

}  // namespace
}  // namespace semel::ops
