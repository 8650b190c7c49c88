// Many threads use one committer at once, as polling threads do. Run under ThreadSanitizer too.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "server/engine/committer.h"
#include "storage/memory_storage.h"

namespace semel::engine {
namespace {

using namespace std::chrono_literals;

class Call final : public Operation {
 public:
  Outbox* Finish(Reply reply) override {
    reply_ = std::move(reply);
    answered_.Notify();  // aborts when it is done twice
    return nullptr;
  }
  const Reply& Wait() {
    answered_.WaitForNotification();
    return reply_;
  }
  bool answered() const { return answered_.HasBeenNotified(); }

 private:
  Reply reply_;
  absl::Notification answered_;
};

class Threads {
 public:
  static constexpr int kThreads = 4;
  static constexpr int kKeys = 200;

  Threads() : committer_(storage_, policies_, Limits(), stats_) { EXPECT_TRUE(committer_.Start().ok()); }

  // Every thread wants every key: one gets each, and completes it; the others wait for the result, or lose patience.
  void Run() {
    std::vector<std::thread> threads;
    for (int who = 0; who < kThreads; ++who) threads.emplace_back([this, who] { WantEveryKey(who); });
    std::atomic<bool> stop = false;
    std::thread housekeeping([&] {
      while (!stop) {
        time_.Advance(1us);
        committer_.NextDue();
        EXPECT_EQ(committer_.Open().in_doubt, 0u) << "no lease lapses";
        committer_.Run({});
        EXPECT_TRUE(committer_.Maintain().ok());
      }
    });
    for (std::thread& thread : threads) thread.join();
    stop = true;
    housekeeping.join();
  }

  // Somebody owns the key; whoever waits for it is taken back while the batch that lets it wait may be under way.
  void TakeBackWhoIsBeingDecided() {
    Begin begin{.lease = 1h, .wait = 1h};
    begin.attempt_id[0] = 1;
    RunOne(0, begin);
    begin.attempt_id[0] = 2;
    for (int i = 0; i < 3000; ++i) {
      const std::unique_ptr<Call> waiter = Make(0, begin);
      std::thread decides([&] { RunAlone(*waiter); });
      waiter->caller_gone = true;
      const bool taken_back = committer_.Cancel(waiter.get());
      decides.join();
      ASSERT_NE(taken_back, waiter->answered()) << "it waits for nobody, or was answered too";
    }
  }

  std::atomic<int> acquired_ = 0;
  std::atomic<int> replayed_ = 0;
  std::atomic<int> cancelled_ = 0;
  EngineStats& stats() { return stats_; }

 private:
  void WantEveryKey(int who) {
    for (int key = 0; key < kKeys; ++key) {
      Begin begin{.lease = 1h, .wait = 1h};
      begin.attempt_id[0] = static_cast<uint8_t>(1 + who);
      begin.attempt_id[1] = static_cast<uint8_t>(key);
      std::unique_ptr<Call> call = RunOne(key, begin);
      const bool impatient = key % 7 == who;
      if (impatient && !call->answered() && committer_.Cancel(call.get())) {
        ++cancelled_;
        continue;
      }
      const Reply& reply = call->Wait();
      if (const auto* acquired = std::get_if<Acquired>(&reply)) {
        ++acquired_;
        Finish(key, acquired->token);
      } else {
        EXPECT_TRUE(std::holds_alternative<Done>(reply)) << "key " << key;
        ++replayed_;
      }
    }
  }

  void Finish(int key, int64_t token) {
    Complete complete{.token = token, .outcome = storage::Result{.payload = "x", .payload_size = 1}, .retention = 1h};
    complete.outcome_digest = DigestOf(complete.outcome);
    EXPECT_TRUE(std::holds_alternative<Completed>(RunOne(key, complete)->Wait()));
  }

  std::unique_ptr<Call> RunOne(int key, Request request) {
    auto call = Make(key, std::move(request));
    RunAlone(*call);
    return call;
  }

  void RunAlone(Call& call) {
    Operation* const operations[] = {&call};
    committer_.Run(operations);
  }

  std::unique_ptr<Call> Make(int key, Request request) {
    auto call = std::make_unique<Call>();
    call->key = {.ns = "shop", .name = std::to_string(key)};
    call->ns = &policies_.For("shop");
    call->request = std::move(request);
    return call;
  }

  storage::ManualTime time_;
  const PolicyTable policies_;
  storage::MemoryStorage storage_{time_, std::make_shared<storage::MemoryDisk>()};
  EngineStats stats_;
  Committer committer_;
};

TEST(CommitterThreads, EachKeyIsAcquiredOnceAndHeardByAll) {
  Threads threads;
  threads.Run();
  EXPECT_EQ(threads.acquired_, Threads::kKeys);
  EXPECT_EQ(threads.acquired_ + threads.replayed_ + threads.cancelled_, Threads::kKeys * Threads::kThreads);
  EXPECT_EQ(threads.stats().waiters.value(), 0);
  EXPECT_EQ(threads.stats().queue_depth.value(), 0);
}

TEST(CommitterThreads, WhoIsTakenBackWhileItIsDecidedDoesNotWait) {
  Threads threads;
  threads.TakeBackWhoIsBeingDecided();
  EXPECT_EQ(threads.stats().waiters.value(), 0);
}

}  // namespace
}  // namespace semel::engine
