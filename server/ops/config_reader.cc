#include "server/ops/config_reader.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "server/engine/names.h"
#include "server/ops/config_values.h"
#include "server/ops/spelling.h"

namespace semel::ops {
namespace {

constexpr std::string_view kDefaultPolicy = "default_policy";
constexpr std::string_view kNamespaces = "namespaces";

// What may stand directly below `prefix`: for "" of {"listen", "limits.max_calls"}, it is listen and limits.
template <class Target>
std::vector<std::string> NamesBelow(const Schema<Target>& schema, std::string_view prefix) {
  std::vector<std::string> names;
  for (const Setting<Target>& setting : schema.settings) {
    if (!setting.name.starts_with(prefix)) continue;
    std::string_view rest = setting.name.substr(prefix.size());
    std::string name(rest.substr(0, rest.find('.')));
    if (names.empty() || names.back() != name) names.push_back(name);
  }
  return names;
}

template <class Target>
bool IsSection(const Schema<Target>& schema, const std::string& name) {
  return std::any_of(schema.settings.begin(), schema.settings.end(),
                     [&](const Setting<Target>& setting) { return setting.name.starts_with(name + "."); });
}

// A key that is known, but elsewhere: the commonest mistake beside a misspelling.
std::string RightPlace(const std::string& name) {
  for (const Setting<Config>& setting : ServerSchema().settings) {
    if (setting.name == name || setting.name.ends_with("." + name)) return std::string(setting.name);
  }
  if (PolicySchema().Find(name) != nullptr) return fmt::format("{}.{}", kDefaultPolicy, name);
  return "";
}

std::string UnknownKey(const std::string& path, const std::string& name, const std::vector<std::string>& known) {
  std::string reason = Quote(path + name) + " is not a known key";
  if (std::string meant = NearestWord(name, known); !meant.empty()) {
    reason += fmt::format("; did you mean `{}{}`?", path, meant);
  } else if (std::string place = RightPlace(name); !place.empty()) {
    reason += fmt::format("; did you mean `{}`?", place);
  }
  return reason;
}

// yaml-cpp places a value that is left out at the next thing in the file.
YAML::Mark PlaceOf(const YAML::Node& value, const YAML::Mark& otherwise) {
  return value.IsNull() ? otherwise : value.Mark();
}

}  // namespace

void ConfigReader::Add(const YAML::Mark& mark, std::string reason) {
  problems_.push_back({.line = mark.line + 1, .column = mark.column + 1, .reason = std::move(reason)});
}

void ConfigReader::ForEachKey(const YAML::Node& map, const YAML::Mark& where, const std::string& path,
                              const Visit& visit) {
  if (map.IsNull()) return;  // a section of comments only
  if (!map.IsMap()) {
    std::string name = path.empty() ? "the configuration" : path.substr(0, path.size() - 1);
    return Add(PlaceOf(map, where), name + ": expected keys and values");
  }
  std::map<std::string, int> lines;
  for (const auto& entry : map) {
    const YAML::Node& key = entry.first;
    if (!key.IsScalar()) {
      Add(key.Mark(), "expected a plain word as key");
      continue;
    }
    const std::string& name = key.Scalar();
    auto [first, is_new] = lines.emplace(name, key.Mark().line + 1);
    if (is_new) {
      visit(name, key, entry.second);
    } else {
      Add(key.Mark(), fmt::format("{} is there twice, first on line {}", Quote(path + name), first->second));
    }
  }
}

template <class Target>
void ConfigReader::ReadValue(const YAML::Node& key, const YAML::Node& value, const Setting<Target>& setting,
                             const std::string& path, Target& target, Section& section) {
  section.places.emplace(setting.name, PlaceOf(value, key.Mark()));
  absl::Status status;
  if (value.IsNull()) {
    status = absl::InvalidArgumentError("has no value; expected " + setting.values);
  } else if (!value.IsScalar()) {
    status = absl::InvalidArgumentError("expected one value: " + setting.values);
  } else {
    status = setting.set(value.Scalar(), target);
  }
  if (status.ok()) return;
  section.broken.emplace(setting.name);
  Add(PlaceOf(value, key.Mark()), fmt::format("{}{}: {}", path, setting.name, std::string(status.message())));
}

template <class Target>
void ConfigReader::ReadMap(const YAML::Node& map, const YAML::Mark& where, const Schema<Target>& schema,
                           const std::string& path, const std::string& prefix, Target& target, Section& section,
                           const Visit& other) {
  std::string full_path = path + prefix;
  ForEachKey(map, where, full_path, [&](const std::string& word, const YAML::Node& key, const YAML::Node& value) {
    std::string name = prefix + word;
    if (const Setting<Target>* setting = schema.Find(name); setting != nullptr) {
      ReadValue(key, value, *setting, path, target, section);
    } else if (IsSection(schema, name)) {
      ReadMap(value, key.Mark(), schema, path, name + ".", target, section, nullptr);
    } else if (other != nullptr) {
      other(word, key, value);
    } else {
      Add(key.Mark(), UnknownKey(full_path, word, NamesBelow(schema, prefix)));
    }
  });
}

template <class Target>
void ConfigReader::Check(const Schema<Target>& schema, const std::string& path, const Target& target,
                         const Section& section) {
  for (const Rule<Target>& rule : schema.rules) {
    if (section.broken.contains(rule.key) || section.broken.contains(rule.other)) continue;
    auto place = section.places.find(rule.key);
    if (place == section.places.end()) place = section.places.find(rule.other);
    if (place == section.places.end() || rule.holds(target)) continue;
    Add(place->second, fmt::format("{0}{1} ({2}) {3} {0}{4} ({5})", path, rule.key, schema.Find(rule.key)->show(target),
                                   rule.relation, rule.other, schema.Find(rule.other)->show(target)));
  }
}

void ConfigReader::ReadNamespaces(const YAML::Node& map, const YAML::Mark& where, const Section& defaults,
                                  Config& config) {
  ForEachKey(map, where, fmt::format("{}.", kNamespaces),
             [&](const std::string& name, const YAML::Node& key, const YAML::Node& value) {
               if (!engine::IsNamespace(name)) {
                 return Add(key.Mark(), fmt::format("{} is not a namespace: expected 1 to {} of a-z, 0-9, "
                                                    "'.', '_' and '-', beginning with a-z or 0-9",
                                                    Quote(name), engine::kMaxNamespaceBytes));
               }
               if (config.namespaces.size() == kMaxNamespaces) {
                 return Add(key.Mark(), fmt::format("more than {} namespaces", kMaxNamespaces));
               }
               std::string path = fmt::format("{}.{}.", kNamespaces, name);
               engine::Policy& policy = config.namespaces[name];
               policy = config.default_policy;
               Section section;
               ReadMap(value, key.Mark(), PolicySchema(), path, "", policy, section, nullptr);
               for (const std::string& broken : defaults.broken) {
                 if (!section.places.contains(broken)) section.broken.insert(broken);
               }
               Check(PolicySchema(), path, policy, section);
             });
}

void ConfigReader::Read(const YAML::Node& root, Config& config) {
  std::vector<std::string> known = NamesBelow(ServerSchema(), "");
  known.emplace_back(kDefaultPolicy);
  known.emplace_back(kNamespaces);

  // Wherever they stand in the file, the defaults come before those who inherit them.
  struct Entry {
    YAML::Node value;
    YAML::Mark place;
  };
  Entry policy, namespaces;
  Section server, defaults;
  ReadMap(root, root.Mark(), ServerSchema(), "", "", config, server,
          [&](const std::string& name, const YAML::Node& key, const YAML::Node& value) {
            if (name == kDefaultPolicy) {
              policy = {value, key.Mark()};
            } else if (name == kNamespaces) {
              namespaces = {value, key.Mark()};
            } else {
              Add(key.Mark(), UnknownKey("", name, known));
            }
          });
  Check(ServerSchema(), "", config, server);

  std::string path = fmt::format("{}.", kDefaultPolicy);
  ReadMap(policy.value, policy.place, PolicySchema(), path, "", config.default_policy, defaults, nullptr);
  Check(PolicySchema(), path, config.default_policy, defaults);
  ReadNamespaces(namespaces.value, namespaces.place, defaults, config);
}

}  // namespace semel::ops
