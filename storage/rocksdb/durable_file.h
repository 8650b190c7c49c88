// Files and directories of Semel's own that must be there after a power cut. RocksDB takes care of its own.

#ifndef SEMEL_STORAGE_ROCKSDB_DURABLE_FILE_H_
#define SEMEL_STORAGE_ROCKSDB_DURABLE_FILE_H_

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace semel::storage {

// An owned file descriptor. Not open after a failure; errno then says why.
class OpenFile {
 public:
  OpenFile(const std::string& path, int flags, mode_t mode = 0) : fd_(open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  explicit OpenFile(int fd) : fd_(fd) {}
  OpenFile(OpenFile&& other) noexcept : fd_(other.Release()) {}
  OpenFile& operator=(OpenFile&&) = delete;
  ~OpenFile() {
    if (fd_ >= 0) close(fd_);
  }
  bool ok() const { return fd_ >= 0; }
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// "PATH: <doing>: <what the system says>", FAILED_PRECONDITION.
absl::Status SystemError(const std::string& path, absl::string_view doing, int error);

// In the place of what the open file held. False: errno says why.
bool WriteWhole(int fd, const std::string& text);
absl::StatusOr<std::string> ReadWhole(const std::string& path);

// A file of this text, on disk; its directory is not synced.
absl::Status WriteDurably(const std::string& path, const std::string& text);
absl::Status SyncFile(const std::string& path);
absl::Status SyncDirectory(const std::string& path);
// With all below it: files first.
absl::Status SyncTree(const std::string& path);
// A rename that a power cut does not undo. Both in the same file system.
absl::Status RenameDurably(const std::string& from, const std::string& to);

// With its parents; each name is on disk before the one below it.
absl::Status MakeDirectory(const std::string& path);

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_ROCKSDB_DURABLE_FILE_H_
