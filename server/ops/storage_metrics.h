// The storage's own figures as metrics.

#ifndef SEMEL_SERVER_OPS_STORAGE_METRICS_H_
#define SEMEL_SERVER_OPS_STORAGE_METRICS_H_

#include <vector>

#include "server/ops/metric_families.h"
#include "storage/storage.h"

namespace semel::ops {

// {"rocksdb_level0_files", 3} becomes semel_rocksdb_level0_files 3; counters end in _total.
void AddStorage(const std::vector<storage::Property>& properties, MetricFamilies& out);

}  // namespace semel::ops

#endif  // SEMEL_SERVER_OPS_STORAGE_METRICS_H_
