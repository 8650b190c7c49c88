// What the log hears of records that cannot be read; each look by hand, at times of the test's choice.

#include "server/unreadable_watch.h"

#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace semel {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

class UnreadableWatchTest : public testing::Test {
 protected:
  // What is said at the moment `after` the first look.
  std::string SaidAt(std::chrono::seconds after) {
    said_.str("");
    watch_.Look(start_ + after);
    return said_.str();
  }

  std::ostringstream said_;
  ops::Logger log_{ops::LogLevel::kInfo, ops::LogFormat::kJson, said_};
  engine::UnreadableRecords unreadable_;
  UnreadableWatch watch_{unreadable_, log_};
  const UnreadableWatch::Clock::time_point start_ = UnreadableWatch::Clock::now();
};

TEST_F(UnreadableWatchTest, SaysNothingOfNothing) { EXPECT_EQ(SaidAt(0s), ""); }

TEST_F(UnreadableWatchTest, TellsTheFirstAtOnceAndWhy) {
  EXPECT_EQ(SaidAt(0s), "");
  unreadable_.Add(absl::DataLossError("a block of 000012.sst"));
  EXPECT_THAT(SaidAt(2s), AllOf(HasSubstr("error"), HasSubstr("a block of 000012.sst"), HasSubstr("\"operations\":1")));
}

TEST_F(UnreadableWatchTest, ThenOneLineInTenSecondsWithTheNumberInBetween) {
  unreadable_.Add(absl::DataLossError("first"));
  EXPECT_THAT(SaidAt(0s), HasSubstr("first"));
  unreadable_.Add(absl::DataLossError("second"), 3);
  EXPECT_EQ(SaidAt(2s), "");
  unreadable_.Add(absl::DataLossError("third"), 4);
  EXPECT_EQ(SaidAt(9s), "");
  EXPECT_THAT(SaidAt(10s), AllOf(HasSubstr("third"), HasSubstr("\"operations\":7")));
  EXPECT_EQ(SaidAt(30s), "") << "nothing since";
}

}  // namespace
}  // namespace semel
