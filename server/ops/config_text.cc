#include "server/ops/config_text.h"

#include <set>
#include <utility>

#include "fmt/format.h"
#include "server/ops/settings.h"
#include "yaml-cpp/yaml.h"

namespace semel::ops {
namespace {

using engine::Policy;

constexpr std::string_view kLogLevel = "log.level";  // the one server setting that is put in force live

// Adds one setting to the map that is open, opening and closing sections as the names ask for it.
class Sections {
 public:
  explicit Sections(YAML::Emitter& out) : out_(out) {}

  void Add(std::string_view name, const std::string& value) {
    const size_t dot = name.find('.');
    const std::string section(dot == name.npos ? "" : name.substr(0, dot));
    if (section != open_) Close();
    if (section != open_) {
      out_ << YAML::Key << section << YAML::Value << YAML::BeginMap;
      open_ = section;
    }
    out_ << YAML::Key << std::string(dot == name.npos ? name : name.substr(dot + 1)) << YAML::Value << value;
  }
  void Close() {
    if (!open_.empty()) out_ << YAML::EndMap;
    open_.clear();
  }

 private:
  YAML::Emitter& out_;
  std::string open_;
};

template <class Target>
void AddDifferences(const Schema<Target>& schema, const std::string& path, const Target& before, const Target& after,
                    std::vector<ConfigChange>& changes) {
  for (const Setting<Target>& setting : schema.settings) {
    const std::string was = setting.show(before);
    const std::string is = setting.show(after);
    if (was == is) continue;
    const bool needs_restart = std::is_same_v<Target, Config> && setting.name != kLogLevel;
    changes.push_back({fmt::format("{}{}: {} -> {}", path, setting.name, was, is), needs_restart});
  }
}

}  // namespace

std::string ToYaml(const Config& config) {
  YAML::Emitter out;
  out << YAML::BeginMap;
  Sections sections(out);
  for (const Setting<Config>& setting : ServerSchema().settings) sections.Add(setting.name, setting.show(config));
  sections.Close();
  out << YAML::Key << "default_policy" << YAML::Value << YAML::BeginMap;
  for (const Setting<Policy>& setting : PolicySchema().settings) {
    out << YAML::Key << std::string(setting.name) << YAML::Value << setting.show(config.default_policy);
  }
  out << YAML::EndMap;
  if (!config.namespaces.empty()) out << YAML::Key << "namespaces" << YAML::Value << YAML::BeginMap;
  for (const auto& [name, policy] : config.namespaces) {
    out << YAML::Key << name << YAML::Value << YAML::BeginMap;
    for (const Setting<Policy>& setting : PolicySchema().settings) {
      const std::string value = setting.show(policy);
      if (value == setting.show(config.default_policy)) continue;
      out << YAML::Key << std::string(setting.name) << YAML::Value << value;
    }
    out << YAML::EndMap;
  }
  if (!config.namespaces.empty()) out << YAML::EndMap;
  out << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

std::vector<ConfigChange> Differences(const Config& before, const Config& after) {
  std::vector<ConfigChange> changes;
  AddDifferences(ServerSchema(), "", before, after, changes);
  AddDifferences(PolicySchema(), "default_policy.", before.default_policy, after.default_policy, changes);
  std::set<std::string> names;
  for (const auto& [name, policy] : before.namespaces) names.insert(name);
  for (const auto& [name, policy] : after.namespaces) names.insert(name);
  for (const std::string& name : names) {
    const auto was = before.namespaces.find(name);
    const auto is = after.namespaces.find(name);
    const std::string path = fmt::format("namespaces.{}", name);
    if (was == before.namespaces.end()) changes.push_back({path + ": listed"});
    if (is == after.namespaces.end()) changes.push_back({path + ": no longer listed"});
    AddDifferences(PolicySchema(), path + ".", was == before.namespaces.end() ? before.default_policy : was->second,
                   is == after.namespaces.end() ? after.default_policy : is->second, changes);
  }
  return changes;
}

Config WithLiveSettings(Config running, const Config& wanted) {
  running.log.level = wanted.log.level;
  running.default_policy = wanted.default_policy;
  running.namespaces = wanted.namespaces;
  return running;
}

}  // namespace semel::ops
