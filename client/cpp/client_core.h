// What a Client is made of. Shared by the Client and its Leases, which may outlive it.

#ifndef SEMEL_CLIENT_CPP_CLIENT_CORE_H_
#define SEMEL_CLIENT_CPP_CLIENT_CORE_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/cpp/check_text.h"
#include "client/cpp/connection.h"
#include "client/cpp/lease_keeper.h"
#include "semel/client.h"
#include "semel/v1/idempotency_service.grpc.pb.h"

namespace semel {

// More than any namespace may allow (protocol: never above 3 MiB), and about as much as a message carries.
inline constexpr size_t kMaxResultBytes = size_t{3} * 1024 * 1024;

// Thread-safe.
struct ClientCore {
  using Stub = v1::IdempotencyService::Stub;

  explicit ClientCore(ClientOptions complete_options);

  const std::string& NamespaceOf(const CallOptions& call) const {
    return call.namespace_name.empty() ? options.namespace_name : call.namespace_name;
  }
  // With `wait` on top of the timeouts.
  CallBudget budget(const CallOptions& call, Duration wait = {}) const {
    return {call.timeout.value_or(options.call_timeout) + wait, options.try_timeout + wait};
  }

  // One call in the namespace that it names; see Connection::Call.
  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(const char* name, const CallOptions& call,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                Request request) {
    request.set_namespace_(NamespaceOf(call));
    if (absl::Status text = CheckText(request); !text.ok()) return text;
    const std::string what = std::string(name) + " of " + request.key();
    return connection.Call(what, budget(call), *stub, method, request);
  }

  // Constant after construction.
  const ClientOptions options;
  Connection connection;
  const std::unique_ptr<Stub> stub;
  const std::unique_ptr<LeaseKeeper> keeper;  // last: its thread uses the connection
};

// An outcome that the server could only refuse as a message too large, without saying which field it was: says it.
absl::Status CheckSizes(const Outcome& outcome);

}  // namespace semel

#endif  // SEMEL_CLIENT_CPP_CLIENT_CORE_H_
