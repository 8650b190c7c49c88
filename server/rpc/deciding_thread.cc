#include "server/rpc/deciding_thread.h"

#include <utility>

namespace semel::rpc {

DecidingThread::DecidingThread(engine::Committer& committer, std::function<void()> decided)
    : committer_(committer), decided_(std::move(decided)), thread_([this] { Run(); }) {}

DecidingThread::~DecidingThread() {
  {
    absl::MutexLock lock(&mutex_);
    over_ = true;
  }
  thread_.join();
}

void DecidingThread::Start(std::vector<engine::Operation*> batch) {
  absl::MutexLock lock(&mutex_);
  batch_ = std::move(batch);
  started_ = true;
}

engine::Committer::Answers DecidingThread::Take() {
  absl::MutexLock lock(&mutex_);
  return std::exchange(answers_, {});
}

void DecidingThread::Run() {
  while (true) {
    std::vector<engine::Operation*> batch;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(this, &DecidingThread::HasNews));
      if (!started_) return;
      started_ = false;
      batch = std::exchange(batch_, {});
    }
    engine::Committer::Answers answers = committer_.Decide(batch);
    {
      absl::MutexLock lock(&mutex_);
      answers_ = std::move(answers);
    }
    decided_();
  }
}

}  // namespace semel::rpc
