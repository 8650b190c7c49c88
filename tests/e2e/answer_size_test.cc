// Rule 19: an answer always fits. What a batch leaves out, Lookup fetches.

#include "absl/strings/str_cat.h"
#include "tests/e2e/local_server_test.h"

namespace semel::e2e {
namespace {

constexpr size_t kMessage = 4 << 20;  // what gRPC clients accept by default, ours included
constexpr size_t kMiB = 1 << 20;

class AnswerSizeTest : public LocalServerTest {
 protected:
  AnswerSizeTest()
      : LocalServerTest({.policy = {.max_result_bytes = engine::kMaxResultBytesCeiling},
                         .namespaces = {{"careful", {.on_lapse = engine::LapsePolicy::kInDoubt}}}}) {}

  static std::string Key(int i) { return absl::StrCat("order-", i); }
  static std::string Bytes(int i, size_t size) {
    std::string bytes = absl::StrCat(i);
    bytes.resize(size, 'x');
    return bytes;
  }

  void CompleteMany(int count, size_t payload) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(Call(ResultOf(Key(i), Acquire(Key(i)), Bytes(i, payload))).ok());
    }
  }
  v1::BatchBeginResponse BeginMany(int count, const std::string& ns = kNamespace) {
    v1::BatchBeginRequest begins;
    for (int i = 0; i < count; ++i) {
      *begins.add_requests() = BeginOf(Key(i));
      begins.mutable_requests(i)->set_namespace_(ns);
    }
    const auto begun = Call(begins);
    EXPECT_TRUE(begun.ok()) << begun.error();
    EXPECT_EQ(begun->items_size(), count);
    EXPECT_LE(begun->ByteSizeLong(), kMessage);
    return begun.response;
  }
  // How many came whole; the others say so, and Lookup has them.
  int CheckResults(const v1::BatchBeginResponse& begun, size_t payload) {
    int whole = 0;
    for (int i = 0; i < begun.items_size(); ++i) {
      const v1::Result& result = begun.items(i).response().done().result();
      EXPECT_EQ(result.payload_size(), payload) << i;
      whole += result.payload_left_out() ? 0 : 1;
      EXPECT_EQ(result.payload(), result.payload_left_out() ? "" : Bytes(i, payload));
      const v1::Result found = Look(Key(i)).result();
      EXPECT_FALSE(found.payload_left_out());
      EXPECT_EQ(found.payload(), Bytes(i, payload));
    }
    return whole;
  }
};

TEST_F(AnswerSizeTest, TheLargestResultFitsASingleAnswer) {
  CompleteMany(1, engine::kMaxResultBytesCeiling);
  const auto begun = Call(BeginOf(Key(0)));
  ASSERT_TRUE(begun.ok()) << begun.error();
  EXPECT_EQ(begun->done().result().payload(), Bytes(0, engine::kMaxResultBytesCeiling));
  EXPECT_EQ(Look(Key(0)).result().payload(), Bytes(0, engine::kMaxResultBytesCeiling));
}

TEST_F(AnswerSizeTest, LargePayloadsAreLeftOutBeyondTheLimit) {
  CompleteMany(8, kMiB);
  const int whole = CheckResults(BeginMany(8), kMiB);
  EXPECT_EQ(whole, 3);
}

TEST_F(AnswerSizeTest, SoAreManySmallOnes) {
  v1::BatchBeginRequest begins;
  for (int i = 0; i < 1000; ++i) *begins.add_requests() = BeginOf(Key(i));
  const auto begun = Call(begins);
  for (int half = 0; half < 1000; half += 500) {  // all in one would be too large a request
    v1::BatchCompleteRequest completes;
    for (int i = half; i < half + 500; ++i) {
      *completes.add_requests() = ResultOf(Key(i), begun->items(i).response().acquired().token(), Bytes(i, 6000));
    }
    ASSERT_TRUE(Call(completes).ok());
  }
  const int whole = CheckResults(BeginMany(1000), 6000);
  EXPECT_GT(whole, 50);
  EXPECT_LT(whole, 700);
}

TEST_F(AnswerSizeTest, OneKeyManyTimesOverFitsToo) {
  CompleteMany(1, 3 * kMiB);
  v1::BatchBeginRequest begins;
  for (int i = 0; i < 1000; ++i) *begins.add_requests() = BeginOf(Key(0));
  const auto begun = Call(begins);
  ASSERT_TRUE(begun.ok()) << begun.error();
  EXPECT_LE(begun->ByteSizeLong(), kMessage);
  for (const auto& item : begun->items()) EXPECT_EQ(item.response().done().result().payload_size(), 3 * kMiB);
}

