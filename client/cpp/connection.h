// The one way to the server: a call is tried until there is an answer, an error that repeating does not mend, or no time left.

#ifndef SEMEL_CLIENT_CPP_CONNECTION_H_
#define SEMEL_CLIENT_CPP_CONNECTION_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "grpcpp/grpcpp.h"
#include "semel/options.h"

namespace semel {

// What a repeated call does.
enum class Repeat {
  kAsItself,  // carries an attempt id or a token: the server knows it again
  kAsBefore,  // changes nothing, or nothing that the first did not change
  kAnew,      // does it once more: not repeated where the try before may have been done
};

// How long one call may take, with all its tries and for each of them, and when it is tried again.
struct CallBudget {
  Duration total{};
  Duration per_try{};
  Repeat repeat = Repeat::kAsItself;
};

void SetTimeout(grpc::ClientContext& context, Duration timeout);

// Thread-safe.
class Connection {
 public:
  // `options` are complete: an address is set.
  explicit Connection(const ClientOptions& options);

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  // Adds what every call carries beside its message. Called by Call; for those who make their tries themselves.
  void Authorize(grpc::ClientContext& context) const;

  // `what` names the call in errors, for example "Begin of order/17". `try_once` makes one try under the given context.
  absl::Status Call(const std::string& what, CallBudget budget,
                    absl::FunctionRef<grpc::Status(grpc::ClientContext&)> try_once);

  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(const std::string& what, CallBudget budget, Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Request& request) {
    Response response;
    absl::Status status = Call(what, budget, [&](grpc::ClientContext& context) {
      response.Clear();
      return (stub.*method)(&context, request, &response);
    });
    if (!status.ok()) return status;
    return response;
  }

 private:
  void Pause(Duration duration);

  const std::string address_;
  const RetryOptions retry_;
  const std::function<std::string()> bearer_token_;
  const std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace semel

#endif  // SEMEL_CLIENT_CPP_CONNECTION_H_
