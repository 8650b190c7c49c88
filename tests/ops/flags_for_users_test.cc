// What builds for tests allow and builds for users do not.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <variant>

#include "server/ops/flags.h"

namespace semel::ops {
namespace {

TEST(FlagsForUsers, TheTestClockIsRefused) {
  const char* const arguments[] = {"semeld", "--test-clock", "1700000000000000"};
  std::ostringstream out;
  std::ostringstream err;
  const auto parsed = ParseFlags(3, arguments, out, err);
  ASSERT_TRUE(std::holds_alternative<ExitCode>(parsed));
  EXPECT_EQ(std::get<ExitCode>(parsed).value, kExitUsage);
  EXPECT_THAT(err.str(), testing::HasSubstr("only builds for tests have it"));
}

}  // namespace
}  // namespace semel::ops
