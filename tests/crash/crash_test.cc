// kill -9 at random moments under load, again and again, on one directory: what was acknowledged stays true.
//
// SEMEL_CRASH_SEED repeats a run, as far as threads and disks allow; SEMEL_CRASH_ROUNDS makes it longer.

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "storage/rocksdb/verify.h"
#include "tests/crash/contest.h"
#include "tests/crash/worker.h"
#include "tests/support/semeld.h"

namespace semel::crash {
namespace {

constexpr int kWorkers = 6;
constexpr int kContestedKeys = 12;

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

class CrashTest : public testing::Test {
 protected:
  CrashTest() : seed_(FromEnvironment("SEMEL_CRASH_SEED", std::random_device()())), random_(seed_) {
    std::printf("SEMEL_CRASH_SEED=%llu\n", static_cast<unsigned long long>(seed_));
    for (int id = 0; id < kWorkers; ++id)
      workers_.push_back(std::make_unique<Worker>(id, random_(), contest_, stopping_));
  }

  // Load until a random number of answers has come, then kill -9 in the middle of it.
  void WorkAndCrash(support::Semeld& semeld) {
    const int64_t enough = std::uniform_int_distribution<int64_t>(1, 1500)(random_);
    std::atomic<int64_t> answers = 0;
    absl::Notification now;
    std::vector<std::thread> threads;
    for (auto& worker : workers_) {
      threads.emplace_back([&, channel = semeld.NewChannel()] {
        worker->Run(support::Caller(channel), [&] {
          if (++answers == enough) now.Notify();
        });
      });
    }
    EXPECT_TRUE(now.WaitForNotificationWithTimeout(support::kPatience)) << semeld.Log();
    // In the middle of its drain, or out of the blue.
    stopping_ = std::bernoulli_distribution(0.3)(random_);
    if (stopping_) semeld.process().Signal(SIGTERM);
    semeld.Kill();
    for (std::thread& thread : threads) thread.join();
    stopping_ = false;
    answers_ += answers;
  }

  // Starts on the same directory, as after a crash; sometimes only after another kill -9 while it is still starting.
  std::unique_ptr<support::Semeld> Restart() {
    // Small write buffers, so that it flushes and compacts all the time.
    const support::Semeld::Options options{.config = "storage: {memtable: 1MiB}\n"};
    if (std::bernoulli_distribution(0.3)(random_)) {
      support::Semeld doomed(directory_, options);
      EXPECT_TRUE(support::Eventually([&] { return HeldBy(doomed.process().pid()); }));
      doomed.Kill();
    }
    const auto start = std::chrono::steady_clock::now();
    auto semeld = std::make_unique<support::Semeld>(directory_, options);
    EXPECT_TRUE(semeld->AwaitReady()) << semeld->Log();
    slowest_restart_ = std::max(slowest_restart_, std::chrono::steady_clock::now() - start);
    return semeld;
  }

  // What lies on the disk, before anybody mends it.
  void ExpectSound() const {
    const absl::StatusOr<storage::DatabaseReport> report = storage::Verify(directory_ / "data");
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_THAT(report->findings, testing::IsEmpty());
  }

  bool HeldBy(pid_t pid) const {
    pid_t holder = 0;
    std::ifstream(directory_ / "data/LOCK") >> holder;
    return holder == pid;
  }

  // Everything from the round that was cut short is looked at and repeated; what is older, by chance.
  void CheckWhatWasAcknowledged(const support::Semeld& semeld) {
    const support::Caller caller(semeld.NewChannel());
    for (auto& worker : workers_) {
      std::vector<Testimony>& testimonies = worker->testimonies();
      size_t& checked = checked_[worker.get()];
      for (size_t i = 0; i < testimonies.size(); ++i) {
        if (i < checked && !std::bernoulli_distribution(0.02)(random_)) continue;
        CheckStillThere(caller, testimonies[i]);
        RepeatCalls(caller, testimonies[i]);
        if (HasFatalFailure()) return;
      }
      checked = testimonies.size();
    }
  }

  const uint64_t seed_;
  std::mt19937_64 random_;
  support::TemporaryDirectory directory_;
  Contest contest_{kContestedKeys};
  std::atomic<bool> stopping_ = false;  // the server was asked to
  std::vector<std::unique_ptr<Worker>> workers_;
  std::map<Worker*, size_t> checked_;  // testimonies of earlier rounds
  int64_t answers_ = 0;
  std::chrono::steady_clock::duration slowest_restart_{};
};

TEST_F(CrashTest, WhatWasAcknowledgedSurvivesEveryKill) {
  const uint64_t rounds = FromEnvironment("SEMEL_CRASH_ROUNDS", 20);
  std::unique_ptr<support::Semeld> semeld = Restart();
  for (uint64_t round = 1; round <= rounds; ++round) {
    SCOPED_TRACE(testing::Message() << "round " << round << ", seed " << seed_);
    WorkAndCrash(*semeld);
    ExpectSound();
    semeld = Restart();
    CheckWhatWasAcknowledged(*semeld);
    if (HasFailure()) return;
  }
  const support::Caller caller(semeld->NewChannel());
  size_t keys = 0;
  for (auto& worker : workers_) {
    for (const Testimony& testimony : worker->testimonies()) CheckStillThere(caller, testimony);
    keys += worker->testimonies().size();
  }
  EXPECT_EQ(semeld->Stop(), 0);
  std::printf("%llu kills, %lld answers under load, %zu keys checked, slowest restart %lld ms\n",
              static_cast<unsigned long long>(rounds), static_cast<long long>(answers_), keys,
              static_cast<long long>(std::chrono::duration_cast<std::chrono::milliseconds>(slowest_restart_).count()));
}

}  // namespace
}  // namespace semel::crash
