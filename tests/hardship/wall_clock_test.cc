// The wall clock is set, by hours and days, while the server runs and between two starts. The server's own time never runs back,
// leases are honoured, nothing expires early because of a clock that was set while it ran, and the operator is told once.

#include <gmock/gmock.h>

#include <csignal>

#include "tests/support/caller.h"
#include "tests/support/requests.h"
#include "tests/support/scrape.h"
#include "tests/support/semeld.h"
#include "tests/support/wall_clock.h"

namespace semel::hardship {
namespace {

using support::BeginOf;
using support::Caller;
using support::Eventually;
using support::LookupOf;
using support::ResultOf;
using support::Scrape;
using support::Semeld;
using testing::HasSubstr;
using testing::Not;

int Count(const std::string& text, const std::string& what) {
  int count = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

class WallClockTest : public testing::Test {
 protected:
  void Start() {
    semeld_.emplace(directory_, Semeld::Options{.environment = clock_.environment()});
    ASSERT_TRUE(semeld_->AwaitReady()) << semeld_->Log();
    caller_.emplace(semeld_->NewChannel());
  }
  void Stop() {
    caller_.reset();
    ASSERT_EQ(semeld_->Stop(), 0) << semeld_->Log();
  }
  void Kill() {
    caller_.reset();
    semeld_->Kill();
  }

  double Metric(const std::string& name) const { return Scrape(semeld_->Get("/metrics").body)[name]; }
  double Steps() const { return Metric("semel_clock_steps_total"); }
  // Returns when the server has noticed.
  void Set(absl::Duration ahead) {
    const double before = Steps();
    clock_.Set(ahead);
    ASSERT_TRUE(Eventually([&] { return Steps() == before + 1; })) << semeld_->Log();
  }
  int64_t Acquire(const std::string& key, absl::Duration lease = absl::Minutes(30)) {
    v1::BeginRequest begin = BeginOf(key);
    *begin.mutable_lease() = support::ToWire(lease);
    const auto begun = caller_->Call(begin);
    EXPECT_TRUE(begun->has_acquired()) << begun.error() << begun->ShortDebugString();
    return begun->acquired().token();
  }
  // Done, and replayed for a day.
  void Complete(const std::string& key) { ASSERT_TRUE(caller_->Call(ResultOf(key, Acquire(key), "receipt")).ok()); }
  void ExpectDone(const std::string& key) {
    EXPECT_EQ(caller_->Call(LookupOf(key))->record().result().payload(), "receipt") << key;
  }
  absl::Duration LeaseLeft(const std::string& key) {
    const auto record = caller_->Call(LookupOf(key))->record();
    EXPECT_EQ(record.state(), v1::STATE_IN_PROGRESS) << record.ShortDebugString();
    return absl::Seconds(record.lease_remaining().seconds());
  }

  const support::TemporaryDirectory directory_;
  support::WallClock clock_{directory_};
  std::optional<Semeld> semeld_;
  std::optional<Caller> caller_;
};

TEST_F(WallClockTest, SetWhileItRuns) {
  Start();
  Complete("order-1");
  const int64_t token = Acquire("order-2");
  for (const absl::Duration ahead : {absl::Hours(24), absl::Hours(-1), absl::Hours(24 * 400), absl::ZeroDuration()}) {
    SCOPED_TRACE(ahead);
    Set(ahead);
    EXPECT_NEAR(Metric("semel_clock_wall_offset_seconds"), absl::ToDoubleSeconds(ahead), 60);
    ExpectDone("order-1");
    EXPECT_GT(LeaseLeft("order-2"), absl::Minutes(20)) << "no lease lapses because of it";
    EXPECT_TRUE(caller_->Call(BeginOf("order-2"))->has_in_progress());
    EXPECT_GT(Acquire(absl::FormatDuration(ahead)), token) << "tokens grow";
  }
  EXPECT_EQ(Steps(), 4);
  EXPECT_EQ(Count(semeld_->Log(), "the wall clock was set ahead"), 2) << semeld_->Log();
  EXPECT_EQ(Count(semeld_->Log(), "the wall clock was set back"), 2) << semeld_->Log();
  EXPECT_TRUE(caller_->Call(ResultOf("order-2", token, "paid")).ok());
}

// Whoever waits is woken by the lease's length, whatever the wall clock says meanwhile.
TEST_F(WallClockTest, SetWhileSomebodyWaits) {
  Start();
  Acquire("order-1", absl::Seconds(4));
  v1::BeginRequest waiting = support::WaitingBeginOf("order-1");
  const support::PendingBegin waiter(*caller_, waiting);
  ASSERT_TRUE(Eventually([&] { return Metric("semel_waiters") == 1; }));
  clock_.Set(absl::Hours(-1));
  ASSERT_TRUE(Eventually([&] { return waiter.IsAnswered(); }));
  EXPECT_TRUE(waiter.Await()->has_acquired()) << waiter.Await()->ShortDebugString();
}

TEST_F(WallClockTest, SetBackBetweenTwoStarts) {
  for (const bool gracefully : {true, false}) {
    SCOPED_TRACE(gracefully);
    clock_.Set(absl::ZeroDuration());
    Start();
    const std::string done = gracefully ? "order-1" : "order-3";
    const std::string open = gracefully ? "order-2" : "order-4";
    Complete(done);
    const int64_t token = Acquire(open);
    gracefully ? Stop() : Kill();
    clock_.Set(absl::Hours(-1));
    Start();
    EXPECT_THAT(semeld_->Log(), HasSubstr("the wall clock is behind the time that this database has seen"));
    EXPECT_GE(Steps(), 1);
    EXPECT_LT(Metric("semel_clock_wall_offset_seconds"), -3000);
    ExpectDone(done);
    EXPECT_GT(LeaseLeft(open), absl::Minutes(25)) << "its full length from the restart";
    EXPECT_GT(Acquire(open + "-after"), token) << "tokens grow, and so time did not run back";
    EXPECT_TRUE(caller_->Call(ResultOf(open, token, "paid")).ok());
    Stop();
  }
}

// A clock that is ahead at the start is taken at its word: that day passed, as far as anybody can know. Leases have their full
// length all the same; what expired within that day has expired.
TEST_F(WallClockTest, SetAheadBetweenTwoStarts) {
  Start();
  Complete("order-1");
  const int64_t token = Acquire("order-2");
  Kill();
  clock_.Set(absl::Hours(25));
  Start();
  EXPECT_GT(LeaseLeft("order-2"), absl::Minutes(25));
  EXPECT_EQ(caller_->Call(LookupOf("order-1"))->record().state(), v1::STATE_EXPIRED) << "kept for a day";
  EXPECT_TRUE(caller_->Call(BeginOf("order-1"))->has_expired()) << "remembered, and not run again";
  EXPECT_GT(Acquire("order-3"), token);
  const auto completed = caller_->Call(ResultOf("order-2", token, "receipt"));
  EXPECT_TRUE(completed.ok()) << completed.error();
  // Set right again, while it runs and for the next start: what was done under the wrong time is kept for its full day.
  Set(absl::ZeroDuration());
  Stop();
  Start();
  EXPECT_THAT(semeld_->Log(), HasSubstr("is behind the time that this database has seen"));
  ExpectDone("order-2");
  EXPECT_GT(Acquire("order-4"), token);
}

TEST_F(WallClockTest, LeftAloneNothingIsSaid) {
  Start();
  Complete("order-1");
  Stop();
  EXPECT_THAT(semeld_->Log(), Not(HasSubstr("wall clock")));
}

}  // namespace
}  // namespace semel::hardship
