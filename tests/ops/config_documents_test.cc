// The documents that people configure from say what the server does: every key, its range, its default.

#include <fstream>
#include <sstream>
#include <string>

#include "gtest/gtest.h"
#include "server/ops/config.h"
#include "server/ops/settings.h"
#include "yaml-cpp/yaml.h"

namespace semel::ops {
namespace {

constexpr char kExample[] = SEMEL_SOURCE_DIR "/server/semeld.example.yaml";

std::string Contents(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

template <class Target>
std::string Table(const Schema<Target>& schema) {
  std::ostringstream table;
  table << "| key | value | default | meaning |\n| --- | --- | --- | --- |\n";
  for (const Setting<Target>& setting : schema.settings) {
    table << "| `" << setting.name << "` | " << setting.values << " | `" << setting.show(Target()) << "` | "
          << setting.about << " |\n";
  }
  return table.str();
}

template <class Target>
std::string RuleList(const Schema<Target>& schema) {
  std::ostringstream list;
  for (const Rule<Target>& rule : schema.rules) {
    list << "- `" << rule.key << "` " << rule.relation << " `" << rule.other << "`\n";
  }
  return list.str();
}

TEST(ConfigurationDocument, HasTheTablesAndRules) {
  std::string document = Contents(SEMEL_SOURCE_DIR "/docs/configuration.md");
  for (const std::string& part :
       {Table(ServerSchema()), Table(PolicySchema()), RuleList(ServerSchema()), RuleList(PolicySchema())}) {
    EXPECT_NE(document.find(part), document.npos) << "docs/configuration.md should hold this:\n" << part;
  }
}

TEST(ExampleFile, Loads) {
  absl::StatusOr<Config> config = LoadConfig(kExample);
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_FALSE(config->namespaces.empty());
}

TEST(ExampleFile, SetsEveryKeyToItsDefault) {
  absl::StatusOr<Config> config = LoadConfig(kExample);
  ASSERT_TRUE(config.ok()) << config.status().message();
  YAML::Node root = YAML::LoadFile(kExample);
  for (const Setting<Config>& setting : ServerSchema().settings) {
    size_t dot = setting.name.find('.');
    std::string first(setting.name.substr(0, dot));
    bool there = dot == setting.name.npos ? root[first].IsDefined()
                                          : root[first][std::string(setting.name.substr(dot + 1))].IsDefined();
    EXPECT_TRUE(there) << setting.name;
    EXPECT_EQ(setting.show(*config), setting.show(Config())) << setting.name;
  }
  for (const Setting<engine::Policy>& setting : PolicySchema().settings) {
    EXPECT_TRUE(root["default_policy"][std::string(setting.name)].IsDefined()) << setting.name;
    EXPECT_EQ(setting.show(config->default_policy), setting.show({})) << setting.name;
  }
}

}  // namespace
}  // namespace semel::ops
