// The operations of a Session stream that have no answer yet, from their submission until the answer comes.
//
//   unsent ──TakeMessage()──▶ sent ──Answered()──▶ gone
//     └──Cancel()──▶ gone       └──Cancel()──▶ abandoned ──Answered()──▶ gone
//
// Each has a slot, which is used again with all its memory: nothing is allocated where as many operations were there before.

#ifndef SEMEL_CLIENT_CPP_SESSION_OPERATIONS_H_
#define SEMEL_CLIENT_CPP_SESSION_OPERATIONS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/status.h"
#include "semel/v1/idempotency_service.pb.h"

namespace semel {

// Not thread-safe.
class SessionOperations {
 public:
  using Operation = v1::SessionRequest::Operation;
  using Answer = v1::SessionResponse::Answer;
  // Gets the answer, or null and how the stream ended. The answer may be moved from.
  using Done = absl::AnyInvocable<void(const grpc::Status& end, Answer* answer)>;

  // Of one message, beneath the 4 MiB that gRPC takes.
  static constexpr size_t kMaxMessageBytes = (size_t{4} << 20) - 1024;
  // What an operation takes in its message beside its request: tags, lengths, the id, the timeout.
  static constexpr size_t kOperationOverhead = 64;

  // What Cancel found.
  enum class Cancelled { kTooLate, kUnsent, kSent };

  // `limits` of a new stream: what follows is meant for it.
  void SetLimits(const v1::SessionLimits& limits);

  // Gives the operation its id, encodes it and keeps no other hold of it. Its request is at most kMaxMessageBytes less
  // kOperationOverhead long.
  uint64_t Add(Operation& operation, Done done);
  // kTooLate: the answer is there, and `done` was handed out. Else it is dropped.
  Cancelled Cancel(uint64_t id);

  bool HasUnsent() const { return unsent_ > 0; }
  // Whether one more would be sent before any answer comes.
  bool HasRoomFor(const Operation& operation) const;
  // Operations that were sent and have no answer; all, and those that do not wait for their key.
  size_t unanswered() const { return unanswered_; }
  size_t due() const { return unanswered_ - waiting_; }

  // The next message, with as much as it and the limits of the stream allow. False: there is nothing to be sent now.
  bool TakeMessage(grpc::ByteBuffer& message);
  // Who waits for the answer of that id; empty: nobody, or nobody any longer.
  Done Answered(uint64_t id);

  // The stream is over: none of these gets an answer.
  std::vector<Done> TakeSent();
  std::vector<Done> TakeUnsent();

  // So far.
  uint64_t messages_sent() const { return messages_sent_; }
  uint64_t operations_sent() const { return operations_sent_; }

 private:
  enum class State { kFree, kUnsent, kSent, kAbandoned };
  struct Slot {
    uint32_t generation = 0;  // upper half of the id: an answer that comes late must not meet the next operation
    State state = State::kFree;
    bool waits = false;   // for its key
    std::string encoded;  // as it stands in its message
    Done done;
  };

  // Owners' reports, which end the waiting, must find room.
  size_t max_waiting() const { return max_unanswered_ / 2; }
  Slot* Find(uint64_t id);
  void Free(Slot& slot);
  void AppendFrom(std::deque<uint64_t>& queue, size_t max_of_queue, size_t& of_queue);
  std::vector<Done> Take(bool sent);

  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;    // slots
  std::deque<uint64_t> prompt_;   // unsent, in order; ids of the cancelled stay until their turn
  std::deque<uint64_t> patient_;  // the same of Begins that wait
  v1::SessionRequest cancelled_;  // ids to be told
  std::string message_;           // that is being put together
  size_t in_message_ = 0;         // operations

  size_t max_operations_ = 1;
  size_t max_unanswered_ = 0;
  size_t unsent_ = 0;
  size_t unanswered_ = 0;
  size_t waiting_ = 0;  // of these, Begins that wait
  uint64_t messages_sent_ = 0;
  uint64_t operations_sent_ = 0;
};

}  // namespace semel

#endif  // SEMEL_CLIENT_CPP_SESSION_OPERATIONS_H_
