// What a Client is made of. Shared by the Client and its Leases, which may outlive it.

#ifndef SEMEL_CLIENT_CPP_CLIENT_CORE_H_
#define SEMEL_CLIENT_CPP_CLIENT_CORE_H_

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "client/cpp/check_text.h"
#include "client/cpp/connection.h"
#include "client/cpp/lease_keeper.h"
#include "client/cpp/single_calls.h"
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

  // One call in the namespace that it names, with `wait` on top of its timeouts; see SingleCalls::Call.
  template <typename Request>
  absl::StatusOr<typename SingleCall<Request>::Response> Call(
      const char* name, const CallOptions& call, Request request, Duration wait = {},
      absl::FunctionRef<void(std::type_identity_t<Request>&)> before_try = [](Request&) {}) {
    request.set_namespace_(NamespaceOf(call));
    if (absl::Status text = CheckText(request); !text.ok()) return text;
    const std::string what = std::string(name) + " of " + request.key();
    return calls.Call(what, budget(call, wait), std::move(request), before_try);
  }

  // Constant after construction.
  const ClientOptions options;
  Connection connection;
  const std::unique_ptr<Stub> stub;
  SingleCalls calls;
  const std::unique_ptr<LeaseKeeper> keeper;  // last: its thread uses the connection
};

// An outcome that the server could only refuse as a message too large, without saying which field it was: says it.
absl::Status CheckSizes(const Outcome& outcome);

}  // namespace semel

#endif  // SEMEL_CLIENT_CPP_CLIENT_CORE_H_
