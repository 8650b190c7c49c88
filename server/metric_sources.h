// Where the figures of /metrics come from, in this process.

#ifndef SEMEL_SERVER_METRIC_SOURCES_H_
#define SEMEL_SERVER_METRIC_SOURCES_H_

#include "server/disk_watch.h"
#include "server/engine/committer.h"
#include "server/engine/limits.h"
#include "server/engine/policy_table.h"
#include "server/engine/stats.h"
#include "server/ops/metrics.h"
#include "server/rpc/call_stats.h"
#include "storage/storage.h"

namespace semel {

// Who counts. All must outlive the metrics.
struct Counted {
  storage::Storage& storage;
  const engine::Committer& committer;
  const engine::Limits& limits;
  const DiskWatch& data_disk;
  const engine::EngineStats& engine;
  const engine::PolicyTable& policies;
  const rpc::CallStats& calls;
  const ops::ReloadFigures& reloads;
  const engine::Counter& clock_steps;
  const ops::BackupFigures& backups;
  const ops::TlsFigures* tls;  // none: no TLS
};

ops::MetricSources MetricsOf(const Counted& counted);

}  // namespace semel

#endif  // SEMEL_SERVER_METRIC_SOURCES_H_
