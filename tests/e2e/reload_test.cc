// SIGHUP and --check-config, on the real process: what can change while it serves, and what happens when it cannot.

#include <gmock/gmock.h>

#include <atomic>
#include <csignal>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/support/caller.h"
#include "tests/support/requests.h"
#include "tests/support/scrape.h"
#include "tests/support/semeld.h"

namespace semel::e2e {
namespace {

using support::BeginOf;
using support::Caller;
using support::Eventually;
using support::Scrape;
using support::Semeld;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class ReloadTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(semeld_.AwaitReady()) << semeld_.Log();
    caller_.emplace(semeld_.NewChannel());
  }

  double Reloads(const std::string& result) const {
    return Scrape(semeld_.Get("/metrics").body)[absl::StrCat("semel_config_reloads_total{result=\"", result, "\"}")];
  }
  // Sends SIGHUP and returns when it was acted on.
  void Reload(const std::string& config, const std::string& result = "applied") {
    semeld_.WriteConfig(config);
    const double before = Reloads(result);
    semeld_.process().Signal(SIGHUP);
    ASSERT_TRUE(Eventually([&] { return Reloads(result) == before + 1; })) << semeld_.Log();
  }
  static v1::BeginRequest BeginIn(const std::string& ns, const std::string& key) {
    v1::BeginRequest begin = BeginOf(key);
    begin.set_namespace_(ns);
    return begin;
  }
  absl::Duration LeaseIn(const std::string& ns, const std::string& key) {
    const auto begun = caller_->Call(BeginIn(ns, key));
    EXPECT_TRUE(begun->has_acquired()) << begun.error();
    return absl::Seconds(begun->acquired().lease().seconds());
  }
  double Acquired(const std::string& label) const {
    return Scrape(semeld_.Get("/metrics").body)[absl::StrCat("semel_begin_outcomes_total{semel_namespace=\"", label,
                                                             "\",outcome=\"acquired\"}")];
  }

  const support::TemporaryDirectory directory_;
  Semeld semeld_{directory_, {.config = "namespaces: {mail: {lease_default: 10s}}\n"}};
  std::optional<Caller> caller_;
};

TEST_F(ReloadTest, PutsPoliciesInForceForTheNextCall) {
  EXPECT_EQ(LeaseIn("mail", "order-1"), absl::Seconds(10));
  EXPECT_EQ(LeaseIn("shop", "order-1"), absl::Seconds(30));
  EXPECT_EQ(Scrape(semeld_.Get("/metrics").body)["semel_config_last_reload_success_timestamp_seconds"], 0);
  Reload("default_policy: {lease_default: 40s}\nnamespaces: {shop: {lease_default: 50s}}\n");
  EXPECT_GT(Scrape(semeld_.Get("/metrics").body)["semel_config_last_reload_success_timestamp_seconds"], 0);
  EXPECT_EQ(LeaseIn("mail", "order-2"), absl::Seconds(40)) << "no longer listed";
  EXPECT_EQ(LeaseIn("shop", "order-2"), absl::Seconds(50));
  EXPECT_EQ(LeaseIn("other", "order-2"), absl::Seconds(40));
  EXPECT_THAT(semeld_.Log(), AllOf(HasSubstr("default_policy.lease_default: 30s -> 40s"),
                                   HasSubstr("namespaces.mail: no longer listed"), HasSubstr("namespaces.shop: listed"),
                                   HasSubstr("configuration reloaded")));
  // Counters neither vanish nor move to another name.
  EXPECT_EQ(Acquired("mail"), 2);
  EXPECT_EQ(Acquired("shop"), 1);
  EXPECT_EQ(Acquired("(other)"), 2);
}

TEST_F(ReloadTest, ReachesThoseWhoWait) {
  v1::BeginRequest owner = BeginIn("shop", "order-1");
  *owner.mutable_lease() = support::ToWire(absl::Seconds(2));
  ASSERT_TRUE(caller_->Call(owner)->has_acquired());
  v1::BeginRequest waiting = BeginIn("shop", "order-1");
  *waiting.mutable_wait() = support::ToWire(absl::Minutes(30));
  const support::PendingBegin waiter(*caller_, waiting);
  ASSERT_TRUE(Eventually([&] { return Scrape(semeld_.Get("/metrics").body)["semel_waiters"] == 1; }));
  Reload("namespaces: {shop: {on_lapse: in_doubt}}\n");
  EXPECT_TRUE(waiter.Await()->has_in_doubt()) << waiter.Await()->ShortDebugString();
}

TEST_F(ReloadTest, AMistakeChangesNothing) {
  Reload("default_policy: {lease_default: 40s}\nnamespaces: {mail: {lease_max: soon}}\nlimits: {max_cals: 5}\n",
         "refused");
  EXPECT_EQ(LeaseIn("mail", "order-1"), absl::Seconds(10));
  EXPECT_EQ(LeaseIn("shop", "order-1"), absl::Seconds(30));
  EXPECT_THAT(semeld_.Log(), AllOf(HasSubstr("configuration not reloaded"), HasSubstr("data.yaml:2:32: "),
                                   HasSubstr("data.yaml:3:10: "), Not(HasSubstr("configuration reloaded"))));
  EXPECT_EQ(semeld_.Get("/readyz").code, 200);
  Reload("default_policy: {lease_default: 40s}\n");
  EXPECT_EQ(LeaseIn("shop", "order-2"), absl::Seconds(40));
}

