#include "server/rpc/poller.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace semel::rpc {
namespace {

using std::chrono::system_clock;

// A deadline in the past. Not time_point::min(): gRPC takes what lies before 1970 for "never".
constexpr system_clock::time_point kNoWait{};

// The system clock may be stepped while we wait for a moment of the server's own clock: look again this often.
constexpr engine::Duration kLongestNap = std::chrono::seconds(1);

// Events that are taken before a batch is decided, even if there are more: arrivals, answers that have left, callers gone.
constexpr size_t kEventsPerOperation = 4;

// A larger batch is decided beside. For a smaller one, waking the other thread and being woken costs more than it gains (measured at
// 64 in flight).
constexpr size_t kSmallBatch = 128;

// How often in a row nothing has happened before nothing is taken to be there: in one look gRPC reads a piece from one socket, and
// only whole messages are told. Each look is a system call.
constexpr int kIdleLooks = 4;

// What fell due so long ago was held up by us: each look then waits for so long, because gRPC's other threads, which may be at work
// on what arrived meanwhile, were held up too.
constexpr engine::Duration kHeldUp = std::chrono::milliseconds(50);
constexpr engine::Duration kPatientLook = std::chrono::milliseconds(2);

}  // namespace

Poller::Poller(std::unique_ptr<grpc::ServerCompletionQueue> queue, engine::Committer& committer,
               const engine::Limits& limits)
    : queue_(std::move(queue)),
      committer_(committer),
      max_batch_(limits.max_batch_operations),
      max_delay_(limits.max_queue_delay),
      standing_(limits.max_queue_delay),
      beside_(committer, [this] { wake_.Cancel(); }) {}

void Poller::Poll() {
  bool open = true;
  while (open || !line_.empty()) {
    open = Gather();
    if (!deciding_) DecideNext();
    engine::Committer::Give(std::exchange(answers_, {}));
  }
}

void Poller::Shutdown() {
  absl::MutexLock lock(&mutex_);
  shut_ = true;
  queue_->Shutdown();
}

// A large batch goes beside before the answers of the last one are given: they leave while it is decided.
void Poller::DecideNext() {
  TakeBatch();
  ResumeWhereRoom();
  if (batch_.size() > kSmallBatch && DecideBeside()) return;
  engine::Committer::Give(std::exchange(answers_, {}));
  if (!batch_.empty() || SomethingIsDue()) committer_.Run(batch_);
  batch_.clear();
}

// The queue cannot end before the alarm has: it is set beforehand, and cancelled when all is decided.
bool Poller::DecideBeside() {
  absl::MutexLock lock(&mutex_);
  if (shut_) return false;
  wake_.Set(queue_.get(), system_clock::time_point::max(), &decided_);
  deciding_ = true;
  beside_.Start(std::exchange(batch_, {}));
  return true;
}

void Poller::OnDecided(bool) {
  deciding_ = false;
  answers_ = beside_.Take();
}

bool Poller::SomethingIsDue(engine::Duration since) const {
  const std::optional<engine::Time> due = committer_.NextDue();
  return due && *due + since <= committer_.Now();
}

// Waits for the first event, then takes all that are ready. Also where the wait ended because something fell due: what an owner
// sent while this process was held up must be decided before those who wait for its key.
bool Poller::Gather() {
  void* tag = nullptr;
  bool ok = false;
  gathered_ = 0;
  int idle_looks = 0;
  grpc::CompletionQueue::NextStatus status = queue_->AsyncNext(&tag, &ok, NextWake());
  const auto look_until = [&] {
    return !deciding_ && SomethingIsDue(kHeldUp) ? system_clock::now() + kPatientLook : kNoWait;
  };
  for (; status != grpc::CompletionQueue::SHUTDOWN; status = queue_->AsyncNext(&tag, &ok, look_until())) {
    if (status == grpc::CompletionQueue::GOT_EVENT) {
      static_cast<Event*>(tag)->Happened(ok);
      if (++gathered_ >= kEventsPerOperation * max_batch_) return true;
      idle_looks = 0;
    } else if (deciding_ || ++idle_looks == kIdleLooks) {
      return true;
    }
  }
  return false;
}

// The first in line, up to a full batch, or beyond it to the end of a call: the operations of one call are not parted.
void Poller::TakeBatch() {
  const Clock::time_point now = Clock::now();
  if (passed_on_ > 0) pace_.Decided(passed_on_, now - passed_on_at_);
  passed_on_ = 0;
  if (line_.empty()) return standing_.Observe(Clock::duration::zero(), now);
  Place last = line_.front();
  while (!line_.empty() && (batch_.size() < max_batch_ || line_.front().call == last.call)) {
    last = line_.front();
    batch_.push_back(last.operation);
    line_.pop_front();
  }
  standing_.Observe(now - last.arrival, now);
  if (line_.empty()) return;
  passed_on_ = batch_.size();
  passed_on_at_ = now;
}

// Before the batch is decided, so that the next one gathers meanwhile.
void Poller::ResumeWhereRoom() {
  if (resting_.empty() || !HasRoom()) return;
  for (Resting* source : std::exchange(resting_, {})) source->Resume();
}

system_clock::time_point Poller::NextWake() const {
  if (deciding_) return system_clock::time_point::max();
  if (!line_.empty()) return kNoWait;
  const std::optional<engine::Time> due = committer_.NextDue();
  if (!due) return system_clock::time_point::max();
  const engine::Duration nap = std::clamp(*due - committer_.Now(), engine::Duration::zero(), kLongestNap);
  return system_clock::now() + nap;
}

}  // namespace semel::rpc
