// The backups that this process makes, and what is known of the last one.

#ifndef SEMEL_SERVER_BACKUPS_H_
#define SEMEL_SERVER_BACKUPS_H_

#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "server/ops/logging.h"
#include "server/ops/metrics.h"
#include "server/rpc/administration.h"
#include "storage/rocksdb/rocksdb_storage.h"

namespace semel {

class Backups {
 public:
  // The references must outlive it. Looks into the directory for the last backup of an earlier process.
  Backups(const storage::RocksDbStorage& storage, storage::BackupOptions options, const ops::Logger& log);

  bool configured() const { return !options_.directory.empty(); }

  // Makes one, and returns when it is on disk. One at a time, any thread.
  absl::StatusOr<rpc::BackupMade> Create();

  // Any thread.
  std::optional<rpc::BackupFacts> last() const;
  const ops::BackupFigures& figures() const { return figures_; }

 private:
  void Remember(const storage::BackupInfo& info);

  const storage::RocksDbStorage& storage_;
  const storage::BackupOptions options_;
  const ops::Logger& log_;
  ops::BackupFigures figures_;

  mutable absl::Mutex mutex_;
  std::optional<rpc::BackupFacts> last_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace semel

#endif  // SEMEL_SERVER_BACKUPS_H_
