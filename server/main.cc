// semeld: reads the configuration, owns everything, wires it together, and takes it apart again in the right order.

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "server/engine/committer.h"
#include "server/maintenance.h"
#include "server/ops/admin_http.h"
#include "server/ops/config.h"
#include "server/ops/flags.h"
#include "server/ops/logging.h"
#include "server/ops/metrics.h"
#include "server/rpc/server.h"
#include "storage/rocksdb/rocksdb_storage.h"

namespace semel {
namespace {

using ops::LogLevel;

constexpr int kExitStartFailed = 1;  // the reason was logged; nothing was served

// Signals are taken by sigwait alone, in this thread: every thread started later inherits the mask.
sigset_t BlockStopSignals() {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  return stop;
}

storage::RocksDbOptions StorageOptions(const ops::Config& config, const ops::Logger& log) {
  storage::RocksDbOptions options;
  options.path = config.data_dir;
  options.block_cache_bytes = config.storage.block_cache;
  options.memtable_bytes = config.storage.memtable;
  options.reclaim_interval = config.storage.reclaim_interval;
  options.log = [&log](std::string message) { log.Log(LogLevel::kWarning, message); };
  return options;
}

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

ops::MetricSources SourcesOf(storage::Storage& storage, const engine::EngineStats& engine,
                             const engine::PolicyTable& policies, const rpc::CallStats& calls) {
  return {.engine = engine,
          .policies = policies,
          .open = [&] { return storage.Open(); },
          .properties = [&] { return storage.Properties(); },
          .storage_ok = [&] { return storage.Health().ok(); },
          .clock_offset_seconds = [&] { return std::chrono::duration<double>(storage.clock().WallOffset()).count(); },
          .calls = [&] { return FiguresOf(calls); },
          .calls_in_flight = [&] { return calls.live.value(); }};
}

std::optional<std::string> WhyNotReady(const storage::Storage& storage, bool draining) {
  if (draining) return "draining";
  if (const absl::Status health = storage.Health(); !health.ok()) return std::string(health.message());
  return std::nullopt;
}

std::string HostOf(const std::string& listen) { return listen.substr(0, listen.rfind(':')); }

// One line for those who started us: scripts and tests read the ports from it.
void AnnounceReady(const ops::Config& config, int port, int admin_port) {
  std::printf("semeld ready grpc=%s:%d admin=%s:%d\n", HostOf(config.listen).c_str(), port,
              HostOf(config.admin.listen).c_str(), admin_port);
  std::fflush(stdout);
}

// Lets owners finish and load balancers notice before the door closes; a second signal cuts it short.
void WaitForDrain(const sigset_t& stop, engine::Duration delay) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(delay);
  const timespec timeout{.tv_sec = seconds.count(), .tv_nsec = (delay - seconds).count() * 1000};
  sigtimedwait(&stop, nullptr, &timeout);
}

int Fail(const ops::Logger& log, const char* what, const absl::Status& status) {
  log.Log(LogLevel::kError, what, {{"reason", std::string(status.message())}});
  return kExitStartFailed;
}

int Serve(const ops::Config& config, const ops::Logger& log) {
  const sigset_t stop = BlockStopSignals();
  auto storage = storage::RocksDbStorage::Open(StorageOptions(config, log), storage::SystemTime());
  if (!storage.ok()) return Fail(log, "cannot open the data directory", storage.status());

  const engine::PolicyTable policies(config.default_policy, config.namespaces);
  engine::EngineStats engine_stats(policies);
  rpc::CallStats call_stats;
  engine::Committer committer(**storage, config.limits, engine_stats);
  if (absl::Status status = committer.Start(); !status.ok()) return Fail(log, "cannot start", status);

  const rpc::ServerOptions options{.listen = config.listen,
                                   .polling_threads = static_cast<int>(config.polling_threads),
                                   .reflection = config.reflection};
  auto server = rpc::Server::Start(options, committer, policies, config.limits, call_stats);
  if (!server.ok()) return Fail(log, "cannot serve", server.status());

  std::atomic<bool> draining = false;  // read by the admin port's threads
  const ops::Metrics metrics(SourcesOf(**storage, engine_stats, policies, call_stats));
  auto admin = ops::AdminHttp::Start(config.admin.listen,
                                     {.metrics = [&] { return metrics.Text(); },
                                      .not_ready_reason = [&] { return WhyNotReady(**storage, draining); }});
  if (!admin.ok()) return Fail(log, "cannot serve the admin port", admin.status());

  Maintenance maintenance(committer, [&](const absl::Status& status) {
    (*server)->SetNotServing();
    log.Log(LogLevel::kError, "storage failed: nothing is promised until a restart reads back what is on disk",
            {{"reason", std::string(status.message())}});
  });
  log.Log(LogLevel::kInfo, "serving",
          {{"listen", config.listen},
           {"port", (*server)->port()},
           {"admin_port", (*admin)->port()},
           {"data_dir", config.data_dir},
           {"open_keys", (*storage)->Open().keys()},
           {"leases_honoured", engine_stats.leases_honoured.value()}});
  AnnounceReady(config, (*server)->port(), (*admin)->port());

  int signal = 0;
  sigwait(&stop, &signal);
  log.Log(LogLevel::kInfo, "draining", {{"signal", signal}, {"waiters", engine_stats.waiters.value()}});
  draining = true;
  (*server)->Drain();
  WaitForDrain(stop, config.shutdown.drain_delay);
  (*server)->Shutdown(config.shutdown.timeout - config.shutdown.drain_delay);
  maintenance.Stop();
  log.Log(LogLevel::kInfo, "stopped");
  return 0;  // storage is closed last, by its owner, with an exact clock mark
}

int Main(int argc, char** argv) {
  // Debian builds Abseil, and with it gRPC's locks, to look for deadlocks at every lock that is taken.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  const std::variant<ops::Config, ops::ExitCode> parsed = ops::ParseFlags(argc, argv, std::cout, std::cerr);
  if (const auto* exit = std::get_if<ops::ExitCode>(&parsed)) return exit->value;
  const auto& config = std::get<ops::Config>(parsed);
  const ops::Logger log(config.log.level, config.log.format);
  return Serve(config, log);
}

}  // namespace
}  // namespace semel

int main(int argc, char** argv) { return semel::Main(argc, argv); }
