// ResolveKey and DeleteKey: what an operator settles, and what everyone hears of it.

#include <gmock/gmock.h>

#include "tests/e2e/local_server_test.h"

namespace semel::e2e {
namespace {

using namespace std::chrono_literals;
using support::PendingBegin;
using testing::Contains;
using testing::Pair;

class AdminResolveTest : public LocalServerTest {
 protected:
  AdminResolveTest() : LocalServerTest({.namespaces = {{kNamespace, {.on_lapse = engine::LapsePolicy::kInDoubt}}}}) {}

  // A key whose owner fell silent; nobody has asked for it since.
  int64_t Doubtful(const std::string& key) {
    const int64_t token = Acquire(key);
    Pass(31s);
    return token;
  }
  void Pass(storage::Duration time) {
    const absl::Status status = server_.Elapse(time);
    ASSERT_TRUE(status.ok()) << status;
  }
};

TEST_F(AdminResolveTest, ToAResultThatEveryoneGets) {
  const int64_t token = Doubtful("order-1");
  EXPECT_EQ(Look("order-1").state(), v1::STATE_IN_DOUBT);
  v1::ResolveKeyRequest resolve = ResolveToResultOf("order-1", "charged");
  *resolve.mutable_retention() = support::ToWire(absl::Hours(2));
  const auto resolved = Call(resolve);
  ASSERT_TRUE(resolved.ok()) << resolved.error();
  EXPECT_EQ(resolved->state(), v1::STATE_DONE);
  EXPECT_FALSE(resolved->already_applied());

  const auto begun = Call(BeginOf("order-1"));
  ASSERT_TRUE(begun->has_done()) << begun->ShortDebugString();
  EXPECT_EQ(begun->done().result().payload(), "charged");
  EXPECT_EQ(begun->done().expire_time().SerializeAsString(), resolved->expire_time().SerializeAsString());
  EXPECT_EQ(resolved->expire_time().seconds() - begun->done().complete_time().seconds(), 7200);
  EXPECT_EQ(Call(ResultOf("order-1", token, "something else")).error().reason, "OUTCOME_CONFLICT");

  const auto again = Call(resolve);
  ASSERT_TRUE(again.ok()) << again.error();
  EXPECT_TRUE(again->already_applied());
  EXPECT_EQ(again->expire_time().SerializeAsString(), resolved->expire_time().SerializeAsString());
  EXPECT_EQ(Call(ResolveToAbsentOf("order-1")).error().reason, "OUTCOME_CONFLICT");
}

TEST_F(AdminResolveTest, ToAFailureThatMayBeTriedAgain) {
  Doubtful("order-1");
  v1::ResolveKeyRequest resolve = ResolveToFailureOf("order-1");
  resolve.mutable_failure()->set_retryable(true);
  const auto resolved = Call(resolve);
  ASSERT_TRUE(resolved.ok()) << resolved.error();
  EXPECT_EQ(resolved->state(), v1::STATE_FAILED);
  const auto begun = Call(BeginOf("order-1"));
  ASSERT_TRUE(begun->has_acquired()) << begun->ShortDebugString();
  EXPECT_EQ(begun->acquired().previous(), v1::PREVIOUS_FAILED);
  EXPECT_EQ(Call(resolve).error().reason, "NOT_IN_DOUBT") << "somebody works on it";
}

TEST_F(AdminResolveTest, ToAbsentSoThatAnotherMayRun) {
  const int64_t token = Doubtful("order-1");
  const auto resolved = Call(ResolveToAbsentOf("order-1"));
  ASSERT_TRUE(resolved.ok()) << resolved.error();
  EXPECT_EQ(resolved->state(), v1::STATE_UNSPECIFIED);
  EXPECT_FALSE(resolved->has_expire_time());
  EXPECT_TRUE(Call(ResolveToAbsentOf("order-1"))->already_applied());
  EXPECT_EQ(Call(ResolveToResultOf("order-1")).error().reason, "OUTCOME_CONFLICT");
  EXPECT_EQ(Call(ResultOf("order-1", token)).error().reason, "KEY_NOT_FOUND") << "its owner comes back too late";
  EXPECT_GT(Acquire("order-1"), token);
}

TEST_F(AdminResolveTest, OnlyTheAttemptThatWasLookedAt) {
  Doubtful("order-1");
  v1::ResolveKeyRequest first = ResolveToAbsentOf("order-1");
  first.set_attempt(Look("order-1").attempt());
  ASSERT_TRUE(Call(first).ok());
  Doubtful("order-1");
  EXPECT_EQ(Call(first).error().reason, "NOT_IN_DOUBT") << "a retry that comes late";
  EXPECT_EQ(Look("order-1").state(), v1::STATE_IN_DOUBT);
}

TEST_F(AdminResolveTest, OnlyWhatIsInDoubt) {
  EXPECT_EQ(Call(ResolveToAbsentOf("nobody's")).error().reason, "KEY_NOT_FOUND");
  const int64_t token = Acquire("order-1");
  const support::WireError live = Call(ResolveToAbsentOf("order-1")).error();
  EXPECT_EQ(live.code, grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(live.reason, "NOT_IN_DOUBT");
  EXPECT_THAT(live.metadata, Contains(Pair("state", "IN_PROGRESS")));
  ASSERT_TRUE(Call(ReleaseOf("order-1", token)).ok());
  EXPECT_EQ(Call(ResolveToAbsentOf("order-1")).error().reason, "KEY_NOT_FOUND") << "its owner says that it did nothing";
}

TEST_F(AdminResolveTest, SurvivesAKill) {
  Doubtful("order-1");
  ASSERT_TRUE(Call(ResolveToResultOf("order-1", "charged")).ok());
  Doubtful("order-2");
  ASSERT_TRUE(Call(ResolveToAbsentOf("order-2")).ok());
  Acquire("order-3");
  ASSERT_TRUE(Call(DeleteOf("order-3")).ok());
  server_.Kill();
  Start();
  EXPECT_EQ(Look("order-1").result().payload(), "charged");
  EXPECT_TRUE(Call(ResolveToResultOf("order-1", "charged"))->already_applied());
  EXPECT_TRUE(Call(ResolveToAbsentOf("order-2"))->already_applied());
  EXPECT_EQ(Call(DeleteOf("order-3")).error().reason, "KEY_NOT_FOUND");
}

TEST_F(AdminResolveTest, DeletedWhateverTheState) {
  const auto state_of_deleted = [&](const std::string& key) {
    const auto deleted = Call(DeleteOf(key));
    EXPECT_TRUE(deleted.ok()) << deleted.error();
    EXPECT_EQ(Call(DeleteOf(key)).error().reason, "KEY_NOT_FOUND");
    EXPECT_FALSE(Call(LookupOf(key))->has_record());
    return deleted->state();
  };
  Doubtful("in doubt");
  EXPECT_EQ(state_of_deleted("in doubt"), v1::STATE_IN_DOUBT);
  const int64_t token = Acquire("in progress");
  EXPECT_EQ(state_of_deleted("in progress"), v1::STATE_IN_PROGRESS);
  EXPECT_EQ(Call(ResultOf("in progress", token)).error().reason, "KEY_NOT_FOUND");
  EXPECT_GT(Acquire("in progress"), token) << "so the owner before can still be fenced off";
  ASSERT_TRUE(Call(ResultOf("done", Acquire("done"))).ok());
  EXPECT_EQ(state_of_deleted("done"), v1::STATE_DONE);
  ASSERT_TRUE(Call(ResultOf("expired", Acquire("expired"))).ok());
  Pass(24h);
  EXPECT_EQ(state_of_deleted("expired"), v1::STATE_EXPIRED);
}

TEST_F(AdminResolveTest, WhoWaitsForADeletedKeyGetsIt) {
  const int64_t token = Acquire("order-1");
  PendingBegin first(*caller_, WaitingBeginOf("order-1"));
  ASSERT_TRUE(support::Eventually([&] { return server_.waiters() == 1; }));
  PendingBegin second(*caller_, WaitingBeginOf("order-1"));
  ASSERT_TRUE(support::Eventually([&] { return server_.waiters() == 2; }));
  ASSERT_TRUE(Call(DeleteOf("order-1")).ok());
  const auto& begun = first.Await();
  ASSERT_TRUE(begun->has_acquired()) << begun->ShortDebugString();
  EXPECT_GT(begun->acquired().token(), token);
  EXPECT_EQ(begun->acquired().attempt(), 1);
  EXPECT_FALSE(second.IsAnswered());
  ASSERT_TRUE(Call(ResultOf("order-1", begun->acquired().token(), "ok")).ok());
  EXPECT_EQ(second.Await()->done().result().payload(), "ok");
}

TEST_F(AdminResolveTest, GoesOnWhileTheServerDrains) {
  Doubtful("order-1");
  server_.server().Drain();
  EXPECT_TRUE(Call(ResolveToResultOf("order-1")).ok());
  EXPECT_TRUE(Call(DeleteOf("order-1")).ok());
}

TEST_F(AdminResolveTest, IsCountedAsOtherCallsAre) {
  Doubtful("order-1");
  ASSERT_TRUE(Call(ResolveToResultOf("order-1")).ok());
  ASSERT_FALSE(Call(ResolveToAbsentOf("order-2")).ok());
  const rpc::MethodStats& stats = server_.call_stats().methods[rpc::kFirstAdminMethod + 1];
  EXPECT_EQ(stats.method, "ResolveKey");
  EXPECT_EQ(stats.by_code[grpc::StatusCode::OK].value(), 1u);
  EXPECT_EQ(stats.by_code[grpc::StatusCode::NOT_FOUND].value(), 1u);
}

}  // namespace
}  // namespace semel::e2e
