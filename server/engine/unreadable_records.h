// What could not be read back from storage: how often, and why the last time. Kept for whoever writes the log: the reason may name keys
// and files, which callers are not told.

#ifndef SEMEL_SERVER_ENGINE_UNREADABLE_RECORDS_H_
#define SEMEL_SERVER_ENGINE_UNREADABLE_RECORDS_H_

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace semel::engine {

// Thread-safe.
class UnreadableRecords {
 public:
  struct Seen {
    uint64_t operations = 0;  // refused for it, since the start
    absl::Status last;        // why the last of them was; OK: none yet
  };

  void Add(const absl::Status& why, uint64_t operations = 1) {
    const absl::MutexLock lock(&mutex_);
    seen_.operations += operations;
    seen_.last = why;
  }
  Seen seen() const {
    const absl::MutexLock lock(&mutex_);
    return seen_;
  }

 private:
  mutable absl::Mutex mutex_;
  Seen seen_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace semel::engine

#endif  // SEMEL_SERVER_ENGINE_UNREADABLE_RECORDS_H_
