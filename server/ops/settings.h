// The table of everything that can be configured: one row per key, one per relation between two keys. The reader, the
// flags, the tests and docs/configuration.md all follow it.

#ifndef SEMEL_SERVER_OPS_SETTINGS_H_
#define SEMEL_SERVER_OPS_SETTINGS_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "server/engine/policy.h"
#include "server/ops/config.h"

namespace semel::ops {

template <class Target>
struct Setting {
  std::string_view name;                                            // dots for nesting: "shutdown.timeout"
  std::string values;                                               // what it takes: "duration, 10ms to 7d"
  std::string_view about;                                           // for people
  std::function<absl::Status(std::string_view text, Target&)> set;  // refuses what is malformed or out of range
  std::function<std::string(const Target&)> show;                   // as one would write it in the file
};

// Holds between two values that are both right in themselves.
template <class Target>
struct Rule {
  std::string_view key;
  std::string_view relation;  // "must not be longer than"
  std::string_view other;
  std::function<bool(const Target&)> holds;
};

template <class Target>
struct Schema {
  std::vector<Setting<Target>> settings;
  std::vector<Rule<Target>> rules;

  const Setting<Target>* Find(std::string_view name) const {
    for (const Setting<Target>& setting : settings) {
      if (setting.name == name) return &setting;
    }
    return nullptr;
  }
};

const Schema<Config>& ServerSchema();          // all but the policies
const Schema<engine::Policy>& PolicySchema();  // of default_policy and of each namespace

}  // namespace semel::ops

#endif  // SEMEL_SERVER_OPS_SETTINGS_H_
