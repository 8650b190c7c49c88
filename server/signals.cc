#include "server/signals.h"

#include <ctime>

namespace semel {

Signals::Signals() {
  sigemptyset(&stop_);
  sigaddset(&stop_, SIGTERM);
  sigaddset(&stop_, SIGINT);
  all_ = stop_;
  sigaddset(&all_, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &all_, nullptr);
}

Signals::Wish Signals::Next() {
  int signal = 0;
  sigwait(&all_, &signal);
  return signal == SIGHUP ? Wish::kReload : Wish::kStop;
}

void Signals::AwaitStop(storage::Duration at_most) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(at_most);
  const timespec timeout{.tv_sec = seconds.count(), .tv_nsec = (at_most - seconds).count() * 1000};
  sigtimedwait(&stop_, nullptr, &timeout);
}

}  // namespace semel