TEST_F(AnswerSizeTest, CheckpointsAreLeftOutBeyondTheLimit) {
  constexpr int kKeys = 80;
  constexpr size_t kCheckpoint = engine::kMaxCheckpointBytes;
  for (int i = 0; i < kKeys; ++i) {
    ASSERT_TRUE(Call(CheckpointOf(Key(i), Acquire(Key(i)), Bytes(i, kCheckpoint))).ok());
  }
  Elapse(absl::Minutes(5));
  const v1::BatchBeginResponse begun = BeginMany(kKeys);
  int left_out = 0;
  for (int i = 0; i < kKeys; ++i) {
    const v1::Acquired& acquired = begun.items(i).response().acquired();
    EXPECT_EQ(acquired.previous(), v1::PREVIOUS_ABANDONED);
    left_out += acquired.checkpoint_left_out() ? 1 : 0;
    EXPECT_EQ(acquired.checkpoint(), acquired.checkpoint_left_out() ? "" : Bytes(i, kCheckpoint));
    EXPECT_EQ(Look(Key(i)).checkpoint(), Bytes(i, kCheckpoint)) << "Lookup fetches it";
  }
  EXPECT_GT(left_out, 10);
  EXPECT_LT(left_out, kKeys);
}

TEST_F(AnswerSizeTest, SoAreThoseOfKeysInDoubt) {
  constexpr int kKeys = 80;
  for (int i = 0; i < kKeys; ++i) {
    v1::BeginRequest begin = BeginOf(Key(i));
    begin.set_namespace_("careful");
    v1::CheckpointRequest checkpoint = CheckpointOf(Key(i), Acquire(begin), Bytes(i, engine::kMaxCheckpointBytes));
    checkpoint.set_namespace_("careful");
    ASSERT_TRUE(Call(checkpoint).ok());
  }
  Elapse(absl::Minutes(5));
  const v1::BatchBeginResponse begun = BeginMany(kKeys, "careful");
  int left_out = 0;
  for (int i = 0; i < kKeys; ++i) {
    const v1::InDoubt& in_doubt = begun.items(i).response().in_doubt();
    left_out += in_doubt.checkpoint_left_out() ? 1 : 0;
    EXPECT_EQ(in_doubt.checkpoint().empty(), in_doubt.checkpoint_left_out());
  }
  EXPECT_GT(left_out, 10);
  EXPECT_LT(left_out, kKeys);
}

TEST_F(AnswerSizeTest, DetailsOfFailuresAreLeftOutBeyondTheLimit) {
  constexpr int kKeys = 300;
  for (int i = 0; i < kKeys; ++i) {
    v1::CompleteRequest complete = FailureOf(Key(i), Acquire(Key(i)));
    complete.mutable_failure()->set_details(Bytes(i, engine::kMaxFailureDetailsBytes));
    complete.mutable_failure()->set_message(std::string(engine::kMaxFailureMessageBytes, 'm'));
    ASSERT_TRUE(Call(complete).ok());
  }
  const v1::BatchBeginResponse begun = BeginMany(kKeys);
  int left_out = 0;
  for (int i = 0; i < kKeys; ++i) {
    const v1::Failure& failure = begun.items(i).response().failed().failure();
    left_out += failure.details_left_out() ? 1 : 0;
    EXPECT_EQ(failure.details(), failure.details_left_out() ? "" : Bytes(i, engine::kMaxFailureDetailsBytes));
    EXPECT_EQ(failure.message().size(), engine::kMaxFailureMessageBytes);
    EXPECT_EQ(Look(Key(i)).failure().details(), Bytes(i, engine::kMaxFailureDetailsBytes));
  }
  EXPECT_GT(left_out, 10);
  EXPECT_LT(left_out, kKeys);
}

// The largest of everything that is never left out.
TEST_F(AnswerSizeTest, AThousandItemsFitWithEverythingThatStays) {
  v1::BatchBeginRequest begins;
  for (int i = 0; i < 1000; ++i) *begins.add_requests() = BeginOf(Key(i));
  const auto begun = Call(begins);
  for (int i = 0; i < 1000; ++i) {
    v1::CompleteRequest complete = ResultOf(Key(i), begun->items(i).response().acquired().token(), Bytes(i, 4000));
    v1::Result* result = complete.mutable_result();
    result->set_content_type(std::string(engine::kMaxContentTypeBytes, 't'));
    for (int a = 0; a < 32; ++a) (*result->mutable_attributes())[absl::StrCat("a", a + 10)] = std::string(61, 'v');
    ASSERT_TRUE(Call(complete).ok());
  }
  const v1::BatchBeginResponse again = BeginMany(1000);
  for (const auto& item : again.items()) EXPECT_EQ(item.response().done().result().attributes_size(), 32);
}

}  // namespace
}  // namespace semel::e2e
