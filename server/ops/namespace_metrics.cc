#include "server/ops/namespace_metrics.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace semel::ops {
namespace {

using engine::NamespaceStats;
using prometheus::MetricType;

constexpr std::array<std::string_view, engine::kBeginOutcomes> kOutcomeLabels = {
    "acquired", "done", "failed", "in_progress", "in_doubt", "expired", "mismatch", "refused"};

// Reads the figures of each namespace along with its label.
class ByNamespace {
 public:
  ByNamespace(const engine::PolicyTable& policies, const engine::EngineStats& engine, MetricFamilies& out) : out_(out) {
    for (const engine::PolicyTable::Entry* entry : policies.Entries()) {
      rows_.emplace_back(entry->label, &engine.namespaces[entry->index]);
    }
  }

  void Counter(std::string name, std::string help, engine::Counter NamespaceStats::*counter) {
    out_.Start(std::move(name), std::move(help), MetricType::Counter);
    for (const auto& [label, stats] : rows_) {
      out_.Value(static_cast<double>((stats->*counter).value()), {{kNamespaceLabel, label}});
    }
  }

  void BeginOutcomes() {
    out_.Start("semel_begin_outcomes_total", "Begins by what they were answered.", MetricType::Counter);
    for (const auto& [label, stats] : rows_) {
      for (size_t i = 0; i < kOutcomeLabels.size(); ++i) {
        out_.Value(static_cast<double>(stats->begins[i].value()),
                   {{kNamespaceLabel, label}, {"outcome", std::string(kOutcomeLabels[i])}});
      }
    }
  }

  void Completions() {
    out_.Start("semel_completions_total", "Outcomes stored by Complete, repetitions not counted.", MetricType::Counter);
    for (const auto& [label, stats] : rows_) {
      out_.Value(static_cast<double>(stats->completed_done.value()), {{kNamespaceLabel, label}, {"state", "done"}});
      out_.Value(static_cast<double>(stats->completed_failed.value()), {{kNamespaceLabel, label}, {"state", "failed"}});
    }
  }

 private:
  MetricFamilies& out_;
  std::vector<std::pair<std::string, const NamespaceStats*>> rows_;
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
}

}  // namespace semel::ops
