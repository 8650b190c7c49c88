// More connections than the system allows files: some are turned away, those that are served notice nothing, and all is well again
// as soon as there is room.

#include <gmock/gmock.h>

#include <algorithm>
#include <vector>

#include "tests/hardship/raw_connection.h"
#include "tests/hardship/steady_caller.h"
#include "tests/support/scrape.h"

namespace semel::hardship {
namespace {

using support::Caller;
using support::Eventually;
using support::Semeld;
using testing::HasSubstr;
using testing::Not;

class OpenFilesTest : public testing::Test {
 protected:
  // Less than half of them are for connections: the storage must find one whenever it wants one.
  static constexpr int kFiles = 600;

  void SetUp() override {
    ASSERT_TRUE(semeld_.AwaitReady()) << semeld_.Log();
    steady_.emplace(semeld_);
    ASSERT_TRUE(steady_->AwaitServed());
  }
  void TearDown() override {
    EXPECT_TRUE(steady_->AwaitServed(50));
    steady_.reset();
    EXPECT_EQ(semeld_.Get("/readyz").code, 200);
    EXPECT_EQ(semeld_.Stop(), 0) << semeld_.Log();
  }

  double Metric(const std::string& name) const { return support::Scrape(semeld_.Get("/metrics").body)[name]; }
  bool IsServed(const std::string& key) const { return Caller(semeld_.NewChannel()).Call(support::BeginOf(key)).ok(); }
  std::vector<RawConnection> Connect(int count) const {
    std::vector<RawConnection> connections;
    for (int i = 0; i < count; ++i) EXPECT_TRUE(connections.emplace_back(semeld_.port()).connected()) << i;
    return connections;
  }

  const support::TemporaryDirectory directory_;
  Semeld semeld_{directory_, {.max_open_files = kFiles}};
  std::optional<SteadyCaller> steady_;
};

TEST_F(OpenFilesTest, ConnectionsBeyondTheirShareAreTurnedAway) {
  constexpr int kConnections = 1'000;
  constexpr int kAtLeast = kConnections - kFiles / 2;
  std::vector<RawConnection> connections = Connect(kConnections);
  EXPECT_TRUE(Eventually([&] { return Metric("semel_connections_turned_away_total") >= kAtLeast; }));
  const auto is_closed = [](RawConnection& connection) { return connection.AwaitClosed(absl::Milliseconds(5)); };
  EXPECT_GE(std::ranges::count_if(connections, is_closed), kAtLeast) << "they are told at once";
  EXPECT_LT(Metric("semel_process_open_fds"), kFiles / 2 + 50);
  EXPECT_TRUE(steady_->AwaitServed(50));
  EXPECT_THAT(semeld_.Log(), HasSubstr("no room for more connections"));

  connections.clear();
  EXPECT_TRUE(Eventually([&] { return IsServed("afterwards"); }));
}

}  // namespace
}  // namespace semel::hardship
