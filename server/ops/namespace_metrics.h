// What became of the calls of each namespace, and how long it keeps what they leave behind.

#ifndef SEMEL_SERVER_OPS_NAMESPACE_METRICS_H_
#define SEMEL_SERVER_OPS_NAMESPACE_METRICS_H_

#include "server/engine/policy_table.h"
#include "server/engine/stats.h"
#include "server/ops/metric_families.h"

namespace semel::ops {

// The label is not called `namespace`: a scrape in Kubernetes gives the target's own namespace that name.
inline constexpr char kNamespaceLabel[] = "semel_namespace";

void AddNamespaces(const engine::PolicyTable& policies, const engine::EngineStats& engine, MetricFamilies& out);

}  // namespace semel::ops

#endif  // SEMEL_SERVER_OPS_NAMESPACE_METRICS_H_
