#include "server/rpc/poller.h"

#include <algorithm>
#include <optional>

#include "server/rpc/event.h"

namespace semel::rpc {
namespace {

using std::chrono::system_clock;

// A deadline in the past. Not time_point::min(): gRPC takes what lies before 1970 for "never".
constexpr system_clock::time_point kNoWait{};

// The system clock may be stepped while we wait for a moment of the server's own clock: look again this often.
constexpr engine::Duration kLongestNap = std::chrono::seconds(1);

}  // namespace

void Poller::Poll() {
  bool open = true;
  while (open) {
    open = Gather();
    const std::optional<engine::Time> due = committer_.NextDue();
    if (!batch_.empty() || (due && *due <= committer_.Now())) committer_.Run(batch_);
    batch_.clear();
  }
}

// Waits for the first event, then takes all that are ready, up to a full batch.
bool Poller::Gather() {
  void* tag = nullptr;
  bool ok = false;
  grpc::CompletionQueue::NextStatus status = queue_->AsyncNext(&tag, &ok, NextWake());
  while (status == grpc::CompletionQueue::GOT_EVENT) {
    static_cast<Event*>(tag)->Happened(ok);
    if (batch_.size() >= max_batch_) return true;
    status = queue_->AsyncNext(&tag, &ok, kNoWait);
  }
  return status != grpc::CompletionQueue::SHUTDOWN;
}

system_clock::time_point Poller::NextWake() const {
  const std::optional<engine::Time> due = committer_.NextDue();
  if (!due) return system_clock::time_point::max();
  const engine::Duration nap = std::clamp(*due - committer_.Now(), engine::Duration::zero(), kLongestNap);
  return system_clock::now() + nap;
}

}  // namespace semel::rpc
