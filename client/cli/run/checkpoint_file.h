// The last checkpoint as a file for the command, readable by its owner alone, in a directory of its own.

#ifndef SEMEL_CLIENT_CLI_RUN_CHECKPOINT_FILE_H_
#define SEMEL_CLIENT_CLI_RUN_CHECKPOINT_FILE_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace semel::cli {

class CheckpointFile {
 public:
  // Empty where there is no checkpoint. Below TMPDIR, else /tmp.
  static absl::StatusOr<std::unique_ptr<CheckpointFile>> Create(std::string_view checkpoint);
  ~CheckpointFile();  // removes both
  CheckpointFile(const CheckpointFile&) = delete;
  CheckpointFile& operator=(const CheckpointFile&) = delete;

  const std::string& path() const { return path_; }
  const std::string& directory() const { return directory_; }

 private:
  explicit CheckpointFile(std::string directory) : directory_(directory), path_(directory + "/checkpoint") {}

  const std::string directory_;
  const std::string path_;
};

// Held by `semel checkpoint` while it saves, and by `semel run` while it saves the same bytes again with `effects_began`: without
// it the one could undo the other. Where the file is gone, or the lock is not to be had for some seconds, it is not held.
class CheckpointLock {
 public:
  explicit CheckpointLock(const std::string& path);
  ~CheckpointLock();
  CheckpointLock(const CheckpointLock&) = delete;
  CheckpointLock& operator=(const CheckpointLock&) = delete;

 private:
  int file_ = -1;
};

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_RUN_CHECKPOINT_FILE_H_
