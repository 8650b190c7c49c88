// The rules of the protocol, as one pure function.
//
//   Decision d = Decide(record, request, {.now = now, .fresh_token = token, .policy = policy});
//   // commit d.write if there is one, and only then say d.reply
//
// No I/O, clock, randomness, locks, logs, gRPC or protobuf in here. A lapsed lease is decided from the record and the time
// alone (rule 7).

#ifndef SEMEL_SERVER_ENGINE_DECIDE_H_
#define SEMEL_SERVER_ENGINE_DECIDE_H_

#include <optional>

#include "server/engine/policy.h"
#include "server/engine/reply.h"
#include "server/engine/request.h"

namespace semel::engine {

struct Context {
  Time now{};
  int64_t fresh_token = 0;  // never handed out before, greater than all that were
  const Policy& policy;
};

struct Decision {
  std::optional<Record> write;  // what must be on disk before the reply may leave
  Reply reply;
};

// `record` is what storage holds for the key, or nullptr.
Decision Decide(const Record* record, const Request& request, const Context& context);

// What Lookup shows of a record at this instant; nullopt: it counts as absent.
std::optional<Found> Show(const Record& record, const Policy& policy, Time now);

// Rule 13: what becomes of an open record at a restart. A lease that was live when the process before this one was last
// heard of runs for its full length from `boot`: an outage of Semel robs no owner that could not renew. nullopt: nothing changes.
std::optional<Record> HonourLease(const Record& record, Time last_alive, Time boot);

// What an abandoned record past its time is overwritten with, so that it leaves the open set.
Record Forgotten(const Record& record, Time now);

}  // namespace semel::engine

#endif  // SEMEL_SERVER_ENGINE_DECIDE_H_
