#include "client/cli/run/checkpoint_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "client/cli/run/output_stream.h"

namespace semel::cli {
namespace {

constexpr std::chrono::milliseconds kLookAgain{20};
constexpr int kMaxLooks = 1500;  // 30 s: longer than a checkpoint with all its tries takes by default

}  // namespace

absl::StatusOr<std::unique_ptr<CheckpointFile>> CheckpointFile::Create(std::string_view checkpoint) {
  const char* temporary = std::getenv("TMPDIR");
  std::string directory = temporary != nullptr && *temporary != '\0' ? temporary : "/tmp";
  directory += "/semel-run-XXXXXX";
  if (mkdtemp(directory.data()) == nullptr) {  // mode 0700
    return absl::ErrnoToStatus(errno, "no place for the checkpoint file at " + directory);
  }
  std::unique_ptr<CheckpointFile> made(new CheckpointFile(directory));
  const int file = open(made->path().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const int error = file < 0 ? errno : WriteAll(file, std::string(checkpoint));
  if (file >= 0) close(file);
  if (error != 0) return absl::ErrnoToStatus(error, "cannot write " + made->path());
  return made;
}

CheckpointFile::~CheckpointFile() {
  unlink(path_.c_str());
  rmdir(directory_.c_str());  // stays where the command put something beside the file
}

CheckpointLock::CheckpointLock(const std::string& path) : file_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (file_ < 0) return;
  for (int looks = 0; flock(file_, LOCK_EX | LOCK_NB) != 0 && looks < kMaxLooks; ++looks) {
    std::this_thread::sleep_for(kLookAgain);
  }
}

CheckpointLock::~CheckpointLock() {
  if (file_ >= 0) close(file_);
}

}  // namespace semel::cli
