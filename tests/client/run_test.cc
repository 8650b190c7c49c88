#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/server_fixture.h"

namespace semel {
namespace {

class RunTest : public ServerTest {
 protected:
  // Runs without an effect: the key must not be acquired.
  RunOutcome RunUncalled(const std::string& key, RunOptions options = {}) {
    const auto outcome = client_->Run(
        key,
        [](Attempt&) -> Outcome {
          ADD_FAILURE() << "called";
          return Result{};
        },
        options);
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    return outcome.value_or(RunOutcome{});
  }

  std::unique_ptr<Client> client_ = Direct();
};

TEST_F(RunTest, RunsOnceAndReplays) {
  const auto first = client_->Run("order/1", [](Attempt& attempt) -> Outcome {
    EXPECT_EQ(attempt.key(), "order/1");
    EXPECT_GT(attempt.token(), 0);
    EXPECT_EQ(attempt.number(), 1);
    EXPECT_EQ(attempt.previous(), Previous::kNone);
    EXPECT_EQ(attempt.checkpoint(), "");
    EXPECT_FALSE(attempt.lost());
    return Result{.payload = "placed", .attributes = {{"status", "201"}}};
  });
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_FALSE(first->replayed);
  ASSERT_NE(first->result(), nullptr);
  EXPECT_EQ(first->result()->payload, "placed");

  const RunOutcome second = RunUncalled("order/1");
  EXPECT_TRUE(second.replayed);
  ASSERT_NE(second.result(), nullptr);
  EXPECT_EQ(second.result()->payload, "placed");
  EXPECT_EQ(second.result()->attributes.at("status"), "201");
  EXPECT_EQ(second.failure(), nullptr);
}

TEST_F(RunTest, FiftyThreadsOneEffect) {
  std::atomic<int> effects = 0;
  std::atomic<int> replayed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 50; ++i) {
    threads.emplace_back([&] {
      const auto outcome = client_->Run("order/1",
                                        [&](Attempt&) -> Outcome {
                                          ++effects;
                                          return Result{.payload = "placed"};
                                        },
                                        {.wait = 60s});
      ASSERT_TRUE(outcome.ok()) << outcome.status();
      ASSERT_NE(outcome->result(), nullptr);
      EXPECT_EQ(outcome->result()->payload, "placed");
      if (outcome->replayed) ++replayed;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(effects, 1);
  EXPECT_EQ(replayed, 49);
}

TEST_F(RunTest, ManyKeysOnManyThreadsWithLeasesOfTheirOwn) {
  std::atomic<int> effects = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int j = 0; j < 20; ++j) {
        const auto outcome = client_->Run("order/" + std::to_string(i) + "/" + std::to_string(j),
                                          [&](Attempt& attempt) -> Outcome {
                                            ++effects;
                                            EXPECT_TRUE(attempt.Checkpoint("half way").ok());
                                            return Result{};
                                          },
                                          {.lease = 30s});
        EXPECT_TRUE(outcome.ok()) << outcome.status();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(effects, 160);
}

TEST_F(RunTest, WhileAnotherRunsItIsInProgress) {
  const auto outcome = client_->Run("k",
                                    [&](Attempt&) -> Outcome {
                                      const RunOutcome meanwhile = RunUncalled("k");
                                      EXPECT_FALSE(meanwhile.replayed);
                                      const auto* in_progress = std::get_if<InProgress>(&meanwhile.answer);
                                      EXPECT_NE(in_progress, nullptr);
                                      EXPECT_TRUE(in_progress != nullptr && in_progress->owner == "first");
                                      return Result{};
                                    },
                                    {.owner = "first"});
  EXPECT_TRUE(outcome.ok()) << outcome.status();
}

TEST_F(RunTest, AFinalFailureIsReplayed) {
  const auto first = client_->Run("k", [](Attempt&) -> Outcome { return Failure{.reason = "CARD_DECLINED"}; });
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_NE(first->failure(), nullptr);
  EXPECT_FALSE(first->replayed);
  const RunOutcome second = RunUncalled("k");
  EXPECT_TRUE(second.replayed);
  ASSERT_NE(second.failure(), nullptr);
  EXPECT_EQ(second.failure()->reason, "CARD_DECLINED");
  EXPECT_FALSE(std::get<Failed>(second.answer).retry_after.has_value());
}

TEST_F(RunTest, ARetryableFailureIsRunAgainWithItsCheckpoint) {
  const auto first = client_->Run("k", [](Attempt& attempt) -> Outcome {
    EXPECT_TRUE(attempt.Checkpoint("page 7").ok());
    return Failure{.reason = "BANK_DOWN", .retryable = true};
  });
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_NE(first->failure(), nullptr);
  EXPECT_EQ(std::get<Failed>(first->answer).retry_after, 0s);
  const auto second = client_->Run("k", [](Attempt& attempt) -> Outcome {
    EXPECT_EQ(attempt.number(), 2);
    EXPECT_EQ(attempt.previous(), Previous::kFailed);
    EXPECT_EQ(attempt.checkpoint(), "page 7");
    return Result{.payload = "done"};
  });
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->result()->payload, "done");
}

TEST_F(RunTest, AnExceptionPassesThroughAndIsNoFailure) {
  const auto explode = [&] {
    return client_->Run("k",
                        [](Attempt& attempt) -> Outcome {
                          EXPECT_TRUE(attempt.Checkpoint("half way").ok());
                          throw std::runtime_error("power cut");
                        },
                        {.lease = 300ms});
  };
  EXPECT_THROW(static_cast<void>(explode()), std::runtime_error);
  // Nothing was reported; the lease lapses because nobody renews it, and then the next one is told.
  const auto next = client_->Run("k",
                                 [](Attempt& attempt) -> Outcome {
                                   EXPECT_EQ(attempt.number(), 2);
                                   EXPECT_EQ(attempt.previous(), Previous::kAbandoned);
                                   EXPECT_EQ(attempt.checkpoint(), "half way");
                                   return Result{};
                                 },
                                 {.wait = 60s});
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_FALSE(next->replayed);
}

TEST_F(RunTest, AnExceptionAfterEffectsBeganLeavesTheKeyInDoubt) {
  int64_t token = 0;
  const auto explode = [&] {
    return client_->Run("k",
                        [&](Attempt& attempt) -> Outcome {
                          token = attempt.token();
                          EXPECT_TRUE(attempt.Checkpoint("card 4711", /*effects_began=*/true).ok());
                          throw std::runtime_error("power cut");
                        },
                        {.lease = 300ms});
  };
  EXPECT_THROW(static_cast<void>(explode()), std::runtime_error);
  const RunOutcome doubt = RunUncalled("k", {.wait = 60s});
  const auto* in_doubt = std::get_if<InDoubt>(&doubt.answer);
  ASSERT_NE(in_doubt, nullptr);
  EXPECT_EQ(in_doubt->checkpoint, "card 4711");
  EXPECT_FALSE(doubt.replayed);
  // Whoever finds out and has the token can settle it.
  ASSERT_TRUE(client_->Complete({.key = "k", .token = token, .outcome = Result{.payload = "charged"}}).ok());
  EXPECT_EQ(RunUncalled("k").result()->payload, "charged");
}

TEST_F(RunTest, ATooLargeResultIsOmittedFromTheRecordOnly) {
  for (const size_t size : {size_t{2'000'000}, size_t{5'000'000}}) {
    const std::string key = "k/" + std::to_string(size);
    const auto first = client_->Run(key, [&](Attempt&) -> Outcome {
      return Result{.payload = std::string(size, 'x'), .content_type = "text/plain", .attributes = {{"status", "200"}}};
    });
    ASSERT_TRUE(first.ok()) << first.status();
    EXPECT_TRUE(first->omitted);
    EXPECT_EQ(first->result()->payload.size(), size);
    const RunOutcome second = RunUncalled(key);
    ASSERT_NE(second.result(), nullptr);
    EXPECT_TRUE(second.result()->omitted);
    EXPECT_EQ(second.result()->payload, "");
    EXPECT_EQ(second.result()->content_type, "text/plain");
    EXPECT_EQ(second.result()->attributes.at("status"), "200");
  }
}

TEST_F(RunTest, AResultWithARefusedFieldIsStillRecordedAsDone) {
  const auto first = client_->Run(
      "k", [](Attempt&) -> Outcome { return Result{.payload = "placed", .content_type = std::string(500, 'x')}; });
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE(first->omitted);
  EXPECT_EQ(first->result()->payload, "placed");
  const RunOutcome second = RunUncalled("k");
  ASSERT_NE(second.result(), nullptr);
  EXPECT_TRUE(second.result()->omitted);
}

TEST_F(RunTest, AnotherRequestUnderTheSameKeyIsRefusedUncalled) {
  const auto effect = [](Attempt&) -> Outcome { return Result{}; };
  ASSERT_TRUE(client_->Run("k", effect, {.fingerprint = FingerprintOf("a")}).ok());
  const auto other = client_->Run("k", effect, {.fingerprint = FingerprintOf("b")});
  EXPECT_EQ(DetailsOf(other.status()).reason, reason::kFingerprintMismatch);
  EXPECT_FALSE(DetailsOf(other.status()).fn_ran);
}

TEST_F(RunTest, AForgottenResultIsExpiredAndNotRunAgain) {
  ASSERT_TRUE(client_->Run("k", [](Attempt&) -> Outcome { return Result{}; }, {.retention = 1ms}).ok());
  RunOutcome outcome = RunUncalled("k");
  while (outcome.replayed) outcome = RunUncalled("k");  // until the millisecond is over
  EXPECT_TRUE(std::holds_alternative<Expired>(outcome.answer));
}

TEST_F(RunTest, AnOutcomeThatCannotBeRecordedSaysThatTheWorkWasDone) {
  const auto outcome = client_->Run("k", [](Attempt&) -> Outcome { return Failure{.reason = "not upper snake"}; });
  EXPECT_EQ(outcome.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(DetailsOf(outcome.status()).fn_ran);
  EXPECT_EQ(DetailsOf(outcome.status()).reason, reason::kFieldInvalid);
}

}  // namespace
}  // namespace semel
