// Takes what is ready, has it decided and committed as one batch, answers. No artificial delay: while one batch is decided, the next
// one gathers.
//
// A small batch is decided by the polling thread itself, because waking another one would take longer; a large one beside it
// (deciding_thread.h). docs/performance.md has the figures.
//
// What arrived and does not fit into the batch stands in line, in order. So it is seen how long calls wait, and new work can be
// refused as soon as it arrives where it would wait for too long, at a fraction of what serving it would cost.

#ifndef SEMEL_SERVER_RPC_POLLER_H_
#define SEMEL_SERVER_RPC_POLLER_H_

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/engine/committer.h"
#include "server/rpc/deciding_thread.h"
#include "server/rpc/event.h"
#include "server/rpc/pace.h"
#include "server/rpc/standing_queue.h"

namespace semel::rpc {

// A source of operations that rests while the line is long.
class Resting {
 public:
  virtual void Resume() = 0;  // on the polling thread

 protected:
  ~Resting() = default;
};

// One thread, one completion queue.
class Poller {
 public:
  using Clock = StandingQueue::Clock;

  Poller(std::unique_ptr<grpc::ServerCompletionQueue> queue, engine::Committer& committer,
         const engine::Limits& limits);

  grpc::ServerCompletionQueue* queue() { return queue_.get(); }

  // Lets the operation be decided in its turn. Those of one call are decided together. Only from an event, on the polling
  // thread.
  void Submit(engine::Operation* operation, const void* call, Clock::time_point arrival) {
    line_.push_back({operation, call, arrival});
  }

  // Whether new work is turned away: this is no burst, and at the pace of late it would wait in line for too long. What goes into
  // the next batch never is: where a batch alone takes longer, fewer at a time would not be served sooner.
  bool TurnsAway(Clock::time_point now) {
    if (!standing_.Stands(now) || line_.size() <= std::max(max_batch_, pace_.Within(max_delay_))) return false;
    standing_.TurnedAway(now);
    return true;
  }

  // A single event brought so many operations, taken or refused: as much work as events.
  void Took(size_t operations) { gathered_ += operations; }

  // Whether all that stands in line fits into the next batch. Those who could bring more without end bring nothing before that.
  bool HasRoom() const { return line_.size() < max_batch_; }
  // Resumes `source`, once, when there is room. Only on the polling thread.
  void WhenRoom(Resting* source) { resting_.push_back(source); }

  // Body of the thread: until the queue was shut down and is empty.
  void Poll();
  void Shutdown();  // from any thread

 private:
  struct Place {
    engine::Operation* operation;
    const void* call;
    Clock::time_point arrival;
  };

  bool Gather();  // false: the queue is shut down and empty
  void TakeBatch();
  void ResumeWhereRoom();
  void DecideNext();
  bool DecideBeside();
  void OnDecided(bool ok);
  bool SomethingIsDue(engine::Duration since = {}) const;
  std::chrono::system_clock::time_point NextWake() const;

  const std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  engine::Committer& committer_;
  const size_t max_batch_;
  const Clock::duration max_delay_;
  StandingQueue standing_;
  Pace pace_;
  size_t gathered_ = 0;   // events and operations since the last batch
  size_t passed_on_ = 0;  // operations in the last batch, if it left others in line
  Clock::time_point passed_on_at_;
  std::deque<Place> line_;
  std::vector<engine::Operation*> batch_;
  std::vector<Resting*> resting_;
  engine::Committer::Answers answers_;  // to be given

  bool deciding_ = false;  // a batch is beside us: wake_ ends when it has been decided
  Step<Poller> decided_{*this, &Poller::OnDecided};
  grpc::Alarm wake_;
  absl::Mutex mutex_;
  bool shut_ ABSL_GUARDED_BY(mutex_) = false;  // nothing may be armed any more
  DecidingThread beside_;                      // last: it uses what is above
};

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_POLLER_H_
