#include "client/cpp/lease_keeper.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <stop_token>
#include <vector>

#include <gtest/gtest.h>

#include "client/cpp/connection.h"
#include "semel/v1/idempotency_service.grpc.pb.h"

namespace semel {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

const absl::Status kStale = absl::AbortedError("taken over");
const absl::Status kEnded = absl::FailedPreconditionError("not in progress");
const absl::Status kUnreachable = absl::UnavailableError("nobody there");

SteadyClock::time_point Patience() { return SteadyClock::now() + 60s; }

// The other end: notes every BatchRenew, and answers it as it is told to.
class Renewals {
 public:
  LeaseKeeper::RenewAll AsFunction() {
    return [this](grpc::ClientContext&, const std::vector<HeldKey>& requests) { return Answer(requests); };
  }
  // From now on every renewal is answered with this.
  void AnswerWith(absl::StatusOr<Duration> answer) {
    std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }
  void Block() {
    std::lock_guard lock(mutex_);
    blocked_ = true;
  }
  void Unblock() {
    std::lock_guard lock(mutex_);
    blocked_ = false;
    changed_.notify_all();
  }
  // The number of leases in each call so far, once there are that many calls.
  std::vector<size_t> AwaitCalls(size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_until(lock, Patience(), [&] { return calls_.size() >= count; }));
    return calls_;
  }
  size_t calls() {
    std::lock_guard lock(mutex_);
    return calls_.size();
  }

 private:
  absl::StatusOr<LeaseKeeper::Renewed> Answer(const std::vector<HeldKey>& requests) {
    std::unique_lock lock(mutex_);
    calls_.push_back(requests.size());
    changed_.notify_all();
    changed_.wait(lock, [this] { return !blocked_; });
    if (!answer_.ok() && answer_.status().code() == absl::StatusCode::kUnavailable) return answer_.status();
    return LeaseKeeper::Renewed(requests.size(), answer_);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  absl::StatusOr<Duration> answer_ = Duration(1h);
  bool blocked_ = false;
  std::vector<size_t> calls_;
};

// Waits until a lease is lost.
class LossWatch {
 public:
  explicit LossWatch(const HeldLease& lease) : callback_(lease.stop_token(), Note{this}) {}
  bool Await() {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, Patience(), [this] { return lost_; });
  }

 private:
  struct Note {
    LossWatch* watch;
    void operator()() const {
      std::lock_guard lock(watch->mutex_);
      watch->lost_ = true;
      watch->changed_.notify_all();
    }
  };
  std::mutex mutex_;
  std::condition_variable changed_;
  bool lost_ = false;
  std::stop_callback<Note> callback_;
};

class LeaseKeeperTest : public testing::Test {
 protected:
  // A lease whose renewal is due at once and which is far from its end.
  std::shared_ptr<HeldLease> HoldDueNow(const std::string& key = "k") {
    return keeper_.Hold({"shop", key, 1}, 2h, SteadyClock::now() - 1h);
  }

  Renewals renewals_;
  LeaseKeeper keeper_{renewals_.AsFunction()};
};

TEST_F(LeaseKeeperTest, RenewsAgainAndAgainNotBeforeFourFifthsOfAThird) {
  renewals_.AnswerWith(90ms);
  const auto granted = SteadyClock::now();
  const auto lease = keeper_.Hold({"shop", "k", 1}, 90ms, granted);
  renewals_.AwaitCalls(1);
  EXPECT_GE(SteadyClock::now() - granted, 24ms);
  renewals_.AwaitCalls(5);
  EXPECT_GE(SteadyClock::now() - granted, 5 * 24ms);
  keeper_.Drop(*lease);
}

TEST_F(LeaseKeeperTest, RenewsTogetherWhatIsDueTogetherWithinTheBoundOfABatch) {
  renewals_.Block();
  std::vector<std::shared_ptr<HeldLease>> leases = {HoldDueNow()};
  renewals_.AwaitCalls(1);
  for (int i = 0; i < 2500; ++i) leases.push_back(HoldDueNow());
  renewals_.Unblock();
  EXPECT_EQ(renewals_.AwaitCalls(4), (std::vector<size_t>{1, 1000, 1000, 500}));
}

TEST_F(LeaseKeeperTest, ATakenOverLeaseIsLostAndNoLongerRenewed) {
  renewals_.AnswerWith(kStale);
  const auto lease = HoldDueNow();
  EXPECT_TRUE(LossWatch(*lease).Await());
  EXPECT_TRUE(lease->Lost());
  renewals_.AnswerWith(1h);
  const auto other = HoldDueNow("other");
  EXPECT_EQ(renewals_.AwaitCalls(2), (std::vector<size_t>{1, 1}));
}

