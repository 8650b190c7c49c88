// What AdminService needs beside the committer, handed in as small values and callbacks.

#ifndef SEMEL_SERVER_RPC_ADMINISTRATION_H_
#define SEMEL_SERVER_RPC_ADMINISTRATION_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/engine/limits.h"
#include "server/rpc/slow_lane.h"
#include "storage/storage.h"

namespace semel::rpc {

struct BackupFacts {
  int64_t id = 0;
  engine::Time create_time{};
  uint64_t size_bytes = 0;
};

struct BackupMade {
  BackupFacts backup;
  uint64_t copied_bytes = 0;
  engine::Duration took{};
  size_t kept = 0;
};

// What GetStats tells of the server beside the counters of the engine.
struct ServerFacts {
  std::string not_ready_reason;  // empty: it is ready
  engine::Duration wall_clock_offset{};
  storage::OpenStats open;
  std::vector<storage::Property> storage;
  std::optional<BackupFacts> last_backup;
};

// A change that an administrator asked for, and what came of it. Texts are cut to the lengths that the contract allows.
struct AuditEntry {
  std::string call;     // ResolveKey, DeleteKey, CreateBackup
  std::string ns, key;  // empty for CreateBackup
  std::string actor;
  std::string peer;
  std::string reason;
  std::string outcome;  // OK, or why it was refused: the reason of the error
  std::string
      details;  // OK: the state that the key has now, had before it was deleted, or the backup; else: the message
};

struct AdminOptions {
  bool served = true;   // false: every call is answered ADMIN_FORBIDDEN
  std::string version;  // release of the server
  // From any thread. Not given: there is nothing to tell.
  std::function<ServerFacts()> facts;
  // Makes a backup and waits for it; never called twice at a time. Not given: BACKUP_NOT_CONFIGURED.
  std::function<absl::StatusOr<BackupMade>()> create_backup;
  // From any thread, once for every change that was asked for, when its outcome is known and before the caller hears of it.
  std::function<void(const AuditEntry&)> audit;
};

// Shared by the calls of AdminService.
class Administration {
 public:
  Administration(AdminOptions options, engine::Time start)
      : options(std::move(options)), start(start), looks(engine::kMaxListsWaiting), backups(1) {}

  const AdminOptions options;
  const engine::Time start;  // when serving began

  SlowLane looks;    // ListKeys, GetStats
  SlowLane backups;  // one at a time; a second one is refused
};

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_ADMINISTRATION_H_
