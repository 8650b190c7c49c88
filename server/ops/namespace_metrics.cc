#include "server/ops/namespace_metrics.h"

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace semel::ops {
namespace {

using engine::NamespaceStats;
using engine::Policy;
using prometheus::MetricType;

constexpr std::array<std::string_view, engine::kBeginOutcomes> kOutcomeLabels = {
    "acquired", "done", "failed", "in_progress", "in_doubt", "expired", "mismatch", "refused"};

// Reads the figures of each namespace along with its label.
class ByNamespace {
 public:
  ByNamespace(const engine::PolicyTable& policies, const engine::EngineStats& engine, MetricFamilies& out) : out_(out) {
    for (const engine::PolicyTable::Entry* entry : policies.Entries()) {
      rows_.push_back({entry->label, &engine.namespaces[entry->index], entry->policy()});
    }
  }

  void Counter(std::string name, std::string help, engine::Counter NamespaceStats::*counter) {
    out_.Start(std::move(name), std::move(help), MetricType::Counter);
    for (const Row& row : rows_) {
      out_.Value(static_cast<double>((row.stats->*counter).value()), {{kNamespaceLabel, row.label}});
    }
  }

  void BeginOutcomes() {
    out_.Start("semel_begin_outcomes_total", "Begins by what they were answered.", MetricType::Counter);
    for (const Row& row : rows_) {
      for (size_t i = 0; i < kOutcomeLabels.size(); ++i) {
        out_.Value(static_cast<double>(row.stats->begins[i].value()),
                   {{kNamespaceLabel, row.label}, {"outcome", std::string(kOutcomeLabels[i])}});
      }
    }
  }

  void Completions() {
    out_.Start("semel_completions_total", "Outcomes stored by Complete, repetitions not counted.", MetricType::Counter);
    for (const Row& row : rows_) {
      const auto value = [&](const engine::Counter& counter, std::string state) {
        out_.Value(static_cast<double>(counter.value()), {{kNamespaceLabel, row.label}, {"state", std::move(state)}});
      };
      value(row.stats->completed_done, "done");
      value(row.stats->completed_failed, "failed");
    }
  }

  void Seconds(std::string name, std::string help, engine::Duration Policy::*setting) {
    out_.Start(std::move(name), std::move(help), MetricType::Gauge);
    for (const Row& row : rows_) {
      out_.Value(std::chrono::duration<double>(row.policy.*setting).count(), {{kNamespaceLabel, row.label}});
    }
  }

 private:
  struct Row {
    const std::string& label;
    const NamespaceStats* stats;
    const Policy& policy;  // in force when the scrape began
  };

  MetricFamilies& out_;
  std::vector<Row> rows_;
};

}  // namespace

void AddNamespaces(const engine::PolicyTable& policies, const engine::EngineStats& engine, MetricFamilies& out) {
  ByNamespace by_namespace(policies, engine, out);
  by_namespace.BeginOutcomes();
  by_namespace.Counter("semel_takeovers_total", "Attempts begun after the owner before fell silent.",
                       &NamespaceStats::takeovers);
  by_namespace.Counter("semel_stale_tokens_total", "Calls refused because another attempt has taken the key over.",
                       &NamespaceStats::stale_tokens);
  by_namespace.Counter("semel_fingerprint_mismatches_total",
                       "Begins refused because the key was used for other content.", &NamespaceStats::mismatches);
  by_namespace.Completions();
  by_namespace.Counter("semel_already_applied_total", "Completes that repeated one already stored.",
                       &NamespaceStats::already_applied);
  by_namespace.Seconds("semel_result_retention_seconds",
                       "How long an outcome is replayed whose Complete asks for no other time; result_retention.",
                       &Policy::result_retention);
  by_namespace.Seconds("semel_result_retention_max_seconds",
                       "How long an outcome is replayed at most; result_retention_max.", &Policy::result_retention_max);
  by_namespace.Seconds("semel_key_retention_seconds",
                       "How long a key is remembered after its Complete, or longer with its outcome; key_retention.",
                       &Policy::key_retention);
}

}  // namespace semel::ops
