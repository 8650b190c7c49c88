// A thread of its own for what would hold up the polling thread: looking through many keys, making a backup.

#ifndef SEMEL_SERVER_RPC_SLOW_LANE_H_
#define SEMEL_SERVER_RPC_SLOW_LANE_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace semel::rpc {

// Thread-safe. Jobs run one at a time, in order.
class SlowLane {
 public:
  // `max_jobs`: under way and waiting.
  explicit SlowLane(size_t max_jobs);
  ~SlowLane();  // runs what was taken

  // Runs `work`, gives its place back, then runs `done`: whoever hears from `done` that the work is over finds the place free.
  // False: there is too much work, this was not taken.
  [[nodiscard]] bool Take(std::function<void()> work, std::function<void()> done);

 private:
  void Run();
  bool HasNews() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return closed_ || !jobs_.empty(); }

  struct Job {
    std::function<void()> work;
    std::function<void()> done;
  };

  const size_t max_jobs_;
  absl::Mutex mutex_;
  std::deque<Job> jobs_ ABSL_GUARDED_BY(mutex_);  // the first one is under way
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses what is above
};

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_SLOW_LANE_H_
