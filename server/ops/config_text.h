// A configuration as text: all of it as one would write it in the file, or what one differs in from another.

#ifndef SEMEL_SERVER_OPS_CONFIG_TEXT_H_
#define SEMEL_SERVER_OPS_CONFIG_TEXT_H_

#include <string>
#include <vector>

#include "server/ops/config.h"

namespace semel::ops {

// YAML that ParseConfig makes the same configuration of: every server setting and the whole default policy, and of each
// namespace what differs from that.
std::string ToYaml(const Config& config);

struct ConfigChange {
  std::string what;            // "log.level: info -> debug", "namespaces.payments: listed"
  bool needs_restart = false;  // it cannot be put in force while the server runs
};

// In the order of the documents.
std::vector<ConfigChange> Differences(const Config& before, const Config& after);

// `running` with everything of `wanted` that can be put in force without a restart: policies and the log level.
Config WithLiveSettings(Config running, const Config& wanted);

}  // namespace semel::ops

#endif  // SEMEL_SERVER_OPS_CONFIG_TEXT_H_
