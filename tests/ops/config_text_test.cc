// A configuration written out is the same when it is read, and what differs is told in the words of the file.

#include "server/ops/config_text.h"

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace semel::ops {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Config Parse(const std::string& text) {
  absl::StatusOr<Config> config = ParseConfig(text, "f");
  EXPECT_TRUE(config.ok()) << config.status().message();
  return config.ok() ? *config : Config();
}

std::vector<std::string> Told(const Config& before, const Config& after, bool needs_restart) {
  std::vector<std::string> told;
  for (const ConfigChange& change : Differences(before, after)) {
    if (change.needs_restart == needs_restart) told.push_back(change.what);
  }
  return told;
}

constexpr char kText[] = R"(
listen: "[::]:7430"
data_dir: "a dir: with # signs"
reflection: true
limits: {max_open_bytes: 7MiB}
default_policy: {lease_default: 45s, on_lapse: in_doubt}
namespaces:
  "null": {max_attempts: 3}
  "1e3": {}
  payments: {lease_default: 10s, on_lapse: rerun}
)";

TEST(ConfigText, ReadsBackAsWhatItWas) {
  for (const char* text : {"", kText}) {
    const Config config = Parse(text);
    const Config again = Parse(ToYaml(config));
    EXPECT_THAT(Differences(config, again), IsEmpty()) << ToYaml(config);
    EXPECT_EQ(again.namespaces, config.namespaces);
  }
}

TEST(ConfigText, TellsWhatDiffersAndWhatNeedsARestart) {
  const Config before = Parse(kText);
  const Config after = Parse(R"(
listen: "[::]:7430"
data_dir: elsewhere
reflection: true
log: {level: debug}
limits: {max_open_bytes: 7MiB}
default_policy: {lease_default: 45s}
namespaces:
  "1e3": {}
  payments: {lease_default: 20s, on_lapse: rerun}
  orders: {require_fingerprint: true}
)");
  EXPECT_THAT(Told(before, after, true), ElementsAre("data_dir: a dir: with # signs -> elsewhere"));
  EXPECT_THAT(Told(before, after, false),
              ElementsAre("log.level: info -> debug", "default_policy.on_lapse: in_doubt -> rerun",
                          "namespaces.1e3.on_lapse: in_doubt -> rerun", "namespaces.null: no longer listed",
                          "namespaces.null.on_lapse: in_doubt -> rerun", "namespaces.null.max_attempts: 3 -> 0",
                          "namespaces.orders: listed", "namespaces.orders.on_lapse: in_doubt -> rerun",
                          "namespaces.orders.require_fingerprint: false -> true",
                          "namespaces.payments.lease_default: 10s -> 20s"));
}

TEST(ConfigText, WhatIsLiveIsWhatNeedsNoRestart) {
  const Config before = Parse(kText);
  const Config after = Parse("data_dir: elsewhere\nlog: {level: debug, format: json}\nnamespaces: {orders: {}}\n");
  const Config merged = WithLiveSettings(before, after);
  EXPECT_THAT(Told(before, merged, true), IsEmpty());
  EXPECT_THAT(Told(merged, after, false), IsEmpty());
  EXPECT_EQ(Told(merged, after, true), Told(before, after, true));
}

}  // namespace
}  // namespace semel::ops
