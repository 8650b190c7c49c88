// One stream of rpc Session, from its start to its end: what gRPC has to be told, and in which order.

#ifndef SEMEL_CLIENT_CPP_SESSION_CALL_H_
#define SEMEL_CLIENT_CPP_SESSION_CALL_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>

#include "client/cpp/connection.h"
#include "grpcpp/client_context.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/generic/generic_stub.h"
#include "semel/v1/idempotency_service.pb.h"

namespace semel {

// Lives on the thread that calls Live. Thread-safe: TryCancel; and Write, one at a time.
class SessionCall {
 public:
  // How long the server's first message may take, and how long a stream that is over may take to say why.
  static constexpr Duration kOpeningTime = std::chrono::seconds(5);
  static constexpr Duration kEndingTime = std::chrono::seconds(5);

  // What happens on the stream, told on its thread.
  class Listener {
   public:
    // The response may be moved from.
    virtual void OnResponse(v1::SessionResponse& response) = 0;
    // The next message may be written.
    virtual void OnWritten() = 0;
    // The stream is over: when this returns, no write begins any more.
    virtual void OnEnding() = 0;

   protected:
    ~Listener() = default;
  };

  SessionCall(Connection& connection, Listener& listener);
  ~SessionCall();

  // Starts the stream with a message without operations, and returns how it ended.
  grpc::Status Live();
  // Whether the server's first message has come. On the thread of Live.
  bool opened() const { return opened_; }

  // From here on until OnWritten nobody else may write.
  void ClaimWrite() { writing_ = true; }
  bool writing() const { return writing_; }
  // Only after ClaimWrite.
  void Write(const grpc::ByteBuffer& message) { rpc_->Write(message, Tag(Step::kWritten)); }

  void TryCancel() { context_.TryCancel(); }

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  using Rpc = grpc::ClientAsyncReaderWriter<grpc::ByteBuffer, v1::SessionResponse>;
  enum class Step : intptr_t { kStarted = 1, kRead, kWritten, kFinished };

  static void* Tag(Step step) { return reinterpret_cast<void*>(static_cast<intptr_t>(step)); }

  void Happened(Step step, bool ok);
  void OnStarted(bool ok);
  void OnRead(bool ok);
  void Finish();

  Listener& listener_;
  grpc::CompletionQueue queue_;
  grpc::ClientContext context_;
  std::unique_ptr<Rpc> rpc_;
  std::atomic<bool> writing_ = false;

  // Of the thread of Live.
  v1::SessionResponse response_;
  grpc::Status status_;
  SteadyTime gives_up_;  // when the stream is cancelled
  bool opened_ = false;
  bool finishing_ = false;  // how it ended was asked for
  bool finished_ = false;   // and told
};

}  // namespace semel

#endif  // SEMEL_CLIENT_CPP_SESSION_CALL_H_
