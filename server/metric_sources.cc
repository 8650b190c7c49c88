#include "server/metric_sources.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "server/rpc/errors.h"

namespace semel {
namespace {

std::vector<ops::CallFigures> FiguresOf(const rpc::CallStats& stats) {
  std::vector<ops::CallFigures> figures;
  for (const rpc::MethodStats& method : stats.methods) {
    ops::CallFigures figure{.method = std::string(method.method), .latency_micros = &method.latency_micros};
    for (size_t code = 0; code < method.by_code.size(); ++code) {
      figure.by_code[static_cast<int>(code)] = method.by_code[code].value();
    }
    figures.push_back(std::move(figure));
  }
  return figures;
}

std::vector<ops::RefusalFigures> FiguresOf(const rpc::RefusalStats& stats) {
  std::vector<ops::RefusalFigures> figures;
  for (size_t i = 0; i < engine::kReasons; ++i) {
    const auto reason = static_cast<engine::Reason>(i);
    figures.push_back({.reason = std::string(rpc::OnWire(reason).name), .count = stats.of(reason)});
  }
  return figures;
}

}  // namespace

ops::MetricSources MetricsOf(const Counted& counted) {
  return {
      .engine = counted.engine,
      .policies = counted.policies,
      .limits = &counted.limits,
      .open = [&committer = counted.committer] { return committer.Open(); },
      .properties = [&storage = counted.storage] { return storage.Properties(); },
      .data_disk = [&disk = counted.data_disk] { return disk.space(); },
      .storage_ok = [&storage = counted.storage] { return storage.Health().ok(); },
      .clock_offset_seconds =
          [&storage = counted.storage] { return std::chrono::duration<double>(storage.clock().WallOffset()).count(); },
      .clock_steps = &counted.clock_steps,
      .calls = [&calls = counted.calls] { return FiguresOf(calls); },
      .refusals = [&calls = counted.calls] { return FiguresOf(calls.refusals); },
      .calls_in_flight = [&calls = counted.calls] { return calls.live.value(); },
      .sessions = &counted.calls.sessions,
      .connections_turned_away = &counted.calls.connections_turned_away,
      .reloads = &counted.reloads,
      .backups = &counted.backups,
      .tls = counted.tls};
}

}  // namespace semel