TEST_F(ReloadTest, NamesWhatNeedsARestartAndKeepsIt) {
  const std::string config = "limits: {max_open_keys: 1}\ndefault_policy: {lease_default: 40s}\n";
  Reload(config);
  EXPECT_EQ(LeaseIn("shop", "order-1"), absl::Seconds(40));
  EXPECT_EQ(LeaseIn("shop", "order-2"), absl::Seconds(40)) << "the limit is as at start";
  const std::string warning = "a changed setting needs a restart setting=\"limits.max_open_keys: 1000000 -> 1\"";
  EXPECT_THAT(semeld_.Log(), HasSubstr(warning));
  Reload(config);
  const std::string log = semeld_.Log();
  EXPECT_NE(log.find(warning), log.rfind(warning)) << "said again for as long as it is so";
}

TEST_F(ReloadTest, ChangesHowMuchIsLogged) {
  Reload("log: {level: error}\n");
  const std::string log = semeld_.Log();
  Reload("log: {level: error}\ndefault_policy: {lease_default: 40s}\n");
  EXPECT_EQ(semeld_.Log(), log) << "nothing that is not an error";
  Reload("log: {level: info}\n");
  EXPECT_THAT(semeld_.Log().substr(log.size()),
              AllOf(HasSubstr("log.level: error -> info"), HasSubstr("default_policy.lease_default: 40s -> 30s")));
}

// Callers notice nothing, however often it happens, and every answer is by one policy or the other.
TEST_F(ReloadTest, AgainAndAgainUnderLoad) {
  std::atomic<bool> over = false;
  std::atomic<int> served = 0;
  std::thread load([&] {
    const Caller caller(semeld_.NewChannel());
    for (int i = 0; !over; ++i) {
      const auto begun = caller.Call(BeginIn("shop", absl::StrCat("load-", i)));
      ASSERT_TRUE(begun->has_acquired()) << begun.error();
      const int64_t lease = begun->acquired().lease().seconds();
      ASSERT_TRUE(lease == 30 || lease == 41 || lease == 42) << lease;
      ++served;
    }
  });
  for (int i = 0; i < 30; ++i) {
    Reload(absl::StrCat("namespaces: {shop: {lease_default: ", 41 + i % 2, "s}, ns-", i % 5, ": {}}\n"));
    const int before = served;
    EXPECT_TRUE(Eventually([&] { return served > before; }));
  }
  over = true;
  load.join();
  EXPECT_EQ(Acquired("shop") + Acquired("(other)"), served);
}

TEST_F(ReloadTest, WhatCameBeforeTheEndIsActedOnFirst) {
  semeld_.WriteConfig("default_policy: {lease_default: 40s}\n");
  semeld_.process().Signal(SIGHUP);
  caller_.reset();
  EXPECT_EQ(semeld_.Stop(), 0) << semeld_.Log();
}

TEST(ReloadWithoutAFileTest, SaysSoAndServesOn) {
  const support::TemporaryDirectory directory;
  Semeld semeld(directory);
  ASSERT_TRUE(semeld.AwaitReady()) << semeld.Log();
  semeld.process().Signal(SIGHUP);
  ASSERT_TRUE(Eventually([&] { return semeld.Log().find("started without --config") != std::string::npos; }));
  EXPECT_TRUE(Caller(semeld.NewChannel()).Call(BeginOf("order-1"))->has_acquired());
}

// systemd's way: check, then reload. The check opens nothing, so it runs beside the server that holds the directory.
TEST_F(ReloadTest, CheckConfigRunsBesideTheServer) {
  const auto check = [&](const std::string& config) {
    semeld_.WriteConfig(config);
    support::ChildProcess process({.command = {support::SemeldProgram(), "--check-config", semeld_.config_file(),
                                               "--data-dir", directory_ / "data"},
                                   .stderr_file = directory_ / "check.log"});
    std::string out;
    while (std::optional<std::string> line = process.ReadLine()) out += *line + "\n";
    return std::pair(process.AwaitEnd()->exit_code.value_or(-1), out);
  };
  const auto [good, told] = check("namespaces: {mail: {lease_default: 11s}}\n");
  EXPECT_EQ(good, 0);
  EXPECT_THAT(told, AllOf(HasSubstr("data.yaml: OK"), HasSubstr("lease_default: 11s")));
  EXPECT_EQ(check("namespaces: {mail: {lease_default: 2h}}\n").first, 2);
  EXPECT_EQ(LeaseIn("mail", "order-1"), absl::Seconds(10)) << "the server has not heard of it";
}

}  // namespace
}  // namespace semel::e2e
