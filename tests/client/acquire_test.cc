// The lease as a handle: held, lost, ended, dropped.

#include <atomic>
#include <csignal>
#include <future>
#include <thread>
#include <type_traits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/server_fixture.h"

namespace semel {
namespace {

static_assert(std::is_nothrow_move_constructible_v<Lease> && std::is_nothrow_move_assignable_v<Lease>);
static_assert(!std::is_copy_constructible_v<Lease> && !std::is_copy_assignable_v<Lease>);

// Set once, waited for by others.
class Signal {
 public:
  void Set() { promise_.set_value(); }
  bool Await() const { return future_.wait_until(Patience()) == std::future_status::ready; }
  bool IsSet() const { return future_.wait_for(0s) == std::future_status::ready; }

 private:
  std::promise<void> promise_;
  const std::shared_future<void> future_{promise_.get_future()};
};

class AcquireTest : public ServerTest {
 protected:
  // Of a key that nobody has.
  static Lease Held(Client& client, BeginRequest request, const CallOptions& options = {}) {
    absl::StatusOr<AcquireAnswer> answer = client.Acquire(request, options);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return std::get<Lease>(*std::move(answer));
  }
  // Hands the key to somebody else behind the owner's back.
  Acquired TakeOver(const Lease& lease) {
    EXPECT_TRUE(rival_->Release(lease.key(), lease.token()).ok());
    return semel::Acquire(*rival_, lease.key(), {.lease = 60s});
  }
  State StateOf(const std::string& key) {
    const auto record = rival_->Lookup(key);
    EXPECT_TRUE(record.ok() && record->has_value());
    return (*record)->state;
  }
  // What a rival is told who asks for so long.
  BeginAnswer Asked(const std::string& key, Duration wait) {
    auto answer = rival_->Begin({.key = key, .lease = 60s, .wait = wait});
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.value_or(Expired{});
  }

