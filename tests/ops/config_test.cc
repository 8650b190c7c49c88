#include "server/ops/config.h"

#include <filesystem>
#include <fstream>
#include <ostream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/ops/config_values.h"
#include "server/ops/settings.h"

namespace semel::ops {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

std::string Message(const absl::StatusOr<Config>& config) { return std::string(config.status().message()); }

TEST(Config, EmptyFileIsAllDefaults) {
  for (std::string_view text : {"", "\n", "# nothing\n", "---\n", "limits:\n  # nothing here\nnamespaces:\n"}) {
    absl::StatusOr<Config> config = ParseConfig(text, "f");
    ASSERT_TRUE(config.ok()) << Message(config);
    for (const Setting<Config>& setting : ServerSchema().settings) {
      EXPECT_EQ(setting.show(*config), setting.show(Config())) << setting.name;
    }
    EXPECT_TRUE(config->namespaces.empty());
  }
}

TEST(Config, DefaultsKeepTheRulesAndTheirOwnRanges) {
  Config config;
  for (const Rule<Config>& rule : ServerSchema().rules) EXPECT_TRUE(rule.holds(config)) << rule.key;
  for (const Rule<engine::Policy>& rule : PolicySchema().rules) {
    EXPECT_TRUE(rule.holds(config.default_policy)) << rule.key;
  }
  for (const Setting<Config>& setting : ServerSchema().settings) {
    EXPECT_TRUE(setting.set(setting.show(Config()), config).ok()) << setting.name;
  }
  for (const Setting<engine::Policy>& setting : PolicySchema().settings) {
    EXPECT_TRUE(setting.set(setting.show({}), config.default_policy).ok()) << setting.name;
  }
}

TEST(Config, EveryRuleNamesKnownKeys) {
  for (const Rule<Config>& rule : ServerSchema().rules) {
    EXPECT_NE(ServerSchema().Find(rule.key), nullptr) << rule.key;
    EXPECT_NE(ServerSchema().Find(rule.other), nullptr) << rule.other;
  }
  for (const Rule<engine::Policy>& rule : PolicySchema().rules) {
    EXPECT_NE(PolicySchema().Find(rule.key), nullptr) << rule.key;
    EXPECT_NE(PolicySchema().Find(rule.other), nullptr) << rule.other;
  }
}

TEST(Config, ReadsEverySection) {
  absl::StatusOr<Config> config = ParseConfig(R"(
listen: "[::]:0"
data_dir: /var/lib/semel
reflection: true
polling_threads: 3
admin: {listen: "localhost:9000"}
log:
  level: warning
  format: json
shutdown: {drain_delay: 250ms, timeout: 5m}
limits:
  max_batch_operations: 10
  max_calls: 100
  max_waiters: 50
  max_waiters_per_key: 40
  max_open_keys: 7
  max_open_bytes: 3MiB
storage:
  block_cache: 1GiB
  memtable: 32MiB
  reclaim_interval: 36h
)",
                                              "f");
  ASSERT_TRUE(config.ok()) << Message(config);
  EXPECT_EQ(config->listen, "[::]:0");
  EXPECT_EQ(config->data_dir, "/var/lib/semel");
  EXPECT_TRUE(config->reflection);
  EXPECT_EQ(config->polling_threads, 3u);
  EXPECT_EQ(config->admin.listen, "localhost:9000");
  EXPECT_EQ(config->log.level, LogLevel::kWarning);
  EXPECT_EQ(config->log.format, LogFormat::kJson);
  EXPECT_EQ(config->shutdown.drain_delay, milliseconds(250));
  EXPECT_EQ(config->shutdown.timeout, minutes(5));
  EXPECT_EQ(config->limits.max_batch_operations, 10u);
  EXPECT_EQ(config->limits.max_calls, 100u);
  EXPECT_EQ(config->limits.max_waiters, 50u);
  EXPECT_EQ(config->limits.max_waiters_per_key, 40u);
  EXPECT_EQ(config->limits.max_open_keys, 7u);
  EXPECT_EQ(config->limits.max_open_bytes, 3 * engine::kMiB);
  EXPECT_EQ(config->storage.block_cache, 1024 * engine::kMiB);
  EXPECT_EQ(config->storage.memtable, 32 * engine::kMiB);
  EXPECT_EQ(config->storage.reclaim_interval, hours(36));
}

