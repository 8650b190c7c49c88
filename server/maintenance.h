// The housekeeping that must not wait for traffic, every few seconds, on a thread of its own.

#ifndef SEMEL_SERVER_MAINTENANCE_H_
#define SEMEL_SERVER_MAINTENANCE_H_

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "server/clock_watch.h"
#include "server/engine/committer.h"
#include "server/tls_watch.h"
#include "server/unreadable_watch.h"

namespace semel {

class Maintenance {
 public:
  static constexpr std::chrono::seconds kInterval{2};

  // `on_failure` is called once, when storage has failed for good; the thread ends then. `tls_watch` is null without TLS.
  Maintenance(engine::Committer& committer, ClockWatch& clock_watch, UnreadableWatch& unreadable_watch,
              TlsWatch* tls_watch, std::function<void(const absl::Status&)> on_failure)
      : thread_([this, &committer, &clock_watch, &unreadable_watch, tls_watch, on_failure = std::move(on_failure)] {
          while (!StoppedWithin(kInterval)) {
            clock_watch.Look();
            unreadable_watch.Look();
            if (tls_watch != nullptr) tls_watch->Look();
            if (absl::Status status = committer.Maintain(); !status.ok()) return on_failure(status);
          }
        }) {}
  ~Maintenance() { Stop(); }

  void Stop() {
    if (!thread_.joinable()) return;
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    stop_.notify_all();
    thread_.join();
  }

 private:
  // By the monotonic clock, as std::condition_variable waits. Abseil waits for a moment of the wall clock: when that is set back
  // by an hour, for an hour.
  bool StoppedWithin(std::chrono::seconds time) {
    std::unique_lock lock(mutex_);
    return stop_.wait_for(lock, time, [this] { return stopped_; });
  }

  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopped_ = false;  // guarded by mutex_
  std::thread thread_;    // last: it uses what is above
};

}  // namespace semel

#endif  // SEMEL_SERVER_MAINTENANCE_H_
