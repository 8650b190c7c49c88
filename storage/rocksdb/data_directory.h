// The directory that one process at a time owns:
//
//   FORMAT   "semel storage format 1": the directory is Semel's, and complete
//   LOCK     held (flock) by the process that uses it; holds its pid, for people
//   db/      RocksDB's
//
// While a directory is being made its FORMAT is called FORMAT.new. So a crash half way leaves something that is known to
// hold no answers yet and is made again, while a complete directory whose db/ was lost is never taken for an empty one:
// that would forget every key.

#ifndef SEMEL_STORAGE_ROCKSDB_DATA_DIRECTORY_H_
#define SEMEL_STORAGE_ROCKSDB_DATA_DIRECTORY_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace semel::storage {

class DataDirectory {
 public:
  // Makes the directory where there is none, and locks it. FAILED_PRECONDITION with a message for the operator where it
  // cannot be used; then nothing in it was changed.
  static absl::StatusOr<DataDirectory> Acquire(const std::string& path);

  DataDirectory(DataDirectory&& other) noexcept;
  DataDirectory& operator=(DataDirectory&&) = delete;
  ~DataDirectory();  // lets go of the lock

  // True until MarkComplete: db/ may be missing or half made.
  bool incomplete() const { return incomplete_; }
  // Once db/ is on disk. From then on its absence is an error.
  [[nodiscard]] absl::Status MarkComplete();

  const std::string& path() const { return path_; }
  std::string database_path() const { return path_ + "/db"; }

 private:
  DataDirectory(std::string path, int lock_file) : path_(std::move(path)), lock_file_(lock_file) {}

  std::string path_;
  int lock_file_;
  bool incomplete_ = false;
};

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_ROCKSDB_DATA_DIRECTORY_H_
