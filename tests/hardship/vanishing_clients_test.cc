// Clients vanish while they wait and while their calls are in flight, ten thousand times. Nothing of them is left: no waiter, no
// memory, and no ownership for longer than a lease.

#include <gmock/gmock.h>

#include <algorithm>
#include <list>

#include "absl/strings/str_cat.h"
#include "tests/hardship/resident_memory.h"
#include "tests/support/caller.h"
#include "tests/support/requests.h"
#include "tests/support/scrape.h"
#include "tests/support/semeld.h"

namespace semel::hardship {
namespace {

using support::BeginOf;
using support::Caller;
using support::Eventually;
using support::PendingBegin;
using support::Scrape;
using support::Semeld;
using support::WaitingBeginOf;

constexpr int kRounds = 10;
constexpr int kWaiting = 500;   // a round, cancelled one by one
constexpr int kCutOff = 300;    // a round, whose connection goes
constexpr int kInFlight = 200;  // a round, gone before their answer
static_assert(kRounds * (kWaiting + kCutOff + kInFlight) == 10'000);

class VanishingClientsTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(semeld_.AwaitReady()) << semeld_.Log(); }

  double Metric(const std::string& name) const { return Scrape(semeld_.Get("/metrics").body)[name]; }

  void Round() {
    const Caller caller(semeld_.NewChannel());
    std::list<PendingBegin> waiting;
    for (int i = 0; i < kWaiting; ++i) waiting.emplace_back(caller, WaitingBeginOf("held"));
    {
      const Caller cut_off(semeld_.NewChannel());
      std::list<PendingBegin> gone;
      for (int i = 0; i < kCutOff; ++i) gone.emplace_back(cut_off, WaitingBeginOf("held"));
      ASSERT_TRUE(Eventually([&] { return Metric("semel_waiters") == kWaiting + kCutOff; })) << Metric("semel_waiters");
    }
    for (int i = 0; i < kInFlight; ++i) {
      v1::BeginRequest begin = BeginOf(absl::StrCat("brief-", keys_++));
      *begin.mutable_lease() = support::ToWire(absl::Seconds(1));
      PendingBegin(caller, begin).Cancel();
    }
    for (PendingBegin& waiter : waiting) waiter.Cancel();
    waiting.clear();
    ASSERT_TRUE(Eventually([&] { return Metric("semel_waiters") == 0; }));
    ASSERT_TRUE(Eventually([&] { return Metric("semel_calls_in_flight") == 0; }));
  }

  const support::TemporaryDirectory directory_;
  Semeld semeld_{directory_, {.config = "limits: {max_queue_delay: 1m}\n"}};
  int keys_ = 0;
};

TEST_F(VanishingClientsTest, TenThousandTimes) {
  const Caller owner(semeld_.NewChannel());
  v1::BeginRequest begin = BeginOf("held");
  *begin.mutable_lease() = support::ToWire(absl::Hours(1));
  const int64_t token = owner.Call(begin)->acquired().token();
  ASSERT_NE(token, 0);
  double after_warming = 0;
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(round);
    ASSERT_NO_FATAL_FAILURE(Round());
    if (round == 2) after_warming = ResidentMiB(semeld_);
  }
  const double at_the_end = ResidentMiB(semeld_);
  std::printf("resident: %.0f MiB after 3,000 of them, %.0f MiB after 10,000\n", after_warming, at_the_end);
  if (kMemoryIsMeasurable) {
    EXPECT_LT(at_the_end - after_warming, 32);
  }

  // Each key that one of them may have acquired is free within its lease.
  for (int key = 0; key < keys_; ++key) {
    const auto begun = owner.Call(WaitingBeginOf(absl::StrCat("brief-", key), absl::Minutes(1)));
    ASSERT_TRUE(begun->has_acquired()) << begun.error() << begun->ShortDebugString();
  }
  EXPECT_TRUE(owner.Call(support::ResultOf("held", token, "paid")).ok()) << "nobody took it from its owner";
}

}  // namespace
}  // namespace semel::hardship
