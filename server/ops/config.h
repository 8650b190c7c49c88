// What an operator decides about a server: read once, at start, from a YAML file and a few flags.
//
//   absl::StatusOr<Config> config = LoadConfig("/etc/semel/semeld.yaml");
//   // semeld.yaml:7:18: default_policy.lease_max: expected a duration such as 250ms, 30s, 5m, 36h or 30d, got `1 hour`
//
// docs/configuration.md describes every key; settings.h is the table behind both.

#ifndef SEMEL_SERVER_OPS_CONFIG_H_
#define SEMEL_SERVER_OPS_CONFIG_H_

#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/engine/limits.h"
#include "server/engine/policy.h"
#include "server/ops/logging.h"

namespace semel::ops {

struct Config {
  std::string listen = "0.0.0.0:7420";
  std::string data_dir = "./data";
  bool reflection = false;
  size_t polling_threads = 1;

  struct Admin {
    std::string listen = "0.0.0.0:7421";
    bool service = true;
  } admin;

  struct Tls {
    std::string certificate;  // files in PEM; empty: plaintext
    std::string private_key;
    std::string client_ca;  // empty: clients need no certificate

    bool enabled() const { return !certificate.empty(); }
  } tls;

  struct Backup {
    std::string directory;  // empty: none are made
    size_t keep = 7;
  } backup;

  struct Log {
    LogLevel level = LogLevel::kInfo;
    LogFormat format = LogFormat::kText;
  } log;

  struct Shutdown {
    engine::Duration drain_delay{0};
    engine::Duration timeout = std::chrono::seconds(20);
  } shutdown;

  struct Connections {
    engine::Duration keepalive_interval = std::chrono::minutes(1);
    engine::Duration keepalive_timeout = std::chrono::seconds(20);
    engine::Duration max_idle = std::chrono::minutes(30);
  } connections;

  engine::Limits limits;

  struct Storage {
    size_t block_cache = 64 * engine::kMiB;
    size_t memtable = 16 * engine::kMiB;
    engine::Duration reclaim_interval = std::chrono::hours(12);
  } storage;

  engine::Policy default_policy;
  std::map<std::string, engine::Policy, std::less<>> namespaces;  // those not named have default_policy
};

// Bounds what is read and, by way of labels, what metrics weigh.
inline constexpr size_t kMaxConfigBytes = 4 * engine::kMiB;
inline constexpr size_t kMaxNamespaces = 1000;

// INVALID_ARGUMENT tells every problem that was found, one a line: `filename:line:column: key: reason`.
[[nodiscard]] absl::StatusOr<Config> ParseConfig(std::string_view text, std::string_view filename);

// The same for a file. NOT_FOUND, or another code, where it cannot be read.
[[nodiscard]] absl::StatusOr<Config> LoadConfig(const std::string& path);

}  // namespace semel::ops

#endif  // SEMEL_SERVER_OPS_CONFIG_H_
