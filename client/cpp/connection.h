// The one way to the server: a call is tried until there is an answer, an error that repeating does not mend, or no time left.

#ifndef SEMEL_CLIENT_CPP_CONNECTION_H_
#define SEMEL_CLIENT_CPP_CONNECTION_H_

#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "grpcpp/grpcpp.h"
#include "semel/options.h"
#include "semel/v1/idempotency_service.grpc.pb.h"

namespace semel {

// How long one call may take, with all its tries and for each of them.
struct CallBudget {
  Duration total{};
  Duration per_try{};
};

void SetTimeout(grpc::ClientContext& context, Duration timeout);

// Thread-safe.
class Connection {
 public:
  using Stub = v1::IdempotencyService::Stub;

  // `options` are complete: an address is set.
  explicit Connection(const ClientOptions& options);

  Stub& stub() { return *stub_; }

  // `what` names the call in errors, for example "Begin of order/17". `try_once` makes one try under the given context.
  absl::Status Call(const std::string& what, CallBudget budget,
                    absl::FunctionRef<grpc::Status(grpc::ClientContext&)> try_once);

  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(const std::string& what, CallBudget budget,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Request& request) {
    Response response;
    absl::Status status = Call(what, budget, [&](grpc::ClientContext& context) {
      response.Clear();
      return (stub_.get()->*method)(&context, request, &response);
    });
    if (!status.ok()) return status;
    return response;
  }

 private:
  void Pause(Duration duration);

  const std::string address_;
  const RetryOptions retry_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<Stub> stub_;
};

}  // namespace semel

#endif  // SEMEL_CLIENT_CPP_CONNECTION_H_
