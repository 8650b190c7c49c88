#include "server/ops/metrics.h"

#include <sstream>
#include <utility>

#include "absl/status/status.h"
#include "prometheus/text_serializer.h"
#include "server/ops/metric_families.h"
#include "server/ops/namespace_metrics.h"
#include "server/ops/process_figures.h"
#include "server/ops/storage_metrics.h"

namespace semel::ops {

using prometheus::MetricType;

MetricFamilies& MetricFamilies::Value(double value, MetricLabels labels) {
  prometheus::MetricFamily& family = families_.back();
  prometheus::ClientMetric metric;
  metric.label = std::move(labels);
  if (family.type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  family.metric.push_back(std::move(metric));
  return *this;
}

namespace {

constexpr double kMicrosPerSecond = 1e6;

std::string CodeLabel(int code) {
  // absl's codes and names are gRPC's.
  std::string name = absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
  return name.empty() ? "CODE_" + std::to_string(code) : name;
}

void AddCalls(const std::vector<CallFigures>& calls, MetricFamilies& out) {
  out.Start("semel_calls_total", "Calls and operations of Sessions answered, by method and gRPC status code.",
            MetricType::Counter);
  for (const CallFigures& call : calls) {
    for (const auto& [code, count] : call.by_code) {
      out.Value(static_cast<double>(count), {{"method", call.method}, {"code", CodeLabel(code)}});
    }
  }
  out.Start("semel_call_seconds", "Time from a call's arrival to its answer, waiting for another owner included.",
            MetricType::Histogram);
  for (const CallFigures& call : calls) {
    if (call.latency_micros != nullptr)
      out.Distribution(*call.latency_micros, kMicrosPerSecond, {{"method", call.method}});
  }
}

void AddRefusals(const std::vector<RefusalFigures>& refusals, MetricFamilies& out) {
  out.Start("semel_refusals_total", "What was refused, by reason: calls, items of batches, operations of Sessions.",
            MetricType::Counter);
  for (const RefusalFigures& refusal : refusals) {
    out.Value(static_cast<double>(refusal.count), {{"reason", refusal.reason}});
  }
}

void AddSessions(const rpc::SessionStats& sessions, MetricFamilies& out) {
  out.Gauge("semel_sessions", "Open Session streams.", static_cast<double>(sessions.open.value()));
  out.Start("semel_session_messages_total", "Messages on Session streams, each of many operations or answers.",
            MetricType::Counter)
      .Value(static_cast<double>(sessions.requests.value()), {{"direction", "received"}})
      .Value(static_cast<double>(sessions.responses.value()), {{"direction", "sent"}});
}

void AddEngine(const engine::EngineStats& engine, MetricFamilies& out) {
  out.Gauge("semel_waiters", "Begins that wait for another owner.", static_cast<double>(engine.waiters.value()));
  out.Gauge("semel_queue_depth", "Operations handed over and not yet decided.",
            static_cast<double>(engine.queue_depth.value()));
  out.Start("semel_batch_operations", "Operations decided together, in one group commit.", MetricType::Histogram)
      .Distribution(engine.batch_size, 1);
  out.Start("semel_commit_seconds", "Time of a group commit: write and sync.", MetricType::Histogram)
      .Distribution(engine.commit_micros, kMicrosPerSecond);
  out.Start("semel_sync_seconds", "Of a group commit's time, the sync to disk.", MetricType::Histogram)
      .Distribution(engine.sync_micros, kMicrosPerSecond);
  out.Counter("semel_commits_total", "Group commits synced to disk.", static_cast<double>(engine.commits.value()));
  out.Counter("semel_storage_failures_total", "Storage calls that failed.",
              static_cast<double>(engine.storage_failures.value()));
  out.Counter("semel_unreadable_records_total",
              "Operations refused because a record or a payload could not be read back: damaged, or of a newer format.",
              static_cast<double>(engine.unreadable.seen().operations));
  out.Counter("semel_dropped_past_deadline_total", "Operations dropped undecided because their deadline had passed.",
              static_cast<double>(engine.dropped_past_deadline.value()));
  out.Counter("semel_refused_waits_total", "Begins answered in_progress at once because too many were waiting.",
              static_cast<double>(engine.refused_waits.value()));
  out.Counter("semel_leases_honoured_total", "Leases extended at start to make good for the time Semel was down.",
              static_cast<double>(engine.leases_honoured.value()));
}

void AddOpenKeys(const storage::OpenStats& open, MetricFamilies& out) {
  out.Start("semel_open_keys", "Keys in progress or in doubt.", MetricType::Gauge)
      .Value(static_cast<double>(open.in_progress), {{"state", "in_progress"}})
      .Value(static_cast<double>(open.in_doubt), {{"state", "in_doubt"}});
  out.Gauge("semel_open_bytes", "Memory for what open keys carry; limited by limits.max_open_bytes.",
            static_cast<double>(open.bytes));
}

// Beside what they bound, so that a rule can tell how near it is without knowing the configuration.
void AddLimits(const engine::Limits& limits, MetricFamilies& out) {
  out.Gauge("semel_max_calls", "The bound on semel_calls_in_flight; limits.max_calls.",
            static_cast<double>(limits.max_calls));
  out.Gauge("semel_max_waiters", "The bound on semel_waiters; limits.max_waiters.",
            static_cast<double>(limits.max_waiters));
  out.Gauge("semel_max_open_keys", "The bound on semel_open_keys of all states; limits.max_open_keys.",
            static_cast<double>(limits.max_open_keys));
  out.Gauge("semel_max_open_bytes", "The bound on semel_open_bytes; limits.max_open_bytes.",
            static_cast<double>(limits.max_open_bytes));
}

void AddDataDisk(const std::optional<DiskSpace>& disk, MetricFamilies& out) {
  if (!disk) return;
  out.Gauge("semel_data_disk_size_bytes", "Size of the file system that holds data_dir.", disk->size_bytes);
  out.Gauge("semel_data_disk_free_bytes", "Of that, what this process may still write.", disk->free_bytes);
}

void AddBackups(const BackupFigures& backups, MetricFamilies& out) {
  out.Gauge("semel_backup_configured", "1 where backups can be made: backup.directory names a directory.",
            static_cast<double>(backups.configured.value()));
  out.Start("semel_backups_total", "Backups that were asked for and begun, by what came of them.", MetricType::Counter)
      .Value(static_cast<double>(backups.made.value()), {{"result", "made"}})
      .Value(static_cast<double>(backups.failed.value()), {{"result", "failed"}});
  out.Gauge("semel_backup_last_success_timestamp_seconds",
            "When the last backup was made, in seconds since 1970; 0: none is known.",
            static_cast<double>(backups.last_success_seconds.value()));
  out.Gauge("semel_backup_last_duration_seconds", "How long the last backup of this process took; 0: it made none.",
            static_cast<double>(backups.last_duration_micros.value()) / kMicrosPerSecond);
}

void AddReloads(const ReloadFigures& reloads, MetricFamilies& out) {
  out.Start("semel_config_reloads_total", "Reloads of the configuration, by what came of them.", MetricType::Counter)
      .Value(static_cast<double>(reloads.applied.value()), {{"result", "applied"}})
      .Value(static_cast<double>(reloads.refused.value()), {{"result", "refused"}});
  out.Gauge("semel_config_last_reload_success_timestamp_seconds",
            "When the configuration was last reloaded, in seconds since 1970; 0: not since the start.",
            static_cast<double>(reloads.last_success_seconds.value()));
}

void AddTls(const TlsFigures& tls, MetricFamilies& out) {
  out.Gauge("semel_tls_certificate_expiry_timestamp_seconds",
            "When the TLS certificate in force expires, or the first of its chain, in seconds since 1970.",
            static_cast<double>(tls.expiry_seconds.value()));
  out.Gauge("semel_tls_files_refused", "1 while the TLS files cannot be used and those from before stay in force.",
            static_cast<double>(tls.refused.value()));
}

void AddProcess(std::chrono::system_clock::time_point start, MetricFamilies& out) {
  out.Start("semel_build_info", "1, with what this server was built from and with.", MetricType::Gauge)
      .Value(1, {{"version", SEMEL_VERSION}, {"compiler", SEMEL_COMPILER}});
  out.Gauge("semel_start_time_seconds", "When this process began, in seconds since 1970.",
            std::chrono::duration<double>(start.time_since_epoch()).count());
  ProcessFigures process = ReadProcessFigures();
  out.Counter("semel_process_cpu_seconds_total", "Processor time used, user and system.", process.cpu_seconds);
  if (process.resident_bytes) {
    out.Gauge("semel_process_resident_memory_bytes", "Memory held.", *process.resident_bytes);
  }
  if (process.open_files) out.Gauge("semel_process_open_fds", "Open file descriptors.", *process.open_files);
  if (process.max_open_files) {
    out.Gauge("semel_process_max_fds", "File descriptors that the system allows.", *process.max_open_files);
  }
}

}  // namespace

Metrics::Metrics(MetricSources sources) : sources_(std::move(sources)), start_(std::chrono::system_clock::now()) {}

std::vector<prometheus::MetricFamily> Metrics::Collect() const {
  MetricFamilies out;
  if (sources_.calls) AddCalls(sources_.calls(), out);
  if (sources_.refusals) AddRefusals(sources_.refusals(), out);
  if (sources_.calls_in_flight) {
    out.Gauge("semel_calls_in_flight", "Calls accepted and not yet answered, waiters included.",
              static_cast<double>(sources_.calls_in_flight()));
  }
  if (sources_.sessions != nullptr) AddSessions(*sources_.sessions, out);
  if (sources_.connections_turned_away != nullptr) {
    out.Counter("semel_connections_turned_away_total", "Connections closed at once for lack of file descriptors.",
                static_cast<double>(sources_.connections_turned_away->value()));
  }
  AddNamespaces(sources_.policies, sources_.engine, out);
  AddEngine(sources_.engine, out);
  if (sources_.open) AddOpenKeys(sources_.open(), out);
  if (sources_.limits != nullptr) AddLimits(*sources_.limits, out);
  if (sources_.data_disk) AddDataDisk(sources_.data_disk(), out);
  if (sources_.storage_ok) {
    out.Gauge("semel_storage_failed", "1 after storage failed for good: only a restart helps.",
              sources_.storage_ok() ? 0 : 1);
  }
  if (sources_.clock_offset_seconds) {
    out.Gauge("semel_clock_wall_offset_seconds", "How far the wall clock is ahead of the server's time.",
              sources_.clock_offset_seconds());
  }
  if (sources_.clock_steps != nullptr) {
    out.Counter("semel_clock_steps_total",
                "How often the wall clock was seen to be set by a second or more, and at start to be behind.",
                static_cast<double>(sources_.clock_steps->value()));
  }
  if (sources_.backups != nullptr) AddBackups(*sources_.backups, out);
  if (sources_.reloads != nullptr) AddReloads(*sources_.reloads, out);
  if (sources_.tls != nullptr) AddTls(*sources_.tls, out);
  if (sources_.properties) AddStorage(sources_.properties(), out);
  AddProcess(start_, out);
  return std::move(out).Take();
}

std::string Metrics::Text() const {
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, Collect());
  return std::move(text).str();
}

}  // namespace semel::ops