TEST_F(LeaseKeeperTest, ALeaseThatCannotBeRenewedIsLostWhenItEndsAndTriedFurther) {
  renewals_.AnswerWith(kUnreachable);
  const auto granted = SteadyClock::now();
  const auto lease = keeper_.Hold({"shop", "k", 1}, 60ms, granted);
  EXPECT_TRUE(LossWatch(*lease).Await());
  EXPECT_GE(SteadyClock::now() - granted, 60ms);
  renewals_.AwaitCalls(renewals_.calls() + 3);
  renewals_.AnswerWith(1h);
  renewals_.AwaitCalls(renewals_.calls() + 1);
  EXPECT_TRUE(lease->Lost());  // for good, though nobody took over
}

TEST_F(LeaseKeeperTest, AFailedRenewalIsTriedAgainBeforeTheEnd) {
  renewals_.AnswerWith(kUnreachable);
  const auto lease = keeper_.Hold({"shop", "k", 1}, 10s, SteadyClock::now() - 4s);
  renewals_.AwaitCalls(1);
  renewals_.AnswerWith(1h);
  renewals_.AwaitCalls(2);
  EXPECT_FALSE(lease->Lost());
}

TEST_F(LeaseKeeperTest, AStoppedProcessKnowsOfItsLossBeforeTheKeeperRuns) {
  renewals_.Block();
  const auto busy = HoldDueNow();
  renewals_.AwaitCalls(1);  // the keeper's thread is held up
  const auto lease = keeper_.Hold({"shop", "k", 1}, 1s, SteadyClock::now() - 2s);
  EXPECT_TRUE(lease->Lost());
  EXPECT_FALSE(busy->Lost());
  renewals_.Unblock();
}

TEST_F(LeaseKeeperTest, AnEndThatWasExpectedIsNoLoss) {
  renewals_.Block();
  renewals_.AnswerWith(kEnded);
  const auto lease = HoldDueNow();
  renewals_.AwaitCalls(1);
  keeper_.ExpectEnd(*lease);  // the outcome is reported while a renewal is under way
  renewals_.Unblock();
  const auto next = HoldDueNow("next");
  renewals_.AwaitCalls(2);  // the first answer has been dealt with
  EXPECT_FALSE(lease->Lost());
}

TEST_F(LeaseKeeperTest, TheAnswerForADroppedLeaseIsIgnored) {
  renewals_.Block();
  renewals_.AnswerWith(kStale);
  const auto lease = HoldDueNow();
  renewals_.AwaitCalls(1);
  keeper_.Drop(*lease);
  renewals_.Unblock();
  const auto next = HoldDueNow("next");
  renewals_.AwaitCalls(2);
  EXPECT_FALSE(lease->Lost());
}

TEST_F(LeaseKeeperTest, DroppedLeasesAreNotRenewed) {
  renewals_.Block();
  const auto busy = HoldDueNow();
  renewals_.AwaitCalls(1);
  const auto dropped = HoldDueNow();
  keeper_.Drop(*dropped);
  const auto kept = HoldDueNow();
  renewals_.Unblock();
  EXPECT_EQ(renewals_.AwaitCalls(2), (std::vector<size_t>{1, 1}));
}

TEST(LeaseKeeperEndTest, EndsWhileARenewalIsUnderWay) {
  // Somebody who takes connections and never says a word.
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t length = sizeof(address);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), length), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length), 0);
  ClientOptions options;
  options.address = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  Connection connection(options);

  std::mutex mutex;
  std::condition_variable changed;
  bool called = false;
  grpc::Status ended;
  {
    LeaseKeeper keeper([&](grpc::ClientContext& context, const std::vector<HeldKey>&) {
      {
        std::lock_guard lock(mutex);
        called = true;
        changed.notify_all();
      }
      v1::BatchRenewResponse response;
      ended = v1::IdempotencyService::NewStub(connection.channel())
                  ->BatchRenew(&context, v1::BatchRenewRequest(), &response);
      return absl::StatusOr<LeaseKeeper::Renewed>(kUnreachable);
    });
    const auto lease = keeper.Hold({"shop", "k", 1}, 2h, SteadyClock::now() - 1h);
    std::unique_lock lock(mutex);
    EXPECT_TRUE(changed.wait_until(lock, Patience(), [&] { return called; }));
  }
  EXPECT_EQ(ended.error_code(), grpc::StatusCode::CANCELLED) << ended.error_message();
  close(listener);
}

}  // namespace
}  // namespace semel
