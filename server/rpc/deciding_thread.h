// Decides batches beside the polling thread: while one is loaded, written and synced, the next one gathers, and the answers of the one
// before leave. Handed over by the batch in both directions, because a hand-over by the call costs more than it saves.

#ifndef SEMEL_SERVER_RPC_DECIDING_THREAD_H_
#define SEMEL_SERVER_RPC_DECIDING_THREAD_H_

#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/engine/committer.h"

namespace semel::rpc {

// Start and Take are called by one thread, in turn.
class DecidingThread {
 public:
  // `decided` is called on this thread, once after each Start.
  DecidingThread(engine::Committer& committer, std::function<void()> decided);
  ~DecidingThread();  // what was started has been taken

  void Start(std::vector<engine::Operation*> batch);
  // What became of it, after `decided` was called.
  engine::Committer::Answers Take();

 private:
  void Run();
  bool HasNews() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return started_ || over_; }

  engine::Committer& committer_;
  const std::function<void()> decided_;
  absl::Mutex mutex_;
  bool started_ ABSL_GUARDED_BY(mutex_) = false;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<engine::Operation*> batch_ ABSL_GUARDED_BY(mutex_);
  engine::Committer::Answers answers_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;  // last: it uses what is above
};

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_DECIDING_THREAD_H_
