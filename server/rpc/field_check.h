// Collects what is wrong with a request, so that a caller is told everything at once, within reason.

#ifndef SEMEL_SERVER_RPC_FIELD_CHECK_H_
#define SEMEL_SERVER_RPC_FIELD_CHECK_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/duration.pb.h"
#include "server/engine/limits.h"
#include "server/engine/reply.h"

namespace semel::rpc {

class FieldCheck {
 public:
  void Namespace(std::string_view ns);
  void Key(std::string_view key);
  void Token(int64_t token);
  void Size(std::string_view field, size_t size, size_t max);
  void Required(std::string_view field, size_t size, size_t max);
  void Fail(std::string_view field, std::string description);

  // The value, when it lies within [min, max]; otherwise notes what is wrong and returns min.
  engine::Duration Within(std::string_view field, const google::protobuf::Duration& wire, engine::Duration min,
                          engine::Duration max);

  // nullopt: nothing is wrong.
  std::optional<engine::Refusal> Verdict(engine::Reason reason = engine::Reason::kFieldInvalid);

 private:
  std::vector<engine::Violation> violations_;  // the first few
  size_t failures_ = 0;
};

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_FIELD_CHECK_H_