TEST(Config, NamespacesInheritTheDefaultPolicyWhereverItStands) {
  absl::StatusOr<Config> config = ParseConfig(R"(
namespaces:
  payments:
    on_lapse: in_doubt
    max_result_bytes: 64KiB
  mail:
default_policy:
  lease_default: 10s
  lease_max: 2m
  result_retention: 3d
  result_retention_max: 4d
  key_retention: 5d
  abandoned_retention: 6d
  max_attempts: 9
  max_result_bytes: 2MiB
  max_checkpoint_bytes: 1KiB
  require_fingerprint: true
)",
                                              "f");
  ASSERT_TRUE(config.ok()) << Message(config);
  ASSERT_EQ(config->namespaces.size(), 2u);
  const engine::Policy& payments = config->namespaces.find("payments")->second;
  EXPECT_EQ(payments.on_lapse, engine::LapsePolicy::kInDoubt);
  EXPECT_EQ(payments.max_result_bytes, 64 * engine::kKiB);
  EXPECT_EQ(config->default_policy.on_lapse, engine::LapsePolicy::kRerun);
  EXPECT_EQ(config->default_policy.max_result_bytes, 2 * engine::kMiB);
  for (const auto& [name, policy] : config->namespaces) {
    EXPECT_EQ(policy.lease_default, seconds(10)) << name;
    EXPECT_EQ(policy.lease_max, minutes(2)) << name;
    EXPECT_EQ(policy.result_retention, hours(72)) << name;
    EXPECT_EQ(policy.result_retention_max, hours(96)) << name;
    EXPECT_EQ(policy.key_retention, hours(120)) << name;
    EXPECT_EQ(policy.abandoned_retention, hours(144)) << name;
    EXPECT_EQ(policy.max_attempts, 9u) << name;
    EXPECT_EQ(policy.max_checkpoint_bytes, engine::kKiB) << name;
    EXPECT_TRUE(policy.require_fingerprint) << name;
  }
}

struct Refused {
  const char* name;
  std::string text;
  std::string expected;  // all of it
};
std::ostream& operator<<(std::ostream& out, const Refused& refused) { return out << refused.name; }

class ConfigRefuses : public testing::TestWithParam<Refused> {};

TEST_P(ConfigRefuses, WithPlaceAndReason) {
  absl::StatusOr<Config> config = ParseConfig(GetParam().text, "f.yaml");
  EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Message(config), GetParam().expected);
}

