// Counts what callers were told, by namespace.

#ifndef SEMEL_SERVER_ENGINE_TALLY_H_
#define SEMEL_SERVER_ENGINE_TALLY_H_

#include "server/engine/operation.h"
#include "server/engine/reply.h"
#include "server/engine/stats.h"

namespace semel::engine {

void TallyAnswer(const Operation& operation, const Reply& reply, EngineStats& stats);

}  // namespace semel::engine

#endif  // SEMEL_SERVER_ENGINE_TALLY_H_
