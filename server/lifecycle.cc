#include "server/lifecycle.h"

#include <atomic>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/backups.h"
#include "server/clock_watch.h"
#include "server/disk_watch.h"
#include "server/engine/committer.h"
#include "server/engine/policy_table.h"
#include "server/grpc_log.h"
#include "server/maintenance.h"
#include "server/metric_sources.h"
#include "server/ops/admin_http.h"
#include "server/ops/audit_log.h"
#include "server/ops/config.h"
#include "server/ops/config_values.h"
#include "server/ops/metrics.h"
#include "server/ops/open_files.h"
#include "server/reload.h"
#include "server/rpc/server.h"
#include "server/signals.h"
#include "server/test_clock.h"
#include "server/tls_watch.h"
#include "server/unreadable_watch.h"
#include "storage/rocksdb/rocksdb_storage.h"

namespace semel {
namespace {

using ops::LogLevel;

storage::RocksDbOptions StorageOptions(const ops::Config& config, const ops::Logger& log) {
  storage::RocksDbOptions options;
  options.path = config.data_dir;
  options.block_cache_bytes = config.storage.block_cache;
  options.memtable_bytes = config.storage.memtable;
  options.reclaim_interval = config.storage.reclaim_interval;
  options.log = [&log](std::string message) { log.Log(LogLevel::kWarning, message); };
  options.debug_log = [&log](std::string said) { log.Log(LogLevel::kDebug, "rocksdb", {{"said", std::move(said)}}); };
  return options;
}

rpc::ServerOptions ServerOptionsOf(const ops::Config& config, int connection_files, TlsWatch* tls,
                                   const ops::Logger& log) {
  const auto tell_full = [&log](const std::string& why) {
    log.Log(LogLevel::kError, "no room for more connections", {{"reason", why}});
  };
  return {.listen = config.listen,
          .polling_threads = static_cast<int>(config.polling_threads),
          .reflection = config.reflection,
          .keepalive_interval = config.connections.keepalive_interval,
          .keepalive_timeout = config.connections.keepalive_timeout,
          .max_idle = config.connections.max_idle,
          .certificate = tls == nullptr ? nullptr : &tls->served(),
          .acceptor = {.max_files = connection_files, .on_full = tell_full}};
}

std::optional<std::string> WhyNotReady(const storage::Storage& storage, bool draining) {
  if (draining) return "draining";
  if (const absl::Status health = storage.Health(); !health.ok()) return std::string(health.message());
  return std::nullopt;
}

rpc::AdminOptions AdminOptionsOf(const ops::Config& config, storage::Storage& storage,
                                 const engine::Committer& committer, Backups& backups,
                                 const std::atomic<bool>& draining, const ops::Logger& log) {
  rpc::AdminOptions options{.served = config.admin.service, .version = SEMEL_VERSION};
  options.facts = [&] {
    return rpc::ServerFacts{.not_ready_reason = WhyNotReady(storage, draining).value_or(""),
                            .wall_clock_offset = storage.clock().WallOffset(),
                            .open = committer.Open(),
                            .storage = storage.Properties(),
                            .last_backup = backups.last()};
  };
  if (backups.configured()) options.create_backup = [&] { return backups.Create(); };
  options.audit = [&](const rpc::AuditEntry& entry) { ops::WriteAudit(entry, log); };
  return options;
}

// One line for those who started us: scripts and tests read the ports from it.
void AnnounceReady(const ops::Config& config, int port, int admin_port) {
  const auto host = [](const std::string& address) {
    return ops::ParseAddress(address)->host;
  };  // it was checked when read
  std::printf("semeld ready grpc=%s:%d admin=%s:%d\n", host(config.listen).c_str(), port,
              host(config.admin.listen).c_str(), admin_port);
  std::fflush(stdout);
}

int Fail(const ops::Logger& log, const char* what, const absl::Status& status) {
  log.Log(LogLevel::kError, what, {{"reason", std::string(status.message())}});
  return kExitStartFailed;
}

}  // namespace

int Serve(const ops::CommandLine& command_line, ops::Logger& log) {
  const ops::Config& config = command_line.config;
  const GrpcLog grpc_log(log);
  Signals signals;
  storage::RocksDbOptions storage_options = StorageOptions(config, log);
  const int max_files = ops::RaiseFileLimit(log);
  if (max_files < ops::kFewestFiles) {
    return Fail(log, "cannot start",
                absl::ResourceExhaustedError(
                    absl::StrCat("the system allows ", max_files, " open files, and at least ", ops::kFewestFiles,
                                 " are needed: raise the limit (ulimit -n, ", "LimitNOFILE)")));
  }
  const ops::FileShares files = ops::SharesOf(max_files, storage_options.max_open_files);
  storage_options.max_open_files = files.storage;
  std::unique_ptr<TlsWatch> tls;  // null: plaintext
  if (config.tls.enabled()) {
    absl::StatusOr<std::unique_ptr<TlsWatch>> opened = TlsWatch::Open(config.tls, log);
    if (!opened.ok()) return Fail(log, "cannot use the TLS files", opened.status());
    tls = *std::move(opened);
  }
  std::optional<TestClock> test_clock;
  if (command_line.test_clock) test_clock.emplace(storage::FromMicros(*command_line.test_clock));
  auto storage =
      storage::RocksDbStorage::Open(storage_options, test_clock ? test_clock->time() : storage::SystemTime());
  if (!storage.ok()) return Fail(log, "cannot open the data directory", storage.status());

  engine::PolicyTable policies(config.default_policy, config.namespaces);
  engine::EngineStats engine_stats;
  rpc::CallStats call_stats;
  engine::Committer committer(**storage, policies, config.limits, engine_stats);
  if (absl::Status status = committer.Start(); !status.ok()) return Fail(log, "cannot start", status);

  std::atomic<bool> draining = false;  // read by other threads
  Backups backups(**storage, {.directory = config.backup.directory, .keep = config.backup.keep}, log);
  auto server =
      rpc::Server::Start(ServerOptionsOf(config, files.connections, tls.get(), log), committer, policies, config.limits,
                         call_stats, AdminOptionsOf(config, **storage, committer, backups, draining, log));
  if (!server.ok()) return Fail(log, "cannot serve", server.status());

  Reloader reloader(command_line, policies, log);
  ClockWatch clock_watch((*storage)->clock(), log);
  const DiskWatch disk_watch(config.data_dir);
  const ops::Metrics metrics(MetricsOf({.storage = **storage,
                                        .committer = committer,
                                        .limits = config.limits,
                                        .data_disk = disk_watch,
                                        .engine = engine_stats,
                                        .policies = policies,
                                        .calls = call_stats,
                                        .reloads = reloader.figures(),
                                        .clock_steps = clock_watch.steps(),
                                        .backups = backups.figures(),
                                        .tls = tls ? &tls->figures() : nullptr}));
  auto admin = ops::AdminHttp::Start(config.admin.listen,
                                     {.metrics = [&] { return metrics.Text(); },
                                      .not_ready_reason = [&] { return WhyNotReady(**storage, draining); },
                                      .posts = test_clock ? test_clock->Controls(committer) : ops::AdminHttp::Posts()});
  if (!admin.ok()) return Fail(log, "cannot serve the admin port", admin.status());

  UnreadableWatch unreadable_watch(engine_stats.unreadable, log);
  Maintenance maintenance(committer, clock_watch, unreadable_watch, tls.get(), [&](const absl::Status& status) {
    (*server)->SetNotServing();
    log.Log(LogLevel::kError, "storage failed: nothing is promised until a restart reads back what is on disk",
            {{"reason", std::string(status.message())}});
  });
  if (test_clock)
    log.Log(LogLevel::kWarning, "time stands still, and who reaches the admin port moves it: for tests only");
  log.Log(LogLevel::kInfo, "serving",
          {{"listen", config.listen},
           {"port", (*server)->port()},
           {"admin_port", (*admin)->port()},
           {"data_dir", config.data_dir},
           {"tls", config.tls.enabled()},
           {"open_keys", (*storage)->Open().keys()},
           {"leases_honoured", engine_stats.leases_honoured.value()}});
  AnnounceReady(config, (*server)->port(), (*admin)->port());

  while (signals.Next() == Signals::Wish::kReload) {
    if (tls) tls->LookAgain();
    reloader.Reload();
  }
  log.Log(LogLevel::kInfo, "draining", {{"waiters", engine_stats.waiters.value()}});
  draining = true;
  (*server)->Drain();
  // Lets owners finish and load balancers notice before the door closes; a second signal cuts it short.
  signals.AwaitStop(config.shutdown.drain_delay);
  (*server)->Shutdown(config.shutdown.timeout - config.shutdown.drain_delay);
  maintenance.Stop();
  // With an exact clock mark. Where storage failed before, that was told.
  const bool failed_before = !(*storage)->Health().ok();
  if (absl::Status status = (*storage)->Close(); !status.ok() && !failed_before) {
    log.Log(LogLevel::kWarning, "closed without moving all into tables: nothing is lost, the next start reads the log",
            {{"reason", std::string(status.message())}});
  }
  log.Log(LogLevel::kInfo, "stopped");
  return 0;
}

}  // namespace semel