const Refused kRefused[] = {
    // Keys.
    {"MisspelledKey", "\nlimits:\n  max_cals: 5\n",
     "f.yaml:3:3: `limits.max_cals` is not a known key; did you mean `limits.max_calls`?"},
    {"OtherSpelling", "dataDir: x\n", "f.yaml:1:1: `dataDir` is not a known key; did you mean `data_dir`?"},
    {"MisspelledSection", "namespace: {}\n", "f.yaml:1:1: `namespace` is not a known key; did you mean `namespaces`?"},
    {"MisplacedPolicyKey", "lease_max: 5s\n",
     "f.yaml:1:1: `lease_max` is not a known key; did you mean `default_policy.lease_max`?"},
    {"MisplacedServerKey", "default_policy:\n  memtable: 16MiB\n",
     "f.yaml:2:3: `default_policy.memtable` is not a known key; did you mean `storage.memtable`?"},
    {"UnknownKey", "zebra: 1\n", "f.yaml:1:1: `zebra` is not a known key"},
    {"UnknownKeyOfNamespace", "namespaces:\n  orders:\n    on_laps: rerun\n",
     "f.yaml:3:5: `namespaces.orders.on_laps` is not a known key; did you mean `namespaces.orders.on_lapse`?"},
    {"DuplicateKey", "listen: a:1\ndata_dir: x\nlisten: b:2\n", "f.yaml:3:1: `listen` is there twice, first on line 1"},
    {"DuplicateNamespace", "namespaces:\n  a: {}\n  a: {}\n",
     "f.yaml:3:3: `namespaces.a` is there twice, first on line 2"},
    {"DuplicateSection", "limits: {max_open_keys: 1}\nlimits: {max_open_keys: 2}\n",
     "f.yaml:2:1: `limits` is there twice, first on line 1"},
    {"KeyIsNoWord", "? [a, b]\n: c\n", "f.yaml:1:3: expected a plain word as key"},

    // Types.
    {"NoMap", "- a\n- b\n", "f.yaml:1:1: the configuration: expected keys and values"},
    {"SectionIsNoMap", "limits: 5\n", "f.yaml:1:9: limits: expected keys and values"},
    {"PolicyIsNoMap", "default_policy: []\n", "f.yaml:1:17: default_policy: expected keys and values"},
    {"NamespacesIsNoMap", "namespaces: [a]\n", "f.yaml:1:13: namespaces: expected keys and values"},
    {"NamespaceIsNoMap", "namespaces:\n  a: 5\n", "f.yaml:2:6: namespaces.a: expected keys and values"},
    {"ValueIsMap", "listen: {a: b}\n", "f.yaml:1:9: listen: expected one value: host:port; port 0 takes any free one"},
    {"ValueIsList", "reflection: [true]\n", "f.yaml:1:13: reflection: expected one value: `true` or `false`"},
    {"ValueIsMissing", "shutdown:\n  timeout:\nreflection: true\n",
     "f.yaml:2:3: shutdown.timeout: has no value; expected duration, 100ms to 1h"},
    {"BoolInYamlsOtherSpelling", "reflection: yes\n", "f.yaml:1:13: reflection: expected true or false, got `yes`"},
    {"NumberIsText", "polling_threads: many\n", "f.yaml:1:18: polling_threads: expected a whole number, got `many`"},
    {"NumberIsNegative", "polling_threads: -1\n", "f.yaml:1:18: polling_threads: expected a whole number, got `-1`"},
    {"NumberIsFraction", "polling_threads: 1.5\n", "f.yaml:1:18: polling_threads: expected a whole number, got `1.5`"},
    {"NumberIsHuge", "polling_threads: 99999999999999999999\n",
     "f.yaml:1:18: polling_threads: `99999999999999999999` is too large"},
    {"DurationWithoutUnit", "shutdown: {timeout: 30}\n",
     "f.yaml:1:21: shutdown.timeout: expected a duration such as 250ms, 30s, 5m, 36h or 30d, got `30`"},
    {"DurationNegative", "shutdown: {timeout: -5s}\n",
     "f.yaml:1:21: shutdown.timeout: expected a duration such as 250ms, 30s, 5m, 36h or 30d, got `-5s`"},
    {"DurationOverflows", "shutdown: {timeout: 9999999999999d}\n",
     "f.yaml:1:21: shutdown.timeout: `9999999999999d` is too large"},
    {"SizeInThousands", "storage: {memtable: 64MB}\n",
     "f.yaml:1:21: storage.memtable: expected a size such as 512B, 64KiB or 1MiB, got `64MB`"},
    {"WordUnknown", "log: {level: loud}\n",
     "f.yaml:1:14: log.level: must be one of `debug`, `info`, `warning`, `error`, got `loud`"},
    {"AddressWithoutPort", "listen: localhost\n",
     "f.yaml:1:9: listen: expected host:port such as 0.0.0.0:7420, [::]:7420 or localhost:7420, got `localhost`"},
    {"AddressWithoutHost", "listen: \":7420\"\n",
     "f.yaml:1:9: listen: expected host:port such as 0.0.0.0:7420, [::]:7420 or localhost:7420, got `:7420`"},
    {"AddressPortTooLarge", "listen: a:65536\n",
     "f.yaml:1:9: listen: expected host:port such as 0.0.0.0:7420, [::]:7420 or localhost:7420, got `a:65536`"},
    {"AddressBareIpv6", "listen: \"::1:7420\"\n",
     "f.yaml:1:9: listen: expected host:port such as 0.0.0.0:7420, [::]:7420 or localhost:7420, got `::1:7420`"},
    {"PathEmpty", "data_dir: \"\"\n", "f.yaml:1:11: data_dir: must not be empty"},
    {"ControlCharactersAreShownEscaped", "reflection: \"a\\e[1m\\n\"\n",
     "f.yaml:1:13: reflection: expected true or false, got `a\\033[1m\\n`"},

    // Ranges.
    {"NumberBelow", "polling_threads: 0\n", "f.yaml:1:18: polling_threads: must be 1 to 64, got `0`"},
    {"NumberAbove", "polling_threads: 65\n", "f.yaml:1:18: polling_threads: must be 1 to 64, got `65`"},
    {"DurationBelow", "default_policy:\n  lease_default: 1ms\n",
     "f.yaml:2:18: default_policy.lease_default: must be 10ms to 7d, got `1ms`"},
    {"DurationAbove", "default_policy: {lease_max: 8d}\n",
     "f.yaml:1:29: default_policy.lease_max: must be 10ms to 7d, got `8d`"},
    {"ResultAboveCeiling", "default_policy: {max_result_bytes: 4MiB}\n",
     "f.yaml:1:36: default_policy.max_result_bytes: must be 0B to 3MiB, got `4MiB`"},
    {"CheckpointAboveCeiling", "namespaces: {a: {max_checkpoint_bytes: 65KiB}}\n",
     "f.yaml:1:40: namespaces.a.max_checkpoint_bytes: must be 0B to 64KiB, got `65KiB`"},

    // Namespaces.
    {"NamespaceUpperCase", "namespaces:\n  Orders: {}\n",
     "f.yaml:2:3: `Orders` is not a namespace: expected 1 to 63 of a-z, 0-9, '.', '_' and '-', beginning with a-z or "
     "0-9"},
    {"NamespaceBeginsWithDot", "namespaces:\n  .a: {}\n",
     "f.yaml:2:3: `.a` is not a namespace: expected 1 to 63 of a-z, 0-9, '.', '_' and '-', beginning with a-z or 0-9"},
    {"NamespaceTooLong", "namespaces:\n  " + std::string(64, 'a') + ": {}\n",
     "f.yaml:2:3: `" + std::string(64, 'a') +
         "` is not a namespace: expected 1 to 63 of a-z, 0-9, '.', '_' and '-', beginning with a-z or 0-9"},
    {"NamespaceEmpty", "namespaces:\n  \"\": {}\n",
     "f.yaml:2:3: `` is not a namespace: expected 1 to 63 of a-z, 0-9, '.', '_' and '-', beginning with a-z or 0-9"},

    // Impossible combinations.
    {"LeaseDefaultAboveMax", "default_policy:\n  lease_default: 2h\n",
     "f.yaml:2:18: default_policy.lease_default (2h) must not be longer than default_policy.lease_max (1h)"},
    {"LeaseMaxBelowDefault", "default_policy:\n  lease_max: 10s\n",
     "f.yaml:2:14: default_policy.lease_default (30s) must not be longer than default_policy.lease_max (10s)"},
    {"NamespaceLeaseAboveInheritedMax", "default_policy: {lease_max: 1m}\nnamespaces:\n  a: {lease_default: 2m}\n",
     "f.yaml:3:22: namespaces.a.lease_default (2m) must not be longer than namespaces.a.lease_max (1m)"},
    {"RetentionAboveKeyRetention", "default_policy: {result_retention: 8d}\n",
     "f.yaml:1:36: default_policy.result_retention (8d) must not be longer than default_policy.key_retention (7d)"},
    {"RetentionAboveMax", "default_policy: {result_retention_max: 1h}\n",
     "f.yaml:1:40: default_policy.result_retention (1d) must not be longer than default_policy.result_retention_max "
     "(1h)"},
    {"WaitersPerKeyAboveWaiters", "limits:\n  max_waiters_per_key: 50000\n",
     "f.yaml:2:24: limits.max_waiters_per_key (50000) must not be more than limits.max_waiters (49152)"},
    {"WaitersNotBelowCalls", "limits:\n  max_waiters: 60000\n  max_calls: 60000\n",
     "f.yaml:2:16: limits.max_waiters (60000) must be less than limits.max_calls (60000)"},
    {"DrainDelayNotBelowTimeout", "shutdown:\n  drain_delay: 20s\n",
     "f.yaml:2:16: shutdown.drain_delay (20s) must be shorter than shutdown.timeout (20s)"},
    {"OnePortForTwo", "listen: 127.0.0.1:7421\n",
     "f.yaml:1:9: listen (127.0.0.1:7421) must not use the port of admin.listen (0.0.0.0:7421)"},
    {"InheritedMistakeIsToldOnce",
     "default_policy: {lease_default: 2h}\nnamespaces:\n  a: {}\n  b: {max_attempts: 1}\n",
     "f.yaml:1:33: default_policy.lease_default (2h) must not be longer than default_policy.lease_max (1h)"},
    {"WrongValueBreaksNoRule", "default_policy: {lease_max: soon}\nnamespaces: {a: {lease_default: 2h}}\n",
     "f.yaml:1:29: default_policy.lease_max: expected a duration such as 250ms, 30s, 5m, 36h or 30d, got `soon`"},

    // YAML itself.
    {"Unclosed", "limits: {max_calls: 5\n", "f.yaml:2:1: not valid YAML: end of map flow not found"},
    {"Tab", "limits:\n\tmax_calls: 5\n", "f.yaml:2:11: not valid YAML: illegal map value"},
    {"UnknownAlias", "listen: *nowhere\n", "f.yaml:1:9: not valid YAML: the referenced anchor is not defined"},
    {"TwoDocuments", "listen: a:1\n---\nlisten: b:2\n",
     "f.yaml:2:1: not valid YAML, or a second document where one is expected"},
};

