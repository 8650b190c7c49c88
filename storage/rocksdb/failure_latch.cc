#include "storage/rocksdb/failure_latch.h"

#include <rocksdb/status.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace semel::storage {

absl::Status FromRocksDb(const rocksdb::Status& status, absl::string_view doing) {
  if (status.ok()) return absl::OkStatus();
  std::string message = absl::StrCat(doing, ": ", status.ToString());
  if (status.IsCorruption()) return absl::DataLossError(message);
  if (status.IsNoSpace()) message += ". The disk is full: free space on it, or enlarge it, then restart";
  return absl::UnavailableError(message);
}

absl::Status FailureLatch::status() const {
  if (!failed()) return absl::OkStatus();
  absl::MutexLock lock(&mutex_);
  return first_;
}

bool FailureLatch::Keep(absl::Status failure) {
  absl::MutexLock lock(&mutex_);
  if (!first_.ok()) return false;
  first_ = std::move(failure);
  failed_.store(true, std::memory_order_release);
  return true;
}

absl::Status FailureLatch::Latch(absl::Status failure) {
  std::string message = absl::StrCat("storage failed and stays failed until a restart: ", failure.message());
  if (Keep(std::move(failure)) && log_) log_(std::move(message));
  return status();
}

void FailureLatch::Close() { Keep(absl::FailedPreconditionError("the storage is closed")); }

}  // namespace semel::storage
