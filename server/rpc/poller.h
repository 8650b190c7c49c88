// Runs calls to completion on the thread that polls for them: drain what is ready, decide and commit it as one batch, answer.
//
// No hand-over to another thread and no artificial delay: while one batch is being synced, the next one gathers in the
// completion queue. Measured against writer threads and callbacks, this costs the least per call (docs/performance.md).

#ifndef SEMEL_SERVER_RPC_POLLER_H_
#define SEMEL_SERVER_RPC_POLLER_H_

#include <chrono>
#include <memory>
#include <vector>

#include <grpcpp/completion_queue.h>

#include "server/engine/committer.h"

namespace semel::rpc {

// One thread, one completion queue.
class Poller {
 public:
  Poller(std::unique_ptr<grpc::ServerCompletionQueue> queue, engine::Committer& committer, size_t max_batch)
      : queue_(std::move(queue)), committer_(committer), max_batch_(max_batch) {}

  grpc::ServerCompletionQueue* queue() { return queue_.get(); }

  // Lets the operation be decided with the current batch. Only from an event, on the polling thread.
  void Submit(engine::Operation* operation) { batch_.push_back(operation); }

  // Body of the thread: until the queue was shut down and is empty.
  void Poll();

 private:
  bool Gather();  // false: the queue is shut down and empty
  std::chrono::system_clock::time_point NextWake() const;

  const std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  engine::Committer& committer_;
  const size_t max_batch_;
  std::vector<engine::Operation*> batch_;
};

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_POLLER_H_
