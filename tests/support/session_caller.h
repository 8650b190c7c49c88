// One Session stream, spoken by hand: what is sent, and in which messages, is the test's business.
//
//   SessionCaller session(server.channel());
//   session.Send({OperationOf(1, BeginOf("order-1")), OperationOf(2, LookupOf("order-2"))});
//   const v1::SessionResponse::Answer& answer = session.Await(1);

#ifndef SEMEL_TESTS_SUPPORT_SESSION_CALLER_H_
#define SEMEL_TESTS_SUPPORT_SESSION_CALLER_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <initializer_list>
#include <map>
#include <memory>
#include <optional>

#include "semel/v1/idempotency_service.grpc.pb.h"

namespace semel::support {

using SessionOperation = v1::SessionRequest::Operation;
using SessionAnswer = v1::SessionResponse::Answer;

SessionOperation OperationOf(uint64_t id, v1::BeginRequest request);
SessionOperation OperationOf(uint64_t id, v1::CompleteRequest request);
SessionOperation OperationOf(uint64_t id, v1::LookupRequest request);
SessionOperation OperationOf(uint64_t id, v1::RenewRequest request);
SessionOperation OperationOf(uint64_t id, v1::ReleaseRequest request);
SessionOperation OperationOf(uint64_t id, v1::CheckpointRequest request);

// One thread; but Send and Read may go on in two. The stream ends with the object.
class SessionCaller {
 public:
  explicit SessionCaller(const std::shared_ptr<grpc::Channel>& channel);
  ~SessionCaller();

  // One message. False: the stream is broken.
  bool Send(const v1::SessionRequest& request) { return stream_->Write(request); }
  bool Send(std::initializer_list<SessionOperation> operations);
  bool Cancel(uint64_t id);

  // The next message; nullopt: the stream has ended.
  std::optional<v1::SessionResponse> Read();
  // Reads on until the operation is answered. One without a kind: the stream ended before.
  const SessionAnswer& Await(uint64_t id);
  bool IsAnswered(uint64_t id) const { return answers_.contains(id); }
  size_t answers() const { return answers_.size(); }
  const std::optional<v1::SessionLimits>& limits() const { return limits_; }

  void HalfClose() { stream_->WritesDone(); }
  void Break() { context_.TryCancel(); }
  // Reads to the end, and says how the stream ended. Once.
  grpc::Status Finish();

 private:
  const std::unique_ptr<v1::IdempotencyService::Stub> stub_;
  grpc::ClientContext context_;
  const std::unique_ptr<grpc::ClientReaderWriter<v1::SessionRequest, v1::SessionResponse>> stream_;
  std::map<uint64_t, SessionAnswer> answers_;
  std::optional<v1::SessionLimits> limits_;
  bool finished_ = false;
};

}  // namespace semel::support

#endif  // SEMEL_TESTS_SUPPORT_SESSION_CALLER_H_
