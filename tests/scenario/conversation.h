// Calls on their way: sends what a transcript says over gRPC, and hands over what came back.

#ifndef SEMEL_TESTS_SCENARIO_CONVERSATION_H_
#define SEMEL_TESTS_SCENARIO_CONVERSATION_H_

#include <grpcpp/client_context.h>

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "semel/v1/admin_service.grpc.pb.h"
#include "semel/v1/idempotency_service.grpc.pb.h"
#include "tests/scenario/answer.h"
#include "tests/scenario/wire.h"

namespace semel::scenario {

// One call, from its sending to its answer, on a thread of its own. Thread-safe.
class Exchange {
 public:
  ~Exchange();  // cancels it where it has not ended

  struct Reply {
    Answer answer;              // of a batch that succeeded: "answers"
    std::vector<Answer> items;  // of a batch
  };

  bool answered() const { return answered_.HasBeenNotified(); }
  const Reply* Wait() const;  // nullptr: no answer came within a generous time

  void Cancel() { context_.TryCancel(); }

  // Once: makes the call and returns what came back.
  void Start(std::function<Reply(grpc::ClientContext&)> call);

 private:
  grpc::ClientContext context_;
  std::thread thread_;
  Reply reply_;  // once answered
  absl::Notification answered_;
};

// Waits for what no event tells, as that a server's gauge has reached a number. False: not within a generous time.
bool Eventually(const std::function<bool()>& condition);

// How single calls of IdempotencyService are made: by themselves, or each as an operation of a Session stream.
enum class Way { kCalls, kSession };

// Sends a call, single or batch. An error: the transcript says something that the call does not have.
absl::StatusOr<std::shared_ptr<Exchange>> Send(Way way, const Call& call, const std::function<Speaker()>& speaker,
                                               const Names& names, std::shared_ptr<v1::IdempotencyService::Stub> stub,
                                               std::shared_ptr<v1::AdminService::Stub> admin);

}  // namespace semel::scenario

#endif  // SEMEL_TESTS_SCENARIO_CONVERSATION_H_
