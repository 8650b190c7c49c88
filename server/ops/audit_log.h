// One line for every change that an administrator asked for: what, who, why, and how it ended.
//
//   ... info    audit call=ResolveKey namespace=shop key=order-1 actor=ana peer=ipv4:10.0.0.7:51234 reason="the bank says so"
//       outcome=OK details=DONE

#ifndef SEMEL_SERVER_OPS_AUDIT_LOG_H_
#define SEMEL_SERVER_OPS_AUDIT_LOG_H_

#include "server/ops/logging.h"
#include "server/rpc/administration.h"

namespace semel::ops {

// At every log level, and with the key: without it the line would be of no use.
void WriteAudit(const rpc::AuditEntry& entry, const Logger& log);

}  // namespace semel::ops

#endif  // SEMEL_SERVER_OPS_AUDIT_LOG_H_
