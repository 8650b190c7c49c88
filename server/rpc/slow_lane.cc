#include "server/rpc/slow_lane.h"

#include <utility>

namespace semel::rpc {

SlowLane::SlowLane(size_t max_jobs) : max_jobs_(max_jobs), thread_([this] { Run(); }) {}

SlowLane::~SlowLane() {
  {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }
  thread_.join();
}

bool SlowLane::Take(std::function<void()> work, std::function<void()> done) {
  absl::MutexLock lock(&mutex_);
  if (closed_ || jobs_.size() >= max_jobs_) return false;
  jobs_.push_back({std::move(work), std::move(done)});
  return true;
}

void SlowLane::Run() {
  absl::MutexLock lock(&mutex_);
  while (true) {
    mutex_.Await(absl::Condition(this, &SlowLane::HasNews));
    if (jobs_.empty()) return;
    const Job job = jobs_.front();
    mutex_.Unlock();
    job.work();
    mutex_.Lock();
    jobs_.pop_front();
    mutex_.Unlock();
    job.done();
    mutex_.Lock();
  }
}

}  // namespace semel::rpc
