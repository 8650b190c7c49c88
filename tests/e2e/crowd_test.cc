// Ten thousand callers want the same key at once: one does the work, all others get its result.

#include <gmock/gmock.h>
#include <grpcpp/support/async_unary_call.h>

#include <array>
#include <chrono>
#include <deque>
#include <set>

#include "tests/support/caller.h"
#include "tests/support/requests.h"
#include "tests/support/scrape.h"
#include "tests/support/semeld.h"

namespace semel::e2e {
namespace {

using support::BeginOf;
using support::Caller;
using support::Eventually;
using support::ResultOf;
using support::Scrape;
using support::Semeld;
using support::WaitingBeginOf;

constexpr int kCallers = 10'000;
constexpr int kConnections = 4;
// However slow this machine is: nobody shall be told that too many are there.
constexpr char kPatient[] = "limits: {max_queue_delay: 1m}\n";

// Many Begins at once, on one completion queue that one thread reads.
class Crowd {
 public:
  explicit Crowd(const Semeld& semeld) {
    for (auto& stub : stubs_) stub = v1::IdempotencyService::NewStub(semeld.NewChannel());
  }
  ~Crowd() {
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
  }

  void Send(const v1::BeginRequest& request) {
    Call& call = calls_.emplace_back();
    call.context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoSeconds(support::kPatience));
    call.reader = stubs_[calls_.size() % kConnections]->AsyncBegin(&call.context, request, &queue_);
    call.reader->Finish(&call.response, &call.status, &call);
  }

  struct Call {
    grpc::ClientContext context;
    v1::BeginResponse response;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<v1::BeginResponse>> reader;
  };
  // The next that was answered.
  const Call& Next() {
    void* tag = nullptr;
    bool ok = false;
    if (!queue_.Next(&tag, &ok)) std::abort();
    return *static_cast<Call*>(tag);
  }

 private:
  std::array<std::unique_ptr<v1::IdempotencyService::Stub>, kConnections> stubs_;
  grpc::CompletionQueue queue_;
  std::deque<Call> calls_;
};

TEST(CrowdTest, OneAcquiresAndTheRestGetTheResult) {
  const support::TemporaryDirectory directory;
  Semeld semeld(directory, {.config = kPatient});
  ASSERT_TRUE(semeld.AwaitReady()) << semeld.Log();
  const Caller owner(semeld.NewChannel());

  Crowd crowd(semeld);
  for (int i = 0; i < kCallers; ++i) crowd.Send(WaitingBeginOf("order-1"));
  const Crowd::Call& first = crowd.Next();
  ASSERT_TRUE(first.status.ok()) << support::Describe(first.status);
  ASSERT_TRUE(first.response.has_acquired()) << first.response.ShortDebugString();
  ASSERT_TRUE(Eventually([&] { return Scrape(semeld.Get("/metrics").body)["semel_waiters"] == kCallers - 1; }));

  ASSERT_TRUE(owner.Call(ResultOf("order-1", first.response.acquired().token(), "paid")).ok());
  for (int i = 1; i < kCallers; ++i) {
    const Crowd::Call& call = crowd.Next();
    ASSERT_TRUE(call.status.ok()) << support::Describe(call.status);
    ASSERT_EQ(call.response.done().result().payload(), "paid") << call.response.ShortDebugString();
  }
  const Scrape scrape(semeld.Get("/metrics").body);
  EXPECT_EQ(scrape["semel_waiters"], 0);
  EXPECT_EQ(scrape["semel_calls_total{method=\"Begin\",code=\"OK\"}"], kCallers);
  EXPECT_EQ(scrape["semel_begin_outcomes_total{semel_namespace=\"(other)\",outcome=\"acquired\"}"], 1);
  EXPECT_EQ(scrape["semel_begin_outcomes_total{semel_namespace=\"(other)\",outcome=\"done\"}"], kCallers - 1);
}

// Every owner gives the key back at once: all of them get it, one after the other, with a greater token each time.
TEST(CrowdTest, ReleasedAgainAndAgainEachAcquiresInTurn) {
  constexpr int kMany = 500;
  const support::TemporaryDirectory directory;
  Semeld semeld(directory, {.config = kPatient});
  ASSERT_TRUE(semeld.AwaitReady()) << semeld.Log();
  const Caller owner(semeld.NewChannel());
  Crowd crowd(semeld);
  for (int i = 0; i < kMany; ++i) crowd.Send(WaitingBeginOf("order-1"));
  int64_t last_token = 0;
  for (int i = 0; i < kMany; ++i) {
    const Crowd::Call& call = crowd.Next();
    ASSERT_TRUE(call.status.ok()) << support::Describe(call.status);
    ASSERT_TRUE(call.response.has_acquired()) << call.response.ShortDebugString();
    ASSERT_GT(call.response.acquired().token(), last_token);
    last_token = call.response.acquired().token();
    ASSERT_TRUE(owner.Call(support::ReleaseOf("order-1", last_token)).ok());
  }
}

}  // namespace
}  // namespace semel::e2e
