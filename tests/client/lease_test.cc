// Leases that are kept alive, and leases that are lost.

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/server_fixture.h"

namespace semel {
namespace {

// Returns when the attempt is lost.
bool AwaitLoss(const Attempt& attempt) {
  std::mutex mutex;
  std::condition_variable changed;
  const std::stop_callback wake(attempt.stop_token(), [&] {
    std::lock_guard lock(mutex);
    changed.notify_all();
  });
  std::unique_lock lock(mutex);
  return changed.wait_until(lock, Patience(), [&] { return attempt.stop_token().stop_requested(); });
}

class LeaseTest : public ServerTest {};

// Of leases that are to be kept: a machine that stands still for a second loses none.
constexpr auto kKept = 2s;

TEST_F(LeaseTest, IsKeptAliveForSeveralTimesItsLength) {
  const auto client = Direct();
  const auto rival = Direct();
  const auto outcome = client->Run("k",
                                   [&](Attempt& attempt) -> Outcome {
                                     // The rival is answered when the lease lapses, or when its patience is over.
                                     const auto answer = rival->Begin({.key = "k", .wait = 6s});
                                     EXPECT_TRUE(answer.ok()) << answer.status();
                                     EXPECT_TRUE(answer.ok() && std::holds_alternative<InProgress>(*answer));
                                     EXPECT_FALSE(attempt.lost());
                                     return Result{};
                                   },
                                   {.lease = kKept});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
}

TEST_F(LeaseTest, ManyAreKeptAliveAtOnce) {
  const auto client = Direct();
  const auto rival = Direct();
  std::vector<std::thread> threads;
  for (int i = 0; i < 20; ++i) {
    threads.emplace_back([&, key = "k/" + std::to_string(i)] {
      const auto outcome = client->Run(key,
                                       [&](Attempt&) -> Outcome {
                                         const auto answer = rival->Begin({.key = key, .wait = 6s});
                                         EXPECT_TRUE(answer.ok()) << answer.status();
                                         EXPECT_TRUE(answer.ok() && std::holds_alternative<InProgress>(*answer));
                                         return Result{};
                                       },
                                       {.lease = kKept});
      EXPECT_TRUE(outcome.ok()) << outcome.status();
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(LeaseTest, OutlivesARestartOfTheServer) {
  const auto client = ThroughProxy();
  const auto outcome = client->Run("k",
                                   [&](Attempt&) -> Outcome {
                                     RestartServer();
                                     const auto answer = Direct()->Begin({.key = "k", .wait = 4s});
                                     EXPECT_TRUE(answer.ok()) << answer.status();
                                     EXPECT_TRUE(answer.ok() && std::holds_alternative<InProgress>(*answer));
                                     return Result{.payload = "mine"};
                                   },
                                   {.lease = 2s});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->result()->payload, "mine");
}

TEST_F(LeaseTest, OfAnOwnerThatIsCutOffIsLostAndItsOutcomeRefused) {
  const auto client = ThroughProxy();
  const auto rival = Direct();
  int64_t token = 0;
  Acquired takeover;
  const auto outcome = client->Run("k",
                                   [&](Attempt& attempt) -> Outcome {
                                     token = attempt.token();
                                     EXPECT_FALSE(attempt.lost());
                                     proxy().CutOff();
                                     EXPECT_TRUE(AwaitLoss(attempt));
                                     EXPECT_TRUE(attempt.lost());
                                     takeover = Acquire(*rival, "k", {.wait = 60s});
                                     proxy().Restore();
                                     return Result{.payload = "late"};
                                   },
                                   {.lease = 500ms});
  EXPECT_EQ(outcome.status().code(), absl::StatusCode::kAborted) << outcome.status();
  const ErrorDetails details = DetailsOf(outcome.status());
  EXPECT_EQ(details.reason, reason::kTokenStale);
  EXPECT_TRUE(details.fn_ran);
  EXPECT_THAT(std::string(outcome.status().message()), testing::HasSubstr("lease was lost"));

  EXPECT_EQ(takeover.previous, Previous::kAbandoned);
  EXPECT_GT(takeover.token, token);
  const auto record = rival->Lookup("k");
  ASSERT_TRUE(record.ok() && record->has_value());
  EXPECT_EQ((*record)->state, State::kInProgress);  // untouched by the late one
}

TEST_F(LeaseTest, ThatWentByIsStillGoodForTheOutcomeWhereNobodyTookOver) {
  const auto client = ThroughProxy();
  const auto outcome = client->Run("k",
                                   [&](Attempt& attempt) -> Outcome {
                                     proxy().CutOff();
                                     EXPECT_TRUE(AwaitLoss(attempt));
                                     proxy().Restore();
                                     return Result{.payload = "late"};
                                   },
                                   {.lease = 300ms});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->result()->payload, "late");
}

TEST_F(LeaseTest, ATakeoverIsNoticedByTheNextRenewal) {
  const auto client = Direct();
  const auto outcome = client->Run("k",
                                   [&](Attempt& attempt) -> Outcome {
                                     // Somebody gives the key away behind the owner's back.
                                     EXPECT_TRUE(client->Release("k", attempt.token()).ok());
                                     Acquire(*client, "k", {.lease = 60s});
                                     EXPECT_TRUE(AwaitLoss(attempt));
                                     return Result{};
                                   },
                                   {.lease = 500ms});
  EXPECT_EQ(DetailsOf(outcome.status()).reason, reason::kTokenStale);
}

TEST_F(LeaseTest, ATakeoverIsNoticedByACheckpoint) {
  const auto client = Direct();
  const auto outcome = client->Run("k",
                                   [&](Attempt& attempt) -> Outcome {
                                     EXPECT_TRUE(client->Release("k", attempt.token()).ok());
                                     Acquire(*client, "k");
                                     EXPECT_EQ(DetailsOf(attempt.Checkpoint("data")).reason, reason::kTokenStale);
                                     EXPECT_TRUE(attempt.lost());
                                     return Result{};
                                   },
                                   {.lease = 60s});
  EXPECT_EQ(DetailsOf(outcome.status()).reason, reason::kTokenStale);
}

}  // namespace
}  // namespace semel
