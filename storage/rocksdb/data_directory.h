// The directory that one process at a time owns:
//
//   FORMAT       "semel storage format 1": the directory is Semel's, and complete
//   LOCK         held (flock) by the process that uses it; holds its pid, for people
//   db/          RocksDB's
//   RESTORING/   while a backup is restored into it, and after that failed: then there is no FORMAT yet
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

  // For looking at a complete directory that no process uses: locks it, and changes nothing in it.
  static absl::StatusOr<DataDirectory> AcquireStopped(const std::string& path);
  // For putting a backup into a directory that is absent, empty, or left by a restore that failed: makes and locks it, with an
  // empty RESTORING/ in it.
  // Until MarkRestored no release uses the directory.
  static absl::StatusOr<DataDirectory> AcquireForRestore(const std::string& path);

  DataDirectory(DataDirectory&& other) noexcept;
  DataDirectory& operator=(DataDirectory&&) = delete;
  ~DataDirectory();  // lets go of the lock

  // True until MarkComplete: db/ may be missing or half made.
  bool incomplete() const { return incomplete_; }
  // Once db/ is on disk. From then on its absence is an error.
  [[nodiscard]] absl::Status MarkComplete();

  // Puts restored_path(), which is on disk, in its place, and completes the directory.
  [[nodiscard]] absl::Status MarkRestored();
  // Takes back what was restored, as far as that is possible. RESTORING/ stays: a server that began afresh in the directory would
  // have forgotten every key.
  void DiscardRestored();

  // FAILED_PRECONDITION unless the disk has room for reading the log back into tables: RocksDB, as Debian builds it, aborts where
  // it runs out of space while it opens, and says nothing that helps.
  [[nodiscard]] absl::Status CheckSpace() const;

  const std::string& path() const { return path_; }
  std::string database_path() const { return path_ + "/db"; }
  std::string restored_path() const { return path_ + "/RESTORING/db"; }

  // What FORMAT holds, which backups carry along.
  static std::string FormatLine();
  // FAILED_PRECONDITION, beginning with `what`, where this release cannot read a database of that line.
  static absl::Status CheckFormatLine(const std::string& what, const std::string& line);

 private:
  DataDirectory(std::string path, int lock_file) : path_(std::move(path)), lock_file_(lock_file) {}

  std::string path_;
  int lock_file_;
  bool incomplete_ = false;
};

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_ROCKSDB_DATA_DIRECTORY_H_
