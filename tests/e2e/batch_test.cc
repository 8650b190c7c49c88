// Batches: items in order, each with its own answer or error, all in one group commit.

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "tests/e2e/local_server_test.h"

namespace semel::e2e {
namespace {

using support::Describe;
using support::ToWire;
using testing::ElementsAre;
using testing::Pair;

template <class Batch, class Request>
Batch BatchOf(std::initializer_list<Request> requests) {
  Batch batch;
  for (const Request& request : requests) *batch.add_requests() = request;
  return batch;
}
v1::BatchBeginRequest Begins(std::initializer_list<v1::BeginRequest> requests) {
  return BatchOf<v1::BatchBeginRequest>(requests);
}
v1::BatchCompleteRequest Completes(std::initializer_list<v1::CompleteRequest> requests) {
  return BatchOf<v1::BatchCompleteRequest>(requests);
}
v1::BatchRenewRequest Renews(std::initializer_list<v1::RenewRequest> requests) {
  return BatchOf<v1::BatchRenewRequest>(requests);
}

class BatchTest : public LocalServerTest {
 protected:
  uint64_t commits() const { return server_.engine_stats().commits.value(); }
};

TEST_F(BatchTest, TwoBeginsForOneKeySeeEachOtherInOrder) {
  const v1::BeginRequest first = BeginOf("order-1");
  const auto begun = Call(Begins({first, BeginOf("order-1"), first}));
  ASSERT_TRUE(begun.ok()) << begun.error();
  ASSERT_EQ(begun->items_size(), 3);
  const v1::Acquired acquired = begun->items(0).response().acquired();
  EXPECT_GT(acquired.token(), 0);
  EXPECT_TRUE(begun->items(1).response().has_in_progress());
  EXPECT_EQ(begun->items(2).response().acquired().token(), acquired.token()) << "the same attempt id says: me again";
}

TEST_F(BatchTest, TwoCompletesForOneKeySeeEachOtherInOrder) {
  const int64_t token = Acquire("order-1");
  const auto completed = Call(
      Completes({ResultOf("order-1", token, "a"), ResultOf("order-1", token, "a"), ResultOf("order-1", token, "b")}));
  ASSERT_EQ(completed->items_size(), 3);
  EXPECT_FALSE(completed->items(0).response().already_applied());
  EXPECT_TRUE(completed->items(1).response().already_applied());
  EXPECT_EQ(completed->items(2).error().reason(), "OUTCOME_CONFLICT");
  EXPECT_EQ(Look("order-1").result().payload(), "a");
}

TEST_F(BatchTest, ItemsAreIndependent) {
  const int64_t token = Acquire("order-1");
  const auto renewed = Call(Renews({RenewOf("nobody's", token), RenewOf(" spaced ", token), RenewOf("order-1", token),
                                    RenewOf("order-1", token - 1), RenewOf("order-1", 0)}));
  ASSERT_TRUE(renewed.ok()) << renewed.error();
  ASSERT_EQ(renewed->items_size(), 5);
  const auto error = [&](int item) {
    const support::WireError error = Describe(renewed->items(item).error());
    return std::pair(error.code, error.reason);
  };
  EXPECT_THAT(error(0), Pair(grpc::StatusCode::NOT_FOUND, "KEY_NOT_FOUND"));
  EXPECT_THAT(error(1), Pair(grpc::StatusCode::INVALID_ARGUMENT, "FIELD_INVALID"));
  EXPECT_THAT(Describe(renewed->items(1).error()).fields, ElementsAre("key"));
  EXPECT_EQ(renewed->items(2).response().lease().seconds(), 30);
  EXPECT_THAT(error(3), Pair(grpc::StatusCode::ABORTED, "TOKEN_STALE"));
  EXPECT_THAT(error(4), Pair(grpc::StatusCode::INVALID_ARGUMENT, "FIELD_INVALID"));
}

TEST_F(BatchTest, NamespacesMayMix) {
  v1::BeginRequest other = BeginOf("order-1");
  other.set_namespace_("warehouse");
  const auto begun = Call(Begins({BeginOf("order-1"), other}));
  EXPECT_TRUE(begun->items(0).response().has_acquired());
  EXPECT_TRUE(begun->items(1).response().has_acquired());
}

TEST_F(BatchTest, NothingButErrorsIsAnAnswerToo) {
  const auto begun = Call(Begins({BeginOf(""), BeginOf("")}));
  ASSERT_TRUE(begun.ok()) << begun.error();
  EXPECT_EQ(begun->items(0).error().reason(), "FIELD_INVALID");
  EXPECT_EQ(begun->items(1).error().reason(), "FIELD_INVALID");
}

TEST_F(BatchTest, ItemsCannotWait) {
  Acquire("order-1");
  const auto begun = Call(Begins({WaitingBeginOf("order-1"), WaitingBeginOf("order-2", absl::ZeroDuration())}));
  EXPECT_THAT(Describe(begun->items(0).error()).fields, ElementsAre("wait"));
  EXPECT_TRUE(begun->items(1).response().has_acquired());
  EXPECT_EQ(server_.waiters(), 0);
}

TEST_F(BatchTest, AResultTooLargeIsAnItemsError) {
  const int64_t token = Acquire("order-1");
  const auto completed = Call(Completes({ResultOf("order-1", token, std::string((1 << 20) + 1, 'x'))}));
  const support::WireError error = Describe(completed->items(0).error());
  EXPECT_EQ(error.reason, "RESULT_TOO_LARGE");
  EXPECT_THAT(error.metadata, testing::UnorderedElementsAre(Pair("limit", "1048576"), Pair("size", "1048577")));
  EXPECT_EQ(Look("order-1").state(), v1::STATE_IN_PROGRESS);
}

TEST_F(BatchTest, AThousandItemsShareOneGroupCommit) {
  v1::BatchBeginRequest begins;
  for (int i = 0; i < 1000; ++i) *begins.add_requests() = BeginOf(absl::StrCat("order-", i));
  const uint64_t before = commits();
  const auto begun = Call(begins);
  EXPECT_EQ(commits() - before, 1);
  ASSERT_EQ(begun->items_size(), 1000);
  v1::BatchRenewRequest renews;
  v1::BatchCompleteRequest completes;
  for (int i = 0; i < 1000; ++i) {
    const int64_t token = begun->items(i).response().acquired().token();
    if (i > 0) {
      EXPECT_GT(token, begun->items(i - 1).response().acquired().token());
    }
    *renews.add_requests() = RenewOf(absl::StrCat("order-", i), token);
    *completes.add_requests() = ResultOf(absl::StrCat("order-", i), token, absl::StrCat("result ", i));
  }
  const auto renewed = Call(renews);
  const auto completed = Call(completes);
  EXPECT_EQ(commits() - before, 3);
  const auto again = Call(begins);
  EXPECT_EQ(commits() - before, 3) << "what changes nothing is not written";
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(renewed->items(i).response().lease().seconds(), 30);
    EXPECT_EQ(completed->items(i).response().state(), v1::STATE_DONE);
    EXPECT_EQ(again->items(i).response().done().result().payload(), absl::StrCat("result ", i));
  }
}

// A batch of the wrong size fails as a whole, for each of the three calls.
template <class Batch, class Request>
class WrongSize {
 public:
  static void IsRefused(support::Caller& caller, const Request& request) {
    Batch batch;
    const support::WireError none = caller.Call(batch).error();
    EXPECT_EQ(none.code, grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(none.reason, "FIELD_INVALID");
    EXPECT_EQ(none.domain, "semel.v1");
    EXPECT_THAT(none.fields, ElementsAre("requests"));
    for (int i = 0; i < 1001; ++i) *batch.add_requests() = request;
    const support::WireError many = caller.Call(batch).error();
    EXPECT_EQ(many.code, grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(many.reason, "BATCH_TOO_LARGE");
    EXPECT_THAT(many.metadata, testing::UnorderedElementsAre(Pair("limit", "1000"), Pair("size", "1001")));
    EXPECT_THAT(many.fields, ElementsAre("requests"));
  }
};

TEST_F(BatchTest, TheWrongSizeIsRefusedAndNothingChanges) {
  const int64_t token = Acquire("order-1");
  const std::string before = Look("order-1").SerializeAsString();
  const uint64_t commits_before = commits();
  WrongSize<v1::BatchBeginRequest, v1::BeginRequest>::IsRefused(*caller_, BeginOf("order-2"));
  WrongSize<v1::BatchCompleteRequest, v1::CompleteRequest>::IsRefused(*caller_, ResultOf("order-1", token));
  WrongSize<v1::BatchRenewRequest, v1::RenewRequest>::IsRefused(*caller_, RenewOf("order-1", token));
  EXPECT_EQ(Look("order-1").SerializeAsString(), before);
  EXPECT_FALSE(Call(LookupOf("order-2"))->has_record());
  EXPECT_EQ(commits(), commits_before);
}

}  // namespace
}  // namespace semel::e2e
