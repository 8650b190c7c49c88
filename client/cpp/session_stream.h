// Many single calls over one bidirectional stream (rpc Session).
//
// What is submitted while a message is being written goes with the next one, all together; there are no timers. The one who submits
// writes, where nothing is being written; else the stream's own thread does, which also reads the answers and hands them out. What the
// receivers of one message's answers submit goes out together when all of them have returned.

#ifndef SEMEL_CLIENT_CPP_SESSION_STREAM_H_
#define SEMEL_CLIENT_CPP_SESSION_STREAM_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "client/cpp/backoff.h"
#include "client/cpp/connection.h"
#include "client/cpp/session_call.h"
#include "client/cpp/session_operations.h"
#include "semel/v1/idempotency_service.pb.h"

namespace semel {

// Opened by the first that needs it, and again, after a pause that grows, where it ended and somebody still needs it. Thread-safe.
class SessionStream : private SessionCall::Listener {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;
  using Operation = SessionOperations::Operation;
  using Answer = SessionOperations::Answer;
  using Cancelled = SessionOperations::Cancelled;
  // Called once, on the stream's thread, which it must not hold up. It may submit, and must not destroy the stream.
  //
  // Without an answer, `end` says why, as a call of its own would have failed. Where its message begins with kNotSent, nothing was sent.
  // Otherwise the operation may or may not have been done.
  using Done = SessionOperations::Done;

  // How one stream ended.
  struct End {
    grpc::Status status;
    bool was_open = false;  // the server's first message had come
    SteadyTime began;
  };
  struct Figures {
    uint64_t messages_sent = 0;  // without each stream's first, which is empty
    uint64_t operations_sent = 0;
  };

  // A stream on which nothing has come for so long, though something should have, is given up with the next timeout of an operation.
  static constexpr Duration kLongestSilence = std::chrono::seconds(5);

  // Over the connection's channel. `on_end` is called on the stream's thread, before those who wait are told.
  explicit SessionStream(Connection& connection, std::function<void(const End&)> on_end = {});
  // Ends the stream: who still waits is told.
  ~SessionStream();

  // Sends the operation, whose id this chooses and answers, as soon as the stream is open and has room for it. Begins that wait for
  // their key have room of their own, so that they do not keep out the reports which they wait for. The operation may be changed when
  // this returns. Its request is at most SessionOperations::kMaxMessageBytes less kOperationOverhead long.
  uint64_t Submit(Operation& operation, Done done);

  // The operation's timeout has passed: nobody waits for the answer any longer. kTooLate: `done` was called, or is about to be. Else
  // it is not, and was destroyed.
  Cancelled Cancel(uint64_t id);

  // Opens the stream ahead of what will be submitted. Does nothing where it is open or being opened.
  void Open();
  bool is_open() const;
  // Why it is not open, as what is not sent is told; OK where it is, or nothing is known against it.
  grpc::Status why_closed() const;
  // Whether it is open and the operation would be sent before any answer comes.
  bool HasRoomFor(const Operation& operation) const;
  Figures figures() const;

 private:
  enum class State { kClosed, kOpening, kOpen, kEnding };

  void OnResponse(v1::SessionResponse& response) override;
  void OnWritten() override;
  void OnEnding() override;

  void StartThread();
  void Work();
  void Pause();
  End LiveOnce();
  void TellEnd(const End& end);
  void Flush(std::unique_lock<std::mutex>& lock);

  // Constant after construction.
  Connection& connection_;
  const std::function<void(const End&)> on_end_;

  // Of the stream's thread.
  std::vector<std::pair<Done, Answer*>> answered_;  // of one message
  Backoff backoff_;
  SteadyTime not_before_;  // of the next stream

  // Guarded by mutex_.
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  SessionOperations operations_;
  State state_ = State::kClosed;
  SessionCall* call_ = nullptr;  // while the stream lives; who claims its write may use it without the mutex
  grpc::Status why_closed_;
  bool handing_out_ = false;  // what is submitted now goes out when all answers are handed out
  bool wanted_ = false;
  bool stopping_ = false;
  SteadyTime quiet_since_;  // while answers are due
  std::thread thread_;      // started by the first use
};

}  // namespace semel

#endif  // SEMEL_CLIENT_CPP_SESSION_STREAM_H_
