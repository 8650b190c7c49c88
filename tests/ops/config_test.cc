#include "server/ops/config.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
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
admin: {listen: "localhost:9000", service: false}
tls: {certificate: server.pem, private_key: server.key, client_ca: ca.pem}
backup: {directory: /backup, keep: 3}
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
  EXPECT_FALSE(config->admin.service);
  EXPECT_EQ(config->tls.certificate, "server.pem");
  EXPECT_EQ(config->tls.private_key, "server.key");
  EXPECT_EQ(config->tls.client_ca, "ca.pem");
  EXPECT_EQ(config->backup.directory, "/backup");
  EXPECT_EQ(config->backup.keep, 3u);
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

}  // namespace
}  // namespace semel::ops
