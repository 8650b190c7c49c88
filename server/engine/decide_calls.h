// What the files of the decision share: one function for each call, and the questions that several of them ask.

#ifndef SEMEL_SERVER_ENGINE_DECIDE_CALLS_H_
#define SEMEL_SERVER_ENGINE_DECIDE_CALLS_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/engine/decide.h"

namespace semel::engine {

// `record` is never one past its time: those count as absent already. decide_begin.cc:
Decision DecideCall(const Record* record, const Begin& begin, const Context& context);
// decide_owner.cc:
Decision DecideCall(const Record* record, const Complete& complete, const Context& context);
Decision DecideCall(const Record* record, const Renew& renew, const Context& context);
Decision DecideCall(const Record* record, const Checkpoint& checkpoint, const Context& context);
Decision DecideCall(const Record* record, const Release& release, const Context& context);
// decide.cc:
Decision DecideCall(const Record* record, const Lookup& lookup, const Context& context);
// decide_operator.cc:
Decision DecideCall(const Record* record, const Resolve& resolve, const Context& context);
Decision DecideCall(const Record* record, const Delete& forget, const Context& context);

bool Lapsed(const Record& record, Time now);
Duration LeaseRemaining(const Record& record, Time now);

// Whether nobody knows how the attempt ended, also where nobody has asked since the lease lapsed (rule 7).
bool IsInDoubt(const Record& record, const Policy& policy, Time now);

// Rule 9: whether silence leaves this attempt in doubt rather than free to run again.
bool LapsesIntoDoubt(const Record& record, const Policy& policy);

std::string_view NameOf(State state);

Decision Answer(Reply reply);
Decision Refuse(Reason reason, std::string message, std::vector<std::pair<std::string, std::string>> metadata = {});
Decision RefuseNotFound();

// The record of an attempt that ended with `outcome`.
Record WithOutcome(const Record& record, const Outcome& outcome, uint64_t digest, Duration retention,
                   const Context& context);

// What is left when an attempt is undone: enough to number the next one and to keep tokens growing.
Record Vacated(const Record& record, Previous previous, const Context& context);

}  // namespace semel::engine

#endif  // SEMEL_SERVER_ENGINE_DECIDE_CALLS_H_
