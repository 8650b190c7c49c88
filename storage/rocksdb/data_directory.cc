#include "storage/rocksdb/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace semel::storage {
namespace {

namespace fs = std::filesystem;

constexpr int kFormat = 1;
constexpr absl::string_view kFormatWords = "semel storage format ";

std::string FormatFile(const std::string& path) { return path + "/FORMAT"; }
std::string NewFormatFile(const std::string& path) { return path + "/FORMAT.new"; }
std::string LockFile(const std::string& path) { return path + "/LOCK"; }

template <typename... Parts>
absl::Status Unusable(const std::string& path, const Parts&... parts) {
  return absl::FailedPreconditionError(absl::StrCat("data directory ", path, ": ", parts...));
}

absl::Status SystemError(const std::string& path, absl::string_view doing, int error) {
  return Unusable(path, doing, ": ", std::generic_category().message(error));
}

// An owned file descriptor for the length of a scope.
class File {
 public:
  File(const std::string& path, int flags, mode_t mode = 0) : fd_(open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  bool ok() const { return fd_ >= 0; }
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

bool WriteWhole(int fd, const std::string& text) {
  return ftruncate(fd, 0) == 0 && pwrite(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
}

absl::Status SyncDirectory(const std::string& path) {
  File directory(path, O_RDONLY | O_DIRECTORY);
  if (!directory.ok() || fsync(directory.get()) != 0) return SystemError(path, "cannot sync", errno);
  return absl::OkStatus();
}

absl::Status MakeDirectory(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::is_directory(status)) return absl::OkStatus();
  if (fs::exists(status)) return Unusable(path, "not a directory");
  if (status.type() != fs::file_type::not_found) return SystemError(path, "cannot look at it", error.value());
  if (absl::Status made = MakeDirectory(path.parent_path()); !made.ok()) return made;
  if (!fs::create_directory(path, error) && error) return SystemError(path, "cannot make it", error.value());
  // The name of a new directory is lost in a power cut unless its parent is synced.
  return SyncDirectory(path.parent_path());
}

// What a directory that was never completed may hold. lost+found: a volume's own root is a fine data directory.
bool IsForeign(const std::string& name, bool half_made) {
  constexpr std::array<std::string_view, 3> kHarmless = {"LOCK", "FORMAT.new", "lost+found"};
  return std::find(kHarmless.begin(), kHarmless.end(), name) == kHarmless.end() && !(half_made && name == "db");
}

absl::Status RefuseForeign(const std::string& path) {
  std::error_code error;
  const bool half_made = fs::exists(NewFormatFile(path), error);
  fs::directory_iterator entries(path, error);
  if (error) return SystemError(path, "cannot read it", error.value());
  for (const fs::directory_entry& entry : entries) {
    if (!IsForeign(entry.path().filename(), half_made)) continue;
    return Unusable(path, "not a Semel data directory: it holds ", entry.path().filename().string(),
                    " but no FORMAT; name an empty or a new directory");
  }
  return absl::OkStatus();
}

// Reads only, so that a directory which is not for this release stays as it is.
absl::Status CheckFormat(const std::string& path, bool& incomplete) {
  std::error_code error;
  incomplete = !fs::exists(FormatFile(path), error);
  if (error) return SystemError(path, "cannot look for FORMAT", error.value());
  if (incomplete) return RefuseForeign(path);
  std::ifstream file(FormatFile(path));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) return Unusable(path, "cannot read FORMAT");
  absl::string_view version = absl::StripAsciiWhitespace(text);
  int format = 0;
  if (!absl::ConsumePrefix(&version, kFormatWords) || !absl::SimpleAtoi(version, &format)) {
    return Unusable(path, "not a Semel data directory: FORMAT says something else than \"", kFormatWords, kFormat,
                    "\"");
  }
  if (format != kFormat) {
    return Unusable(path, "storage format ", format, ", but this release reads only format ", kFormat,
                    ": run the release that wrote it, or a newer one. Nothing was changed");
  }
  return absl::OkStatus();
}

absl::Status Held(const std::string& path, int lock_file) {
  char pid[32] = {};
  const ssize_t size = pread(lock_file, pid, sizeof(pid) - 1, 0);
  const absl::string_view holder = absl::StripAsciiWhitespace(absl::string_view(pid, std::max<ssize_t>(size, 0)));
  return Unusable(path, "in use by process ", holder.empty() ? absl::string_view("unknown") : holder,
                  ": one process at a time may use a data directory");
}

absl::StatusOr<int> Lock(const std::string& path) {
  File file(LockFile(path), O_RDWR | O_CREAT, 0640);
  if (!file.ok()) return SystemError(path, "cannot open LOCK", errno);
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    return errno == EWOULDBLOCK ? Held(path, file.get()) : SystemError(path, "cannot lock it", errno);
  }
  return file.Release();
}

absl::Status WriteNewFormat(const std::string& path) {
  File file(NewFormatFile(path), O_WRONLY | O_CREAT, 0640);
  if (!file.ok() || !WriteWhole(file.get(), absl::StrCat(kFormatWords, kFormat, "\n")) || fsync(file.get()) != 0) {
    return SystemError(path, "cannot write FORMAT.new", errno);
  }
  return SyncDirectory(path);
}

}  // namespace

absl::StatusOr<DataDirectory> DataDirectory::Acquire(const std::string& path) {
  if (path.empty()) return absl::InvalidArgumentError("no data directory was named");
  bool incomplete = false;
  const fs::path without_slash = fs::absolute(fs::path(path) / "").parent_path();
  if (absl::Status status = MakeDirectory(without_slash); !status.ok()) return status;
  if (absl::Status status = CheckFormat(path, incomplete); !status.ok()) return status;
  absl::StatusOr<int> lock_file = Lock(path);
  if (!lock_file.ok()) return lock_file.status();
  DataDirectory directory(path, *lock_file);
  // Another process may have made the directory between the check and the lock.
  if (absl::Status status = CheckFormat(path, directory.incomplete_); !status.ok()) return status;
  if (!WriteWhole(*lock_file, absl::StrCat(getpid(), "\n"))) return SystemError(path, "cannot write LOCK", errno);
  if (directory.incomplete_) {
    if (absl::Status status = WriteNewFormat(path); !status.ok()) return status;
  }
  return directory;
}

absl::Status DataDirectory::MarkComplete() {
  if (std::rename(NewFormatFile(path_).c_str(), FormatFile(path_).c_str()) != 0) {
    return SystemError(path_, "cannot write FORMAT", errno);
  }
  if (absl::Status status = SyncDirectory(path_); !status.ok()) return status;
  incomplete_ = false;
  return absl::OkStatus();
}

DataDirectory::DataDirectory(DataDirectory&& other) noexcept
    : path_(std::move(other.path_)), lock_file_(std::exchange(other.lock_file_, -1)), incomplete_(other.incomplete_) {}

DataDirectory::~DataDirectory() {
  // The file stays: removing it would let two processes hold the locks of two files of that name.
  if (lock_file_ >= 0) close(lock_file_);
}

}  // namespace semel::storage
