// The way of single calls to the server: each by itself, or as operations of one stream. See enum Transport.

#ifndef SEMEL_CLIENT_CPP_SINGLE_CALLS_H_
#define SEMEL_CLIENT_CPP_SINGLE_CALLS_H_

#include <atomic>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "client/cpp/connection.h"
#include "client/cpp/session_stream.h"
#include "client/cpp/stream_trial.h"
#include "semel/options.h"
#include "semel/v1/idempotency_service.grpc.pb.h"

namespace semel {

// What a single call is on either way, by the type of its request.
template <typename Request>
struct SingleCall;

template <auto kMethod, auto kRequest, auto kResponse, SessionStream::Answer::AnswerCase kAnswer>
struct SingleCallOf {
  static constexpr auto method = kMethod;
  static auto* RequestIn(SessionStream::Operation& operation) { return (operation.*kRequest)(); }
  // Null where the answer is of another kind.
  static auto* ResponseIn(SessionStream::Answer& answer) {
    return answer.answer_case() == kAnswer ? (answer.*kResponse)() : nullptr;
  }
  using Response = std::remove_pointer_t<decltype(ResponseIn(std::declval<SessionStream::Answer&>()))>;
};

// Thread-safe.
class SingleCalls {
 public:
  using Stub = v1::IdempotencyService::Stub;

  SingleCalls(const ClientOptions& options, Connection& connection, Stub& stub);

  // See Connection::Call. `before_try` may change the request before each try.
  template <typename Request, typename Response = typename SingleCall<Request>::Response>
  absl::StatusOr<Response> Call(const std::string& what, CallBudget budget, Request request,
                                absl::FunctionRef<void(Request&)> before_try) {
    using Kind = SingleCall<Request>;
    SessionStream::Operation operation;
    Request& sent = *Kind::RequestIn(operation);
    sent = std::move(request);
    Response response;
    absl::Status status = Call(
        what, budget, operation, [&] { before_try(sent); },
        [&](grpc::ClientContext& context) {
          response.Clear();
          return (stub_.*Kind::method)(&context, sent, &response);
        },
        [&](SessionStream::Answer& answer) {
          Response* answered = Kind::ResponseIn(answer);
          if (answered != nullptr) response.Swap(answered);
          return answered != nullptr;
        });
    if (!status.ok()) return status;
    return response;
  }

  // Which way a call would take now.
  Transport InUse() const;
  SessionStream& stream() { return stream_; }

 private:
  using ByItself = absl::FunctionRef<grpc::Status(grpc::ClientContext&)>;
  // False: the answer is of another kind.
  using TakeResponse = absl::FunctionRef<bool(SessionStream::Answer&)>;

  absl::Status Call(const std::string& what, CallBudget budget, SessionStream::Operation& operation,
                    absl::FunctionRef<void()> before_try, ByItself by_itself, TakeResponse take);
  grpc::Status CallByItself(Duration timeout, ByItself by_itself);
  grpc::Status CallOverStream(Duration timeout, SessionStream::Operation& operation, TakeResponse take);
  bool TakesStream(const SessionStream::Operation& operation, bool alone);

  // Constant after construction.
  const Transport transport_;
  Connection& connection_;
  Stub& stub_;

  StreamTrial trial_;
  std::atomic<int> under_way_ = 0;  // calls
  SessionStream stream_;            // last: its thread tells the trial
};

template <>
struct SingleCall<v1::BeginRequest>
    : SingleCallOf<&SingleCalls::Stub::Begin, &SessionStream::Operation::mutable_begin,
                   &SessionStream::Answer::mutable_begin, SessionStream::Answer::kBegin> {};
template <>
struct SingleCall<v1::CompleteRequest>
    : SingleCallOf<&SingleCalls::Stub::Complete, &SessionStream::Operation::mutable_complete,
                   &SessionStream::Answer::mutable_complete, SessionStream::Answer::kComplete> {};
template <>
struct SingleCall<v1::LookupRequest>
    : SingleCallOf<&SingleCalls::Stub::Lookup, &SessionStream::Operation::mutable_lookup,
                   &SessionStream::Answer::mutable_lookup, SessionStream::Answer::kLookup> {};
template <>
struct SingleCall<v1::RenewRequest>
    : SingleCallOf<&SingleCalls::Stub::Renew, &SessionStream::Operation::mutable_renew,
                   &SessionStream::Answer::mutable_renew, SessionStream::Answer::kRenew> {};
template <>
struct SingleCall<v1::ReleaseRequest>
    : SingleCallOf<&SingleCalls::Stub::Release, &SessionStream::Operation::mutable_release,
                   &SessionStream::Answer::mutable_release, SessionStream::Answer::kRelease> {};
template <>
struct SingleCall<v1::CheckpointRequest>
    : SingleCallOf<&SingleCalls::Stub::Checkpoint, &SessionStream::Operation::mutable_checkpoint,
                   &SessionStream::Answer::mutable_checkpoint, SessionStream::Answer::kCheckpoint> {};

}  // namespace semel

#endif  // SEMEL_CLIENT_CPP_SINGLE_CALLS_H_
