#include "server/rpc/sessions.h"

#include "server/rpc/session.h"

namespace semel::rpc {
namespace {

// How many streams may arrive between two polls without waiting inside gRPC.
constexpr int kArmed = 8;

}  // namespace

void Sessions::Serve(Surroundings& surroundings) {
  for (int i = 0; i < kArmed; ++i) new Session(*this, surroundings);
}

void Sessions::End() {
  absl::MutexLock lock(&mutex_);
  ending_ = true;
  for (Session* session : open_) session->End();
}

bool Sessions::Enter(Session* session) {
  absl::MutexLock lock(&mutex_);
  open_.insert(session);
  return !ending_;
}

void Sessions::Leave(Session* session) {
  absl::MutexLock lock(&mutex_);
  open_.erase(session);
}

}  // namespace semel::rpc
