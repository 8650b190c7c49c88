// The one table from reasons to codes and texts of the wire.

#ifndef SEMEL_SERVER_RPC_ERRORS_H_
#define SEMEL_SERVER_RPC_ERRORS_H_

#include <optional>
#include <string>
#include <string_view>

#include <grpcpp/support/status.h>

#include "semel/v1/error.pb.h"
#include "server/engine/reply.h"
#include "server/rpc/call_stats.h"

namespace semel::rpc {

struct ReasonOnWire {
  grpc::StatusCode code;
  std::string_view name;                        // ErrorInfo.reason
  std::optional<engine::Duration> retry_delay;  // RetryInfo, where waiting helps
};

const ReasonOnWire& OnWire(engine::Reason reason);

// There is too much work: `limit` names the setting that says so.
engine::Refusal Overloaded(std::string_view limit, const std::string& why);

// Requests and answers hold too much memory for another large request, or for another large answer.
engine::Refusal RequestsHoldTooMuch();
engine::Refusal AnswersUnread();

// A message has not as many elements in `field` as `rule` says, for example "1 to 1000 requests"; `limit` is the most.
engine::Refusal WrongCount(const std::string& field, const std::string& rule, size_t limit, int came);

// A status with google.rpc.ErrorInfo (domain "semel.v1"), RetryInfo where waiting helps, BadRequest where fields are wrong.
// Counts it.
grpc::Status ToStatus(const engine::Refusal& refusal, RefusalStats& stats);

// The same facts for an item of a batch, or an operation of a Session. Counts it.
v1::Error ToError(const engine::Refusal& refusal, RefusalStats& stats);

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_ERRORS_H_
