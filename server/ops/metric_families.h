// Builds metric families in the order in which they are told.
//
//   MetricFamilies out;
//   out.Counter("semel_commits_total", "Group commits.", 12);
//   out.Start("semel_open_keys", "Keys by state.", Type::Gauge).Value(3, {{"state", "in_doubt"}});

#ifndef SEMEL_SERVER_OPS_METRIC_FAMILIES_H_
#define SEMEL_SERVER_OPS_METRIC_FAMILIES_H_

#include <string>
#include <utility>
#include <vector>

#include "prometheus/metric_family.h"
#include "server/engine/stats.h"

namespace semel::ops {

using MetricLabels = std::vector<prometheus::ClientMetric::Label>;

class MetricFamilies {
 public:
  // Begins a family; Value and Distribution add to the last one begun.
  MetricFamilies& Start(std::string name, std::string help, prometheus::MetricType type) {
    families_.push_back({std::move(name), std::move(help), type, {}});
    return *this;
  }
  MetricFamilies& Value(double value, MetricLabels labels = {});

  // `units` of the histogram make one of the metric: 1e6 for microseconds told as seconds. (Divided by rather than
  // multiplied with, so that bounds are told as 0.0001 and not as 9.999999999999999e-05.)
  template <size_t kBuckets>
  MetricFamilies& Distribution(const engine::Histogram<kBuckets>& histogram, double units, MetricLabels labels = {}) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    uint64_t count = 0;
    for (size_t i = 0; i < kBuckets; ++i) {
      count += histogram.count(i);
      // The last bucket has no bound: the serializer writes it as +Inf out of sample_count.
      if (i + 1 < kBuckets) metric.histogram.bucket.push_back({count, static_cast<double>(histogram.bound(i)) / units});
    }
    metric.histogram.sample_count = count;
    metric.histogram.sample_sum = static_cast<double>(histogram.sum()) / units;
    families_.back().metric.push_back(std::move(metric));
    return *this;
  }

  void Counter(std::string name, std::string help, double value) {
    Start(std::move(name), std::move(help), prometheus::MetricType::Counter).Value(value);
  }
  void Gauge(std::string name, std::string help, double value) {
    Start(std::move(name), std::move(help), prometheus::MetricType::Gauge).Value(value);
  }

  std::vector<prometheus::MetricFamily> Take() && { return std::move(families_); }

 private:
  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace semel::ops

#endif  // SEMEL_SERVER_OPS_METRIC_FAMILIES_H_
