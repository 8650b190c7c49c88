// Rule 17: after storage failed, nothing is promised any more, everyone is told so, and only a restart clears it.

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "storage/memory_storage.h"
#include "tests/e2e/local_server_test.h"
#include "tests/support/scrape.h"
#include "tests/support/semeld.h"

namespace semel::e2e {
namespace {

using support::Caller;
using support::Eventually;
using support::Scrape;
using support::Semeld;

void ExpectStorageFailed(const support::WireError& error) {
  EXPECT_EQ(error.code, grpc::StatusCode::UNAVAILABLE) << error;
  EXPECT_EQ(error.reason, "STORAGE_FAILED") << error;
  EXPECT_EQ(error.domain, "semel.v1") << error;
  EXPECT_GT(error.retry_delay.value_or(absl::ZeroDuration()), absl::ZeroDuration());
}

class StorageFailureTest : public LocalServerTest {
 protected:
  void FailNextCommit(storage::CommitFault fault) {
    dynamic_cast<storage::MemoryStorage&>(server_.storage()).FailNextCommit(fault);
  }
};

TEST_F(StorageFailureTest, EveryCallIsToldAndSoAreWaiters) {
  const int64_t token = Acquire("order-1");
  support::PendingBegin waiter(*caller_, WaitingBeginOf("order-1"));
  ASSERT_TRUE(Eventually([&] { return server_.waiters() == 1; }));
  FailNextCommit(storage::CommitFault::kNothingWritten);
  ExpectStorageFailed(Call(ResultOf("order-1", token)).error());
  ExpectStorageFailed(waiter.Await().error());
  ExpectStorageFailed(Call(BeginOf("order-2")).error());
  ExpectStorageFailed(Call(LookupOf("order-1")).error());
  ExpectStorageFailed(Call(RenewOf("order-1", token)).error());
  ExpectStorageFailed(Call(ReleaseOf("order-1", token)).error());
  ExpectStorageFailed(Call(CheckpointOf("order-1", token, "x")).error());
  v1::BatchBeginRequest batch;
  *batch.add_requests() = BeginOf("order-3");
  const support::WireError item = support::Describe(Call(batch)->items(0).error());
  EXPECT_EQ(item.reason, "STORAGE_FAILED");
  EXPECT_TRUE(item.retry_delay.has_value());
  EXPECT_EQ(server_.waiters(), 0);
}

// Whether a failed write reached the disk is not known: the same call made again finds out.
TEST_F(StorageFailureTest, ARestartShowsWhatIsReallyThere) {
  for (const storage::CommitFault fault :
       {storage::CommitFault::kNothingWritten, storage::CommitFault::kEverythingWritten}) {
    const bool written = fault == storage::CommitFault::kEverythingWritten;
    const std::string key = absl::StrCat("order-", written);
    const int64_t token = Acquire(key);
    FailNextCommit(fault);
    ExpectStorageFailed(Call(ResultOf(key, token)).error());
    server_.Kill();
    Start();
    EXPECT_EQ(Look(key).state(), written ? v1::STATE_DONE : v1::STATE_IN_PROGRESS);
    const auto completed = Call(ResultOf(key, token));
    ASSERT_TRUE(completed.ok()) << completed.error();
    EXPECT_EQ(completed->already_applied(), written);
  }
}

// A real disk that is full.
class FullDiskTest : public testing::Test {
 protected:
  // Until the disk is full. Returns how many were acknowledged: order-0, order-1, ...
  static int CompleteManyWith(const Caller& caller) {
    for (int i = 0; i < 10'000; ++i) {
      const std::string key = absl::StrCat("order-", i);
      const auto begun = caller.Call(BeginOf(key));
      if (!begun.ok()) return i;
      if (!caller.Call(ResultOf(key, begun->acquired().token(), std::string(2'000, 'x'))).ok()) return i;
    }
    return 10'000;
  }

  static bool SaysNotServing(const Caller& caller) {
    const auto health = grpc::health::v1::Health::NewStub(caller.channel());
    grpc::ClientContext context;
    grpc::health::v1::HealthCheckResponse response;
    return health->Check(&context, {}, &response).ok() &&
           response.status() == grpc::health::v1::HealthCheckResponse::NOT_SERVING;
  }

  const support::TemporaryDirectory directory_;
};

TEST_F(FullDiskTest, TheServerTurnsUnreadyAndKeepsWhatItPromised) {
  int acknowledged = 0;
  {
    Semeld semeld(directory_, {.max_file_bytes = 512 << 10});
    ASSERT_TRUE(semeld.AwaitReady()) << semeld.Log();
    EXPECT_EQ(semeld.Get("/readyz").code, 200);
    std::optional<Caller> caller(semeld.NewChannel());
    acknowledged = CompleteManyWith(*caller);
    EXPECT_GT(acknowledged, 50);
    EXPECT_LT(acknowledged, 10'000);
    ExpectStorageFailed(caller->Call(BeginOf("one-more")).error());
    EXPECT_TRUE(Eventually([&] { return semeld.Get("/readyz").code == 503; }));
    EXPECT_EQ(semeld.Get("/livez").code, 200) << "to restart it is for those who look at readiness to decide";
    EXPECT_EQ(Scrape(semeld.Get("/metrics").body)["semel_storage_failed"], 1);
    EXPECT_TRUE(Eventually([&] { return SaysNotServing(*caller); }));
    caller.reset();
    EXPECT_TRUE(semeld.Stop().has_value()) << "it still ends when told to";
  }
  Semeld restarted(directory_);
  ASSERT_TRUE(restarted.AwaitReady()) << restarted.Log();
  const Caller caller(restarted.NewChannel());
  for (int i = 0; i < acknowledged; ++i) {
    ASSERT_EQ(caller.Call(LookupOf(absl::StrCat("order-", i)))->record().state(), v1::STATE_DONE) << i;
  }
}

}  // namespace
}  // namespace semel::e2e
