#include "client/cli/run/output_stream.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

namespace semel::cli {
namespace {

constexpr size_t kMaxPending = size_t{64} * 1024;
constexpr size_t kMaxPendingAtEnd = size_t{1024} * 1024;  // far more than a pipe holds

void AwaitWritable(int file) {
  pollfd writable{.fd = file, .events = POLLOUT};
  poll(&writable, 1, -1);
}

// Others may write to the same pipe or terminal, and take the room that was seen. That it should not block is said of the
// open file, which is shared with them; hence one of our own. -1 where there is no need, or where a pipe of another user's
// cannot be opened.
int ReopenedNotToBlock(int file) {
  struct stat kind {};
  if (fstat(file, &kind) != 0 || (!S_ISFIFO(kind.st_mode) && isatty(file) == 0)) return -1;
  return open(("/proc/self/fd/" + std::to_string(file)).c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

}  // namespace

OutputStream::OutputStream(int from, int to, size_t max_kept)
    : from_(from), reopened_(ReopenedNotToBlock(to)), to_(reopened_ >= 0 ? reopened_ : to), keeper_(max_kept) {}

OutputStream::~OutputStream() {
  if (reopened_ >= 0) close(reopened_);
}

bool OutputStream::WantsToRead(bool ending) const {
  return !at_end_ && pending_.size() < (ending ? kMaxPendingAtEnd : kMaxPending);
}

void OutputStream::Read() {
  char chunk[65536];
  const ssize_t count = read(from_, chunk, sizeof(chunk));
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) {
    at_end_ = true;
    return;
  }
  const std::string_view bytes(chunk, static_cast<size_t>(count));
  keeper_.Append(bytes);
  if (write_error_ == 0) pending_ += bytes;
}

void OutputStream::Write() {
  // A pipe that is said to be writable takes this much without blocking, also where it could not be opened once more.
  const ssize_t count = write(to_, pending_.data(), std::min<size_t>(pending_.size(), PIPE_BUF));
  if (count >= 0) {
    pending_.erase(0, static_cast<size_t>(count));
  } else if (errno != EAGAIN && errno != EINTR) {
    write_error_ = errno;
    pending_.clear();
  }
}

void OutputStream::Flush() {
  while (WantsToWrite()) {
    AwaitWritable(to_);
    Write();
  }
}

int WriteAll(int to, const std::string& bytes) {
  std::string_view left = bytes;
  while (!left.empty()) {
    const ssize_t count = write(to, left.data(), left.size());
    if (count >= 0) {
      left.remove_prefix(static_cast<size_t>(count));
    } else if (errno == EAGAIN) {
      AwaitWritable(to);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

}  // namespace semel::cli
