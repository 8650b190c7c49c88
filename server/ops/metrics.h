// Everything that Prometheus is told, read from where it is counted at the moment of the scrape.
//
//   Metrics metrics({.engine = stats, .policies = policies, .open = [&] { return committer.Open(); }, ...});
//   std::string text = metrics.Text();
//
// No label ever carries a key, and namespaces outside the configuration share the label "(other)": the number of series
// is bounded by the configuration, not by what callers send.

#ifndef SEMEL_SERVER_OPS_METRICS_H_
#define SEMEL_SERVER_OPS_METRICS_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "prometheus/collectable.h"
#include "prometheus/metric_family.h"
#include "server/engine/limits.h"
#include "server/engine/policy_table.h"
#include "server/engine/stats.h"
#include "server/ops/disk_space.h"
#include "server/rpc/call_stats.h"
#include "storage/storage.h"

namespace semel::ops {

// What became of the calls of one method.
struct CallFigures {
  std::string method;
  std::map<int, uint64_t> by_code;                           // gRPC's status code -> calls
  const engine::LatencyHistogram* latency_micros = nullptr;  // must outlive the scrape
};

struct RefusalFigures {
  std::string reason;  // as callers read it: TOKEN_STALE
  uint64_t count = 0;
};

// What became of the reloads of the configuration. Thread-safe.
struct ReloadFigures {
  engine::Counter applied;
  engine::Counter refused;
  engine::Gauge last_success_seconds;  // since 1970; 0: none yet
};

// What became of the backups that were asked for. Thread-safe.
struct BackupFigures {
  engine::Gauge configured;  // 1: there is a directory for them
  engine::Counter made;
  engine::Counter failed;
  engine::Gauge last_success_seconds;  // since 1970; 0: none is known
  engine::Gauge last_duration_micros;  // of the last one that this process made
};

// The files of `tls`. Thread-safe.
struct TlsFigures {
  engine::Gauge expiry_seconds;  // since 1970; of the certificate in force
  engine::Gauge refused;         // 1: what the files hold now cannot be used
};

// Read from the thread that scrapes, so all must be thread-safe. What is referred to must outlive the Metrics. A callback
// that is not given leaves its metrics out.
struct MetricSources {
  const engine::EngineStats& engine;
  const engine::PolicyTable& policies;  // whose entries `engine` counts by
  const engine::Limits* limits = nullptr;
  std::function<storage::OpenStats()> open;
  std::function<std::vector<storage::Property>()> properties;
  std::function<std::optional<DiskSpace>()> data_disk;
  std::function<bool()> storage_ok;
  std::function<double()> clock_offset_seconds;  // wall clock minus server time
  const engine::Counter* clock_steps = nullptr;  // how often the wall clock was seen to be set
  std::function<std::vector<CallFigures>()> calls;
  std::function<std::vector<RefusalFigures>()> refusals;
  std::function<int64_t()> calls_in_flight;
  const rpc::SessionStats* sessions = nullptr;
  const engine::Counter* connections_turned_away = nullptr;
  const ReloadFigures* reloads = nullptr;
  const BackupFigures* backups = nullptr;
  const TlsFigures* tls = nullptr;
};

// Thread-safe.
class Metrics final : public prometheus::Collectable {
 public:
  explicit Metrics(MetricSources sources);

  std::vector<prometheus::MetricFamily> Collect() const override;

  // In Prometheus' text format, version 0.0.4.
  std::string Text() const;

 private:
  const MetricSources sources_;
  const std::chrono::system_clock::time_point start_;
};

}  // namespace semel::ops

#endif  // SEMEL_SERVER_OPS_METRICS_H_