INSTANTIATE_TEST_SUITE_P(Files, ConfigRefuses, testing::ValuesIn(kRefused),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Config, TellsEveryProblemInTheOrderOfTheFile) {
  absl::StatusOr<Config> config = ParseConfig(R"(namespaces:
  Bad: {}
  orders:
    lease_max: forever
listen: nowhere
limits:
  max_calls: 1
  max_calls: 2
shutdown: {drain_delay: 1m}
colour: blue
)",
                                              "semeld.yaml");
  EXPECT_EQ(Message(config),
            "semeld.yaml:2:3: `Bad` is not a namespace: expected 1 to 63 of a-z, 0-9, '.', '_' and '-', beginning with "
            "a-z or 0-9\n"
            "semeld.yaml:4:16: namespaces.orders.lease_max: expected a duration such as 250ms, 30s, 5m, 36h or 30d, "
            "got `forever`\n"
            "semeld.yaml:5:9: listen: expected host:port such as 0.0.0.0:7420, [::]:7420 or localhost:7420, got "
            "`nowhere`\n"
            "semeld.yaml:7:14: limits.max_calls: must be 2 to 10000000, got `1`\n"
            "semeld.yaml:8:3: `limits.max_calls` is there twice, first on line 7\n"
            "semeld.yaml:9:25: shutdown.drain_delay (1m) must be shorter than shutdown.timeout (20s)\n"
            "semeld.yaml:10:1: `colour` is not a known key");
}

