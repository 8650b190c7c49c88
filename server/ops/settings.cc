#include "server/ops/settings.h"

#include <chrono>
#include <string>
#include <vector>

#include "server/ops/setting_kinds.h"
#include "storage/nested_paths.h"

namespace semel::ops {
namespace {

using engine::kMiB;
using engine::Policy;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

std::vector<Setting<Config>> ServerSettings() {
  using C = Config;
  return {
      Listen<C>(
          "listen", [](auto& c) -> auto& { return c.listen; },
          "Where gRPC is served. The default is every interface; 127.0.0.1:7420 keeps other machines out."),
      Path<C>(
          "data_dir", [](auto& c) -> auto& { return c.data_dir; },
          "Where the database is. Created when missing; one server at a time holds it."),
      Flag<C>(
          "reflection", [](auto& c) -> auto& { return c.reflection; },
          "Whether gRPC reflection is served, for tools such as grpcurl."),
      Count<C>(
          "polling_threads", [](auto& c) -> auto& { return c.polling_threads; }, 1, 64,
          "Threads that read and answer calls. Few are faster: they spend less on handing work to each other."),
      Listen<C>(
          "admin.listen", [](auto& c) -> auto& { return c.admin.listen; },
          "Where /metrics, /livez and /readyz are served over plain HTTP. For operators: do not expose it further."),
      Flag<C>(
          "admin.service", [](auto& c) -> auto& { return c.admin.service; },
          "Whether AdminService is served on the gRPC port. Otherwise its calls are answered ADMIN_FORBIDDEN."),
      PathOrNone<C>(
          "tls.certificate", [](auto& c) -> auto& { return c.tls.certificate; },
          "A file in PEM: the server's certificate, then what lies between it and its authority. With `none` gRPC is "
          "served without encryption."),
      PathOrNone<C>(
          "tls.private_key", [](auto& c) -> auto& { return c.tls.private_key; },
          "A file in PEM: the private key of the certificate, without a passphrase."),
      PathOrNone<C>(
          "tls.client_ca", [](auto& c) -> auto& { return c.tls.client_ca; },
          "A file in PEM: who signs the certificates of clients. Clients without one are refused. With `none` nobody "
          "is asked for a certificate."),
      PathOrNone<C>(
          "backup.directory", [](auto& c) -> auto& { return c.backup.directory; },
          "Where CreateBackup puts backups, best on another disk. Created when missing. With `none` it is refused."),
      Count<C>(
          "backup.keep", [](auto& c) -> auto& { return c.backup.keep; }, 1, 10'000,
          "How many backups are kept, the newest included. Older ones are removed."),
      OneOf<C>(
          "log.level", [](auto& c) -> auto& { return c.log.level; },
          Words<LogLevel>{{"debug", LogLevel::kDebug},
                          {"info", LogLevel::kInfo},
                          {"warning", LogLevel::kWarning},
                          {"error", LogLevel::kError}},
          "The least serious events that are logged. Idempotency keys are logged with `debug` only, and by the audit "
          "log, which is written at every level. What RocksDB and gRPC tell of their work is logged with `debug`."),
      OneOf<C>(
          "log.format", [](auto& c) -> auto& { return c.log.format; },
          Words<LogFormat>{{"text", LogFormat::kText}, {"json", LogFormat::kJson}},
          "Lines for people, or one JSON object a line. Logs go to stderr."),
      Time<C>(
          "shutdown.drain_delay", [](auto& c) -> auto& { return c.shutdown.drain_delay; }, seconds(0), minutes(10),
          "After SIGTERM, how long owners may still complete and renew. Readiness says no and Begins are refused "
          "already, so that callers turn elsewhere first."),
      Time<C>(
          "shutdown.timeout", [](auto& c) -> auto& { return c.shutdown.timeout; }, milliseconds(100), hours(1),
          "After SIGTERM, how long calls in flight have before they are cut off. Includes the drain delay."),
      Time<C>(
          "connections.keepalive_interval", [](auto& c) -> auto& { return c.connections.keepalive_interval; },
          seconds(1), hours(24), "A connection that was silent for so long is asked whether anybody is there."),
      Time<C>(
          "connections.keepalive_timeout", [](auto& c) -> auto& { return c.connections.keepalive_timeout; },
          milliseconds(100), hours(1), "How long the answer may take. Beyond: the connection is closed."),
      Time<C>(
          "connections.max_idle", [](auto& c) -> auto& { return c.connections.max_idle; }, seconds(1), hours(24),
          "A connection without a call for so long is closed; clients connect again by themselves."),
      Count<C>(
          "limits.max_batch_operations", [](auto& c) -> auto& { return c.limits.max_batch_operations; }, 1, 65'536,
          "Operations that are decided together and share one group commit. Batches of more than 128 are decided on a "
          "thread of their own."),
      Count<C>(
          "limits.max_calls", [](auto& c) -> auto& { return c.limits.max_calls; }, 2, 10'000'000,
          "Calls accepted and not yet answered, waiters included. Beyond: UNAVAILABLE, OVERLOADED."),
      Time<C>(
          "limits.max_queue_delay", [](auto& c) -> auto& { return c.limits.max_queue_delay; }, milliseconds(1),
          hours(1),
          "How long calls may wait to be decided. Longer, and for longer than a burst of a second: Begins and Lookups "
          "are "
          "UNAVAILABLE, OVERLOADED. Calls of owners are not."),
      Size<C>(
          "limits.max_inflight_bytes", [](auto& c) -> auto& { return c.limits.max_inflight_bytes; }, kMiB,
          kMiB * 1024 * 1024,
          "Memory for requests that are being served and answers that callers have not read; an item of a batch counts "
          "with 512 B beside its bytes. Beyond: calls of more than 4KiB are UNAVAILABLE, OVERLOADED."),
      Size<C>(
          "limits.max_connection_bytes", [](auto& c) -> auto& { return c.limits.max_connection_bytes; }, 16 * kMiB,
          kMiB * 1024 * 1024,
          "Memory of gRPC itself: connections, calls, messages on their way in. Near it, reading slows down; beyond "
          "it, "
          "calls and idle connections are cut off."),
      Count<C>(
          "limits.max_streams_per_connection", [](auto& c) -> auto& { return c.limits.max_streams_per_connection; }, 1,
          1'000'000, "Calls at a time over one connection. Beyond: they wait in the client."),
      Count<C>(
          "limits.max_sessions", [](auto& c) -> auto& { return c.limits.max_sessions; }, 0, 1'000'000,
          "Open Session streams. Beyond: a new one ends at once, UNAVAILABLE, OVERLOADED; calls of their own are "
          "served."),
      Count<C>(
          "limits.max_session_operations", [](auto& c) -> auto& { return c.limits.max_session_operations; }, 1,
          1'000'000,
          "Operations of one Session stream that are not answered yet, waiters included. Beyond: UNAVAILABLE, "
          "OVERLOADED."),
      Count<C>(
          "limits.max_waiters", [](auto& c) -> auto& { return c.limits.max_waiters; }, 0, 10'000'000,
          "Begins that wait for another owner, in all. Beyond: in_progress at once."),
      Count<C>(
          "limits.max_waiters_per_key", [](auto& c) -> auto& { return c.limits.max_waiters_per_key; }, 0, 10'000'000,
          "The same for one key."),
      Count<C>(
          "limits.max_open_keys", [](auto& c) -> auto& { return c.limits.max_open_keys; }, 1, 1'000'000'000,
          "Keys in progress or in doubt, all of which are held in memory. Beyond: UNAVAILABLE, OVERLOADED."),
      Size<C>(
          "limits.max_open_bytes", [](auto& c) -> auto& { return c.limits.max_open_bytes; }, kMiB, kMiB * 1024 * 1024,
          "Memory for what those keys carry: names, owners, checkpoints."),
      Size<C>(
          "storage.block_cache", [](auto& c) -> auto& { return c.storage.block_cache; }, kMiB, kMiB * 1024 * 1024,
          "Memory for blocks of the database that are read again and again."),
      Size<C>(
          "storage.memtable", [](auto& c) -> auto& { return c.storage.memtable; }, kMiB, kMiB * 1024,
          "Writes held in memory before they become a file. Larger ones make restarts slower."),
      Time<C>(
          "storage.reclaim_interval", [](auto& c) -> auto& { return c.storage.reclaim_interval; }, minutes(1),
          hours(24 * 30),
          "About how long the disk space of expired keys may stay in use, even when nothing is written."),
  };
}

std::vector<Setting<Policy>> PolicySettings() {
  using P = Policy;
  using engine::kMaxLeaseCeiling;
  using engine::kMaxRetentionCeiling;
  using engine::kMinAbandonedRetention;
  using engine::kMinLease;
  using engine::kMinRetention;
  return {
      Time<P>(
          "lease_default", [](auto& p) -> auto& { return p.lease_default; }, kMinLease, kMaxLeaseCeiling,
          "How long an owner may stay silent when its Begin does not say."),
      Time<P>(
          "lease_max", [](auto& p) -> auto& { return p.lease_max; }, kMinLease, kMaxLeaseCeiling,
          "The longest lease that a Begin or a Renew is granted."),
      Time<P>(
          "result_retention", [](auto& p) -> auto& { return p.result_retention; }, kMinRetention, kMaxRetentionCeiling,
          "How long an outcome is replayed, counted from Complete, when it does not say."),
      Time<P>(
          "result_retention_max", [](auto& p) -> auto& { return p.result_retention_max; }, kMinRetention,
          kMaxRetentionCeiling, "The longest retention that a Complete may ask for."),
      Time<P>(
          "key_retention", [](auto& p) -> auto& { return p.key_retention; }, kMinRetention, kMaxRetentionCeiling,
          "How long at least the key is remembered, counted from Complete. After its result is gone, Begin answers "
          "expired and never runs again silently."),
      OneOf<P>(
          "on_lapse", [](auto& p) -> auto& { return p.on_lapse; },
          Words<engine::LapsePolicy>{{"rerun", engine::LapsePolicy::kRerun},
                                     {"in_doubt", engine::LapsePolicy::kInDoubt}},
          "What becomes of a key whose owner fell silent: the next Begin takes over, or a person resolves it."),
      Time<P>(
          "abandoned_retention", [](auto& p) -> auto& { return p.abandoned_retention; }, kMinAbandonedRetention,
          kMaxRetentionCeiling, "How long a key in progress or in doubt is kept after its lease lapsed."),
      Count<P>(
          "max_attempts", [](auto& p) -> auto& { return p.max_attempts; }, 0, 1'000'000,
          "The attempt whose failure becomes final even if retryable; 0 for none."),
      Size<P>(
          "max_result_bytes", [](auto& p) -> auto& { return p.max_result_bytes; }, 0, engine::kMaxResultBytesCeiling,
          "The largest result. Beyond: RESULT_TOO_LARGE, and nothing changes."),
      Size<P>(
          "max_checkpoint_bytes", [](auto& p) -> auto& { return p.max_checkpoint_bytes; }, 0,
          engine::kMaxCheckpointBytes, "The largest checkpoint."),
      Flag<P>(
          "require_fingerprint", [](auto& p) -> auto& { return p.require_fingerprint; },
          "Whether a Begin without a fingerprint is refused."),
  };
}

bool OnePortEach(const Config& c) {
  absl::StatusOr<Address> listen = ParseAddress(c.listen);
  absl::StatusOr<Address> admin = ParseAddress(c.admin.listen);
  return !listen.ok() || !admin.ok() || !Collide(*listen, *admin);
}

// A path that cannot be followed is told of by whoever opens it.
bool BackupsApart(const Config& c) {
  return c.backup.directory.empty() || !storage::OneWithinTheOther(c.backup.directory, c.data_dir).value_or(false);
}

std::vector<Rule<Config>> ServerRules() {
  return {
      {"listen", "must not use the port of", "admin.listen", OnePortEach},
      {"tls.certificate", "must be given together with", "tls.private_key",
       [](const Config& c) { return c.tls.certificate.empty() == c.tls.private_key.empty(); }},
      {"tls.client_ca", "must not be given without", "tls.certificate",
       [](const Config& c) { return c.tls.client_ca.empty() || c.tls.enabled(); }},
      {"backup.directory", "must lie outside of, and not hold,", "data_dir", BackupsApart},
      {"shutdown.drain_delay", "must be shorter than", "shutdown.timeout",
       [](const Config& c) { return c.shutdown.drain_delay < c.shutdown.timeout; }},
      {"limits.max_waiters", "must be less than", "limits.max_calls",
       [](const Config& c) { return c.limits.max_waiters < c.limits.max_calls; }},
      {"limits.max_waiters_per_key", "must not be more than", "limits.max_waiters",
       [](const Config& c) { return c.limits.max_waiters_per_key <= c.limits.max_waiters; }},
  };
}

std::vector<Rule<Policy>> PolicyRules() {
  return {
      {"lease_default", "must not be longer than", "lease_max",
       [](const Policy& p) { return p.lease_default <= p.lease_max; }},
      {"result_retention", "must not be longer than", "result_retention_max",
       [](const Policy& p) { return p.result_retention <= p.result_retention_max; }},
      {"result_retention", "must not be longer than", "key_retention",
       [](const Policy& p) { return p.result_retention <= p.key_retention; }},
  };
}

}  // namespace

const Schema<Config>& ServerSchema() {
  static const auto* const schema = new Schema<Config>{ServerSettings(), ServerRules()};
  return *schema;
}

const Schema<Policy>& PolicySchema() {
  static const auto* const schema = new Schema<Policy>{PolicySettings(), PolicyRules()};
  return *schema;
}

}  // namespace semel::ops
