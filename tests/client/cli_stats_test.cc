// The server's figures, once and again and again.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>

#include "client/cli/stats_page.h"
#include "tests/client/cli_fixture.h"
#include "tests/client/terminal.h"

namespace semel {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;

Stats Reading(Time start, Time now, int64_t acquired) {
  Stats stats{.version = "0.1.0", .start_time = start, .server_time = now};
  stats.namespaces.push_back({.namespace_name = "shop", .begins = {{"acquired", acquired}}});
  return stats;
}

TEST(RatesTest, ArePerSecondOfTheServersTime) {
  const Time start(1'714'564'800s);
  const auto rates = cli::RatesBetween(Reading(start, start + 10s, 100), Reading(start, start + 14s, 300));
  ASSERT_TRUE(rates.has_value());
  EXPECT_EQ(rates->at("shop").at("begin_acquired"), 50);
  EXPECT_EQ(rates->at("shop").at("takeovers"), 0);
}

TEST(RatesTest, CountersThatBeganAgainHaveNone) {
  const Time start(1'714'564'800s);
  EXPECT_FALSE(cli::RatesBetween(Reading(start, start + 10s, 100), Reading(start + 11s, start + 14s, 300)).has_value());
  EXPECT_FALSE(cli::RatesBetween(Reading(start, start + 10s, 100), Reading(start, start + 14s, 99)).has_value());
  EXPECT_FALSE(cli::RatesBetween(Reading(start, start + 10s, 100), Reading(start, start + 10s, 100)).has_value());
}

TEST(StatsPageTest, SaysWhatIsWrong) {
  const Time start(1'714'564'800s);
  Stats stats = Reading(start, start + 3h, 1'234'567);
  stats.not_ready_reason = "the disk is full";
  stats.wall_clock_offset = -1h;
  stats.last_backup = Backup{.id = 7, .create_time = start + 1h, .size_bytes = 3 << 20};
  stats.storage = {{"rocksdb_sst_bytes", 2048}, {"rocksdb_level0_files", 3}};
  const std::string page = cli::PageOf(stats, "localhost:7420", std::nullopt);
  EXPECT_THAT(page, HasSubstr("semeld 0.1.0 at localhost:7420: NOT READY\n  the disk is full\n"));
  EXPECT_THAT(page, HasSubstr("3 h ago (2024-05-01T12:00:00Z)"));
  EXPECT_THAT(page, HasSubstr("number 7, 3.0 MiB, 2 h ago (2024-05-01T13:00:00Z)"));
  EXPECT_THAT(page, HasSubstr("60 min behind the server's"));
  EXPECT_THAT(page, ContainsRegex("\nshop +1,234,567 +0 "));
  EXPECT_THAT(page, HasSubstr("rocksdb_sst_bytes     2.0 KiB\n"));
}

class CliStatsTest : public CliTest {};

TEST_F(CliStatsTest, APageOrAnObject) {
  BeginAndGetToken("k");
  const Ran page = Semel({"stats"});
  EXPECT_EQ(page.exit_code, ExitCode::kOk) << page.err;
  EXPECT_THAT(page.out, AllOf(HasSubstr(": ready\n"), HasSubstr("1 in progress, 0 in doubt, of 1,000,000")));
  const Ran object = Semel({"stats", "-o", "json"});
  EXPECT_EQ(object.as_json().at("ready"), true);
  EXPECT_EQ(object.as_json().at("open_keys").at("in_progress"), 1);
  EXPECT_EQ(object.as_json().at("namespaces").at(0).at("begin_acquired"), 1);
}

TEST_F(CliStatsTest, WatchEndsAfterItsCount) {
  const Ran ran = Semel({"stats", "--watch", "100ms", "--count", "2", "-o", "json"});
  EXPECT_EQ(ran.exit_code, ExitCode::kOk) << ran.err;
  std::istringstream lines(ran.out);
  std::string first;
  std::string second;
  std::getline(lines, first);
  std::getline(lines, second);
  EXPECT_FALSE(json::parse(first).at("namespaces").at(0).contains("per_second"));
  EXPECT_EQ(json::parse(second).at("namespaces").at(0).at("per_second").at("begin_acquired"), 0);
}

TEST_F(CliStatsTest, WatchEndsAlsoWhereNobodyReadsIt) {
  const auto watch =
      demo::ChildProcess::Start({SEMEL_PATH, "stats", "--watch", "100ms", "-o", "json", "--address", proxy().address()})
          .value();
  const int capacity = fcntl(watch->output(), F_SETPIPE_SZ, 4096);
  ASSERT_GT(capacity, 0);
  const std::optional<std::string> reading = watch->ReadLine(Patience());
  ASSERT_TRUE(reading);
  const auto no_room_for_another = [&] {
    int unread = 0;
    return ioctl(watch->output(), FIONREAD, &unread) == 0 && unread + static_cast<int>(reading->size()) >= capacity;
  };
  ASSERT_TRUE(Eventually(no_room_for_another));
  // From now on every reading fails, and once it cannot print that, it asks for no other one.
  proxy().LoseReplies(1'000);
  ASSERT_TRUE(proxy().AwaitRepliesLost(1, Patience()));
  const auto asks_no_more = [&] {
    return !proxy().AwaitRepliesLost(proxy().replies_lost() + 1, std::chrono::steady_clock::now() + 2s);
  };
  ASSERT_TRUE(Eventually(asks_no_more));
  watch->Signal(SIGTERM);
  EXPECT_EQ(watch->Wait(), 0);
}

TEST_F(CliStatsTest, WatchOutlivesARestartOfTheServer) {
  BeginAndGetToken("k");
  const auto watch =
      demo::ChildProcess::Start({SEMEL_PATH, "stats", "--watch", "100ms", "-o", "json", "--address", proxy().address()})
          .value();
  const auto read_until = [&](const auto& wanted) {
    while (const auto line = watch->ReadLine(Patience())) {
      const json reading = json::parse(*line);
      if (!reading.contains("error")) {
        for (const json& figures : reading.at("namespaces")) {
          if (!figures.contains("per_second")) continue;
          for (const auto& [name, rate] : figures.at("per_second").items()) EXPECT_GE(rate, 0) << *line;
        }
      }
      if (wanted(reading)) return true;
    }
    return false;
  };
  const auto has_rates = [](const json& reading) {
    return !reading.contains("error") && reading.at("namespaces").at(0).contains("per_second");
  };
  ASSERT_TRUE(read_until(has_rates));
  server().Kill();
  ASSERT_TRUE(read_until([](const json& reading) { return reading.contains("error"); }));
  RestartServer();
  ASSERT_TRUE(read_until([](const json& reading) { return !reading.contains("error"); }));
  ASSERT_TRUE(read_until(has_rates));
  watch->Signal(SIGINT);
  while (watch->ReadLine(Patience())) {
  }
  EXPECT_EQ(watch->Wait(), 0);
}

TEST_F(CliStatsTest, WatchRefreshesATerminalInPlaceUntilCtrlC) {
  Terminal terminal({SEMEL_PATH, "stats", "--watch", "100ms"}, 120);
  terminal.ReadUntil("Per second");
  terminal.Type("\x03");
  EXPECT_EQ(terminal.Wait(), 0);
  EXPECT_THAT(terminal.ReadAll(), HasSubstr("\x1b[H\x1b[2Jsemeld "));
}

}  // namespace
}  // namespace semel
