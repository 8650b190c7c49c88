// A record or a payload that cannot be read back: refused, counted and kept for the log; the other keys are served.

#include <gmock/gmock.h>

#include "tests/engine/committer_fixture.h"

namespace semel::engine {
namespace {

using testing::HasSubstr;

class CommitterUnreadableTest : public CommitterTest {
 protected:
  void Finish(const std::string& name, const std::string& payload) {
    RunOne(CompleteWith(Acquire('A', name), payload), name);
  }
  static void FlipABit(std::string& value) { value[value.size() / 2] ^= 1; }
  UnreadableRecords::Seen Seen() const { return stats_->unreadable.seen(); }
};

TEST_F(CommitterUnreadableTest, NothingAtFirst) {
  EXPECT_EQ(Seen().operations, 0);
  EXPECT_TRUE(Seen().last.ok());
}

TEST_F(CommitterUnreadableTest, ADamagedRecordCountsForEachWhoAsks) {
  Finish("damaged", "receipt");
  ASSERT_EQ(disk_->settled.size(), 1);
  FlipABit(disk_->settled.begin()->second);
  Finish("sound", "receipt");
  TestOperation* one = Make(Lookup{}, "damaged");
  TestOperation* other = Make(Lookup{}, "sound");
  TestOperation* two = Make(BeginBy('B'), "damaged");
  Run({one, other, two});
  EXPECT_EQ(one->said(), "refused STORAGE_FAILED");
  EXPECT_EQ(two->said(), "refused STORAGE_FAILED");
  EXPECT_EQ(other->said(), "found DONE attempt=1 result=receipt");
  EXPECT_EQ(Seen().operations, 2);
  EXPECT_THAT(std::string(Seen().last.message()), HasSubstr("damaged"));
  EXPECT_EQ(stats_->storage_failures.value(), 2);
}

TEST_F(CommitterUnreadableTest, SoDoesAPayloadThatIsGone) {
  Finish("large", std::string(5000, 'x'));
  ASSERT_EQ(disk_->payloads.size(), 1);
  disk_->payloads.clear();
  EXPECT_EQ(RunOne(Lookup{}, "large")->said(), "refused STORAGE_FAILED");
  EXPECT_EQ(Seen().operations, 1);
  EXPECT_EQ(Seen().last.message(), "the payload is missing");
  EXPECT_EQ(stats_->storage_failures.value(), 1);
}

TEST_F(CommitterUnreadableTest, AFailedDiskIsNoneOfThem) {
  const int64_t token = Acquire('A');
  storage_->FailNextCommit(storage::CommitFault::kNothingWritten);
  EXPECT_EQ(RunOne(CompleteWith(token))->said(), "refused STORAGE_FAILED");
  EXPECT_EQ(RunOne(Lookup{})->said(), "refused STORAGE_FAILED");
  EXPECT_EQ(Seen().operations, 0);
}

}  // namespace
}  // namespace semel::engine
