// The answers of a Session stream that wait for the write before them, merged into as few messages as hold them.

#ifndef SEMEL_SERVER_RPC_SESSION_ANSWERS_H_
#define SEMEL_SERVER_RPC_SESSION_ANSWERS_H_

#include <cstddef>
#include <deque>

#include "semel/v1/idempotency_service.pb.h"

namespace semel::rpc {

// Not thread-safe.
class SessionAnswers {
 public:
  using Message = v1::SessionResponse;

  // An answer to fill, and then to be told of as filled, before anything else.
  Message::Answer& Add();
  // Puts it where its message keeps within what clients take; its bytes.
  size_t Added();

  void TellLimits(const v1::SessionLimits& limits);

  bool empty() const { return waiting_.empty(); }
  // Of the messages that wait.
  size_t bytes() const { return bytes_; }
  size_t count() const { return count_; }

  // The oldest message. Good until it was written.
  const Message& Take();
  void Written();
  void Clear();

 private:
  struct Waiting {
    Message message;
    size_t bytes = 0;
  };

  Waiting& Last();

  std::deque<Waiting> waiting_;
  size_t bytes_ = 0;
  size_t count_ = 0;
  Waiting taken_;  // its memory is used again
};

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_SESSION_ANSWERS_H_
