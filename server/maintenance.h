// The housekeeping that must not wait for traffic, every few seconds, on a thread of its own.

#ifndef SEMEL_SERVER_MAINTENANCE_H_
#define SEMEL_SERVER_MAINTENANCE_H_

#include <functional>
#include <thread>
#include <utility>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "server/engine/committer.h"

namespace semel {

class Maintenance {
 public:
  static constexpr absl::Duration kInterval = absl::Seconds(2);

  // `on_failure` is called once, when storage has failed for good; the thread ends then.
  Maintenance(engine::Committer& committer, std::function<void(const absl::Status&)> on_failure)
      : thread_([this, &committer, on_failure = std::move(on_failure)] {
          while (!stopped_.WaitForNotificationWithTimeout(kInterval)) {
            if (absl::Status status = committer.Maintain(); !status.ok()) return on_failure(status);
          }
        }) {}
  ~Maintenance() { Stop(); }

  void Stop() {
    if (!thread_.joinable()) return;
    stopped_.Notify();
    thread_.join();
  }

 private:
  absl::Notification stopped_;
  std::thread thread_;  // last: it uses what is above
};

}  // namespace semel

#endif  // SEMEL_SERVER_MAINTENANCE_H_