TEST(Config, BoundsWhatItTells) {
  std::string text;
  for (int i = 0; i < 150; ++i) text += "zzz" + std::to_string(i) + ": 1\n";
  std::string message = Message(ParseConfig(text, "f"));
  EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 100);
  EXPECT_THAT(message, HasSubstr("\nf: and 50 more"));
}

TEST(Config, BoundsNamespaces) {
  auto text_with = [](size_t count) {
    std::string text = "namespaces:\n";
    for (size_t i = 0; i < count; ++i) text += "  n" + std::to_string(i) + ": {}\n";
    return text;
  };
  EXPECT_TRUE(ParseConfig(text_with(kMaxNamespaces), "f").ok());
  EXPECT_EQ(Message(ParseConfig(text_with(kMaxNamespaces + 1), "f")), "f:1002:3: more than 1000 namespaces");
}

TEST(Config, HostileYamlIsRefusedNotFollowed) {
  for (const char* part : {"[", "{", "- ", "? ", "a: {", "&a [", "!x "}) {
    std::string deep;
    for (int i = 0; i < 3000; ++i) deep += part;
    EXPECT_FALSE(ParseConfig(deep, "f").ok()) << part;
  }
  for (const char* endless : {",", "listen: a:1\n,", "{# a\nb{:", "[[:", "{!\xdb:", "{a:", "}", "]"}) {
    EXPECT_FALSE(ParseConfig(endless, "f").ok()) << endless;
  }
  EXPECT_FALSE(ParseConfig("namespaces: &n {a: *n}\n", "f").ok());
  EXPECT_FALSE(ParseConfig(std::string("listen: \"a\0b:1\"\n", 16), "f").ok());
}