  std::unique_ptr<Client> client_ = Direct();
  std::unique_ptr<Client> rival_ = Direct();
};

TEST_F(AcquireTest, IsTheAttemptUntilItCompletes) {
  Lease lease = Held(*client_, {.key = "k"});
  EXPECT_EQ(lease.key(), "k");
  EXPECT_EQ(lease.namespace_name(), "shop");
  EXPECT_GT(lease.token(), 0);
  EXPECT_EQ(lease.number(), 1);
  EXPECT_EQ(lease.previous(), Previous::kNone);
  EXPECT_FALSE(lease.lost());
  EXPECT_FALSE(lease.ended());
  const auto meanwhile = client_->Acquire({.key = "k"});
  ASSERT_TRUE(meanwhile.ok());
  EXPECT_TRUE(std::holds_alternative<InProgress>(*meanwhile));

  const auto completed = lease.Complete({.payload = "placed"});
  ASSERT_TRUE(completed.ok()) << completed.status();
  EXPECT_EQ(completed->state, State::kDone);
  EXPECT_TRUE(lease.ended());
  EXPECT_FALSE(lease.lost());
  const auto afterwards = client_->Acquire({.key = "k"});
  ASSERT_TRUE(afterwards.ok());
  EXPECT_EQ(std::get<Done>(*afterwards).result.payload, "placed");
}

TEST_F(AcquireTest, FailsAndIsHandedOnWithItsCheckpoint) {
  Lease first = Held(*client_, {.key = "k"});
  EXPECT_TRUE(first.Checkpoint("page 7").ok());
  ASSERT_TRUE(first.Fail({.reason = "BANK_DOWN", .retryable = true}).ok());
  const Lease second = Held(*client_, {.key = "k"});
  EXPECT_EQ(second.number(), 2);
  EXPECT_EQ(second.previous(), Previous::kFailed);
  EXPECT_EQ(second.checkpoint(), "page 7");
}

TEST_F(AcquireTest, IsKeptAliveAndLapsesOnceItIsDropped) {
  {
    const Lease lease = Held(*client_, {.key = "k", .lease = 2s});
    EXPECT_TRUE(std::holds_alternative<InProgress>(Asked("k", 5s)));
    EXPECT_FALSE(lease.lost());
  }
  const BeginAnswer taken = Asked("k", 60s);
  ASSERT_TRUE(std::holds_alternative<Acquired>(taken));
  EXPECT_EQ(std::get<Acquired>(taken).previous, Previous::kAbandoned);
}

TEST_F(AcquireTest, IsReleasedOnceItIsDroppedOnlyWhereTheOwnerSaidSo) {
  {
    Lease lease = Held(*client_, {.key = "said", .lease = 1h});
    lease.ReleaseIfDropped(true);
  }
  const BeginAnswer taken = Asked("said", 0s);
  ASSERT_TRUE(std::holds_alternative<Acquired>(taken));
  EXPECT_EQ(std::get<Acquired>(taken).previous, Previous::kReleased);

  {
    Lease lease = Held(*client_, {.key = "began", .lease = 1h});
    lease.ReleaseIfDropped(true);
    EXPECT_TRUE(lease.Checkpoint("card 4242", /*effects_began=*/true).ok());
  }
  EXPECT_EQ(StateOf("began"), State::kInProgress) << "what began is never released by itself";
  { Lease lease = Held(*client_, {.key = "not said", .lease = 1h}); }
  EXPECT_EQ(StateOf("not said"), State::kInProgress);
}

TEST_F(AcquireTest, ReleasesTheKeyForTheNext) {
  Lease lease = Held(*client_, {.key = "k", .lease = 1h});
  EXPECT_TRUE(lease.Release().ok());
  EXPECT_TRUE(lease.ended());
  EXPECT_EQ(Held(*client_, {.key = "k"}).previous(), Previous::kReleased);
}

TEST_F(AcquireTest, MovesAndDropsWhatItHeld) {
  Lease lease = Held(*client_, {.key = "a", .lease = 1h});
  lease.ReleaseIfDropped(true);
  lease = Held(*client_, {.key = "b", .lease = 1h});  // drops a
  EXPECT_TRUE(std::holds_alternative<Acquired>(Asked("a", 0s)));
  Lease moved = std::move(lease);
  EXPECT_EQ(moved.key(), "b");
  EXPECT_EQ(StateOf("b"), State::kInProgress);
  EXPECT_TRUE(moved.Complete({}).ok());
}

TEST_F(AcquireTest, TellsOnceThatItIsLostAndTheCallbackMayCall) {
  Lease lease = Held(*client_, {.key = "k", .lease = 500ms});
  Signal told;
  std::atomic<int> calls = 0;
  absl::StatusOr<std::optional<Record>> seen;
  lease.OnLost([&] {
    ++calls;
    seen = client_->Lookup("k");
    EXPECT_TRUE(lease.lost());
    told.Set();
  });
  const Acquired taken = TakeOver(lease);
  EXPECT_GT(taken.token, lease.token());
  ASSERT_TRUE(told.Await());
  ASSERT_TRUE(seen.ok() && seen->has_value());
  EXPECT_EQ((*seen)->state, State::kInProgress);
  EXPECT_TRUE(lease.stop_token().stop_requested());
  const auto refused = lease.Complete({.payload = "late"});
  EXPECT_EQ(DetailsOf(refused.status()).reason, reason::kTokenStale);
  EXPECT_TRUE(lease.ended());
  EXPECT_EQ(calls, 1);
}

TEST_F(AcquireTest, TellsAtOnceIfItIsLostAlready) {
  Lease lease = Held(*client_, {.key = "k", .lease = 1h});
  TakeOver(lease);
  EXPECT_EQ(DetailsOf(lease.Checkpoint("data")).reason, reason::kTokenStale);
  std::thread::id told;
  lease.OnLost([&] { told = std::this_thread::get_id(); });
  EXPECT_EQ(told, std::this_thread::get_id());
}

TEST_F(AcquireTest, TellsNothingOnceItHasEnded) {
  Lease lease = Held(*client_, {.key = "k", .lease = 300ms});
  bool told = false;
  lease.OnLost([&] { told = true; });
  ASSERT_TRUE(lease.Complete({}).ok());
  // Long enough for several renewals, had they gone on.
  EXPECT_TRUE(std::holds_alternative<Acquired>(Asked("other", 0s)));
  EXPECT_TRUE(std::holds_alternative<InProgress>(Asked("other", 1s)));
  EXPECT_FALSE(told);
  EXPECT_FALSE(lease.stop_token().stop_requested());
}

TEST_F(AcquireTest, TheDestructorWaitsForTheCallback) {
  auto lease = std::make_unique<Lease>(Held(*client_, {.key = "k", .lease = 300ms}));
  Signal entered;
  Signal destroying;
  std::atomic<bool> returned = false;
  lease->OnLost([&] {
    entered.Set();
    EXPECT_TRUE(destroying.Await());
    for (int i = 0; i < 1000; ++i) std::this_thread::yield();  // gives a destructor that does not wait its chance
    returned = true;
  });
  TakeOver(*lease);
  ASSERT_TRUE(entered.Await());
  destroying.Set();
  lease.reset();
  EXPECT_TRUE(returned);
}

TEST_F(AcquireTest, AServerThatIsStoppedForLongerThanTheLeaseCostsIt) {
  Lease lease = Held(*client_, {.key = "k", .lease = 500ms});
  Signal told;
  lease.OnLost([&] { told.Set(); });
  server().process().Signal(SIGSTOP);
  server().process().AwaitStopped();
  EXPECT_TRUE(told.Await());
  server().process().Signal(SIGCONT);
  // Nobody took over: the outcome still counts.
  const auto completed = lease.Complete({.payload = "late"});
  ASSERT_TRUE(completed.ok()) << completed.status();
  EXPECT_EQ(StateOf("k"), State::kDone);
}

TEST_F(AcquireTest, AnOwnerThatIsCutOffIsToldAndRefused) {
  const auto client = ThroughProxy();
  Lease lease = Held(*client, {.key = "k", .lease = 500ms});
  Signal told;
  lease.OnLost([&] { told.Set(); });
  proxy().CutOff();
  ASSERT_TRUE(told.Await());
  const BeginAnswer taken = Asked("k", 60s);
  ASSERT_TRUE(std::holds_alternative<Acquired>(taken));
  proxy().Restore();
  EXPECT_EQ(DetailsOf(lease.Release()).reason, reason::kTokenStale);
  EXPECT_TRUE(lease.ended());
  EXPECT_EQ(StateOf("k"), State::kInProgress);
}

TEST_F(AcquireTest, AReportWithoutAnAnswerLeavesItHeld) {
  const auto client = ThroughProxy({.complete_timeout = 200ms});
  Lease lease = Held(*client, {.key = "k", .lease = 1h});
  proxy().CutOff();
  const auto unanswered = lease.Complete({.payload = "p"});
  EXPECT_FALSE(unanswered.ok());
  EXPECT_FALSE(lease.ended());
  proxy().Restore();
  absl::StatusOr<Completed> completed = unanswered;
  while (!completed.ok() && std::chrono::steady_clock::now() < Patience() && !lease.ended()) {
    completed = lease.Complete({.payload = "p"});  // each with its 200 ms
  }
  EXPECT_TRUE(completed.ok()) << completed.status();
  EXPECT_TRUE(lease.ended());
}

TEST_F(AcquireTest, AResultTooLargeIsStoredWithoutItsPayload) {
  Lease lease = Held(*client_, {.key = "k"});
  const auto completed = lease.Complete({.payload = std::string(2 << 20, 'x'), .content_type = "text/plain"});
  ASSERT_TRUE(completed.ok()) << completed.status();
  EXPECT_TRUE(completed->omitted);
  const BeginAnswer answer = Asked("k", 0s);
  ASSERT_TRUE(std::holds_alternative<Done>(answer));
  EXPECT_TRUE(std::get<Done>(answer).result.omitted);
  EXPECT_EQ(std::get<Done>(answer).result.content_type, "text/plain");
}

TEST_F(AcquireTest, OutlivesItsClient) {
  Lease lease = Held(*client_, {.key = "k", .lease = 2s});
  client_.reset();
  EXPECT_TRUE(std::holds_alternative<InProgress>(Asked("k", 5s)));
  EXPECT_FALSE(lease.lost());
  EXPECT_TRUE(lease.Complete({}).ok());
}

TEST_F(AcquireTest, IsRenewedInTheNamespaceItWasAcquiredIn) {
  Lease lease = Held(*client_, {.key = "k", .lease = 2s}, {.namespace_name = "depot"});
  EXPECT_EQ(lease.namespace_name(), "depot");
  EXPECT_FALSE(rival_->Lookup("k").value().has_value());
  const auto waited = rival_->Begin({.key = "k", .wait = 5s}, {.namespace_name = "depot"});
  ASSERT_TRUE(waited.ok());
  EXPECT_TRUE(std::holds_alternative<InProgress>(*waited));
  EXPECT_TRUE(lease.Checkpoint("half").ok());
  ASSERT_TRUE(lease.Complete({.payload = "d"}).ok());
  EXPECT_EQ(rival_->Lookup("k", {.namespace_name = "depot"}).value()->state, State::kDone);
}

}  // namespace
}  // namespace semel
