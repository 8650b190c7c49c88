#include "server/ops/audit_log.h"

namespace semel::ops {

void WriteAudit(const rpc::AuditEntry& entry, const Logger& log) {
  log.Always("audit", {{"call", entry.call},
                       {"namespace", entry.ns},
                       {"key", entry.key},
                       {"actor", entry.actor},
                       {"peer", entry.peer},
                       {"reason", entry.reason},
                       {"outcome", entry.outcome},
                       {"details", entry.details}});
}

}  // namespace semel::ops
