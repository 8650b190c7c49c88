// Asks how full the data directory's file system is, every few seconds, on a thread of its own: a disk that hangs holds up whoever asks
// it. Not the scrapes, which are to tell of it, nor /livez beside them, nor the housekeeping, which hangs with its own writes. The
// last answer stands until the next.

#ifndef SEMEL_SERVER_DISK_WATCH_H_
#define SEMEL_SERVER_DISK_WATCH_H_

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "server/ops/disk_space.h"

namespace semel {

class DiskWatch {
 public:
  static constexpr std::chrono::seconds kInterval{5};

  // Has asked for the first time when it returns.
  explicit DiskWatch(const std::string& directory)
      : space_(ops::DiskSpaceOf(directory)), thread_([this, directory] {
          while (!StoppedWithin(kInterval)) Replace(ops::DiskSpaceOf(directory));
        }) {}
  // Waits for a disk that hangs, as closing the database does.
  ~DiskWatch() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    stop_.notify_all();
    thread_.join();
  }

  // nullopt: the system did not say. Any thread; never waits for the disk.
  std::optional<ops::DiskSpace> space() const {
    const std::lock_guard lock(mutex_);
    return space_;
  }

 private:
  void Replace(const std::optional<ops::DiskSpace>& space) {
    const std::lock_guard lock(mutex_);
    space_ = space;
  }
  bool StoppedWithin(std::chrono::seconds time) {
    std::unique_lock lock(mutex_);
    return stop_.wait_for(lock, time, [this] { return stopped_; });
  }

  mutable std::mutex mutex_;  // of what is below, but the thread; never held while the disk is asked
  std::condition_variable stop_;
  bool stopped_ = false;
  std::optional<ops::DiskSpace> space_;
  std::thread thread_;  // last: it uses what is above
};

}  // namespace semel

#endif  // SEMEL_SERVER_DISK_WATCH_H_
