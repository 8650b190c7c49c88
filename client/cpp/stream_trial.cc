#include "client/cpp/stream_trial.h"

#include <algorithm>

namespace semel {

bool StreamTrial::MayOpen(SteadyTime now) const {
  std::lock_guard lock(mutex_);
  return now >= rests_until_;
}

void StreamTrial::CallAnswered(SteadyTime began) {
  std::lock_guard lock(mutex_);
  answered_ = std::max(answered_, began);
}

void StreamTrial::StreamEnded(const SessionStream::End& end, SteadyTime now) {
  std::lock_guard lock(mutex_);
  if (end.was_open) {
    unavailable_ = 0;
    next_rest_ = kFirstRest;
  } else if (Refused(end)) {
    unavailable_ = 0;
    rests_until_ = now + next_rest_;
    next_rest_ = std::min(next_rest_ * 2, kLongestRest);
  }
}

bool StreamTrial::Refused(const SessionStream::End& end) {
  const grpc::StatusCode code = end.status.error_code();
  if (code == grpc::StatusCode::UNIMPLEMENTED) return true;  // an older server, or a proxy that knows no such path
  if (answered_ < end.began) return false;
  return code != grpc::StatusCode::UNAVAILABLE || ++unavailable_ >= kUnavailableInARow;
}

}  // namespace semel