class ConfigFile : public testing::Test {
 public:
  ConfigFile() {
    std::string pattern = testing::TempDir() + "semel-config-XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~ConfigFile() override { std::filesystem::remove_all(directory_); }

 protected:
  std::string Write(const std::string& text) const {
    std::string path = (directory_ / "semeld.yaml").string();
    std::ofstream(path) << text;
    return path;
  }

  std::filesystem::path directory_;
};

TEST_F(ConfigFile, IsRead) {
  absl::StatusOr<Config> config = LoadConfig(Write("listen: a:1\n"));
  ASSERT_TRUE(config.ok()) << Message(config);
  EXPECT_EQ(config->listen, "a:1");
}

TEST_F(ConfigFile, ProblemsNameIt) {
  std::string path = Write("listen: a\n");
  EXPECT_THAT(Message(LoadConfig(path)), testing::StartsWith(path + ":1:9: listen: "));
}

TEST_F(ConfigFile, Missing) {
  absl::StatusOr<Config> config = LoadConfig((directory_ / "none.yaml").string());
  EXPECT_EQ(config.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Message(config), HasSubstr("none.yaml: No such file or directory"));
}

TEST_F(ConfigFile, IsADirectory) { EXPECT_THAT(Message(LoadConfig(directory_.string())), HasSubstr("Is a directory")); }

TEST_F(ConfigFile, TooLarge) {
  EXPECT_THAT(Message(LoadConfig(Write(std::string(kMaxConfigBytes + 1, '#')))), HasSubstr("larger than 4 MiB"));
}

TEST(ConfigValues, DurationsSurviveTheirText) {
  for (const char* text : {"0s", "1us", "999us", "250ms", "90s", "5m", "36h", "30d", "3660d"}) {
    absl::StatusOr<Duration> duration = ParseDuration(text);
    ASSERT_TRUE(duration.ok()) << text;
    EXPECT_EQ(FormatDuration(*duration), text);
  }
  EXPECT_EQ(FormatDuration(*ParseDuration("24h")), "1d");
  EXPECT_EQ(*ParseDuration("0"), Duration(0));
  for (const char* text : {"", "s", "1 s", "1.5h", "+1s", "1S", "1w", "0x1s", "1h30m", "\xff"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

TEST(ConfigValues, SizesSurviveTheirText) {
  for (const char* text : {"0B", "1B", "1000B", "64KiB", "3MiB", "5GiB", "2TiB"}) {
    absl::StatusOr<uint64_t> size = ParseSize(text);
    ASSERT_TRUE(size.ok()) << text;
    EXPECT_EQ(FormatSize(*size), text);
  }
  EXPECT_FALSE(ParseSize("8388608TiB").ok());
  EXPECT_FALSE(ParseSize("65536").ok());
}

TEST(ConfigValues, AddressesCollide) {
  auto collide = [](const char* a, const char* b) { return Collide(*ParseAddress(a), *ParseAddress(b)); };
  EXPECT_TRUE(collide("a:1", "a:1"));
  EXPECT_TRUE(collide("0.0.0.0:1", "a:1"));
  EXPECT_TRUE(collide("a:1", "[::]:1"));
  EXPECT_FALSE(collide("a:1", "b:1"));
  EXPECT_FALSE(collide("a:1", "a:2"));
  EXPECT_FALSE(collide("a:0", "a:0"));
}

}  // namespace
}  // namespace semel::ops
