// Every mistake that a configuration can have is told with its place and its reason, and all of them at once.

#include <algorithm>
#include <ostream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/ops/config.h"

namespace semel::ops {
namespace {

using testing::HasSubstr;

std::string Message(const absl::StatusOr<Config>& config) { return std::string(config.status().message()); }

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

    // TLS.
    {"CertificateWithoutKey", "tls:\n  certificate: a.pem\n",
     "f.yaml:2:16: tls.certificate (a.pem) must be given together with tls.private_key (none)"},
    {"KeyWithoutCertificate", "tls:\n  private_key: a.key\n",
     "f.yaml:2:16: tls.certificate (none) must be given together with tls.private_key (a.key)"},
    {"ClientAuthorityAlone", "tls:\n  client_ca: ca.pem\n",
     "f.yaml:2:14: tls.client_ca (ca.pem) must not be given without tls.certificate (none)"},

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
    {"BackupsInTheDataDirectory", "data_dir: /srv/semel\nbackup:\n  directory: /srv/semel/../semel/backups/\n",
     "f.yaml:3:14: backup.directory (/srv/semel/../semel/backups/) must lie outside of, and not hold, data_dir "
     "(/srv/semel)"},
    {"BackupsAreTheDataDirectory", "backup: {directory: data}\n",
     "f.yaml:1:21: backup.directory (data) must lie outside of, and not hold, data_dir (./data)"},
    {"DataDirectoryAmongTheBackups", "data_dir: /srv/data\nbackup: {directory: /srv}\n",
     "f.yaml:2:21: backup.directory (/srv) must lie outside of, and not hold, data_dir (/srv/data)"},
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

}  // namespace
}  // namespace semel::ops
