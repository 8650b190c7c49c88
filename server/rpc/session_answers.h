// The answers of a Session stream that wait for the write before them, merged into as few messages as hold them.

#ifndef SEMEL_SERVER_RPC_SESSION_ANSWERS_H_
#define SEMEL_SERVER_RPC_SESSION_ANSWERS_H_

#include <cstddef>
#include <deque>

#include <grpcpp/support/byte_buffer.h>

#include "semel/v1/idempotency_service.pb.h"

namespace semel::rpc {

// Not thread-safe.
class SessionAnswers {
 public:
  struct Message {
    grpc::ByteBuffer bytes;
    size_t answers = 0;
    size_t size = 0;  // of its answers, as Added was told
  };

  // An answer to fill, and then to be told of as filled, with its size in bytes, before anything else. The size in its message.
  v1::SessionResponse::Answer& Add();
  size_t Added(size_t size);

  void TellLimits(const v1::SessionLimits& limits);

  bool empty() const { return waiting_.empty(); }
  // Of the messages that wait.
  size_t bytes() const { return bytes_; }
  size_t count() const { return count_; }

  // The oldest message.
  Message Take();
  void Clear();

 private:
  struct Waiting {
    v1::SessionResponse message;
    size_t bytes = 0;
  };

  Waiting& Last();

  std::deque<Waiting> waiting_;
  size_t bytes_ = 0;
  size_t count_ = 0;
  v1::SessionResponse spare_;  // empty: the memory of one that was taken
};

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_SESSION_ANSWERS_H_
