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

// On the monotonic clock: a step of the wall clock must neither cut a call short nor make it endless.
gpr_timespec FromNow(Duration duration);
void SetTimeout(grpc::ClientContext& context, Duration timeout);

// What the message of a failed try begins with that surely sent nothing. gRPC says so only in words of its own.
inline constexpr char kNotSent[] = "not sent: ";

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
  // The same for tries that are not calls of their own: `try_once` is told how long it may take.
  absl::Status Repeatedly(const std::string& what, CallBudget budget,
                          absl::FunctionRef<grpc::Status(Duration timeout)> try_once);

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

  // Waits inside of gRPC, so that a new connection makes progress meanwhile.
  void Pause(Duration duration);

 private:
  const std::string address_;
  const RetryOptions retry_;
  const std::function<std::string()> bearer_token_;
  const std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace semel

#endif  // SEMEL_CLIENT_CPP_CONNECTION_H_
