#include "storage/rocksdb/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "storage/rocksdb/durable_file.h"

namespace semel::storage {
namespace {

namespace fs = std::filesystem;

constexpr int kFormat = 1;
constexpr absl::string_view kFormatWords = "semel storage format ";
constexpr uint64_t kSpaceToStart = 4 << 20;  // beside what the log takes
constexpr char kRestoring[] = "RESTORING";

std::string FormatFile(const std::string& path) { return path + "/FORMAT"; }
std::string NewFormatFile(const std::string& path) { return path + "/FORMAT.new"; }
std::string LockFile(const std::string& path) { return path + "/LOCK"; }

template <typename... Parts>
absl::Status Unusable(const std::string& path, const Parts&... parts) {
  return absl::FailedPreconditionError(absl::StrCat("data directory ", path, ": ", parts...));
}

absl::Status Refused(const std::string& path, absl::string_view doing, int error) {
  const bool forbidden = error == EACCES || error == EPERM || error == EROFS;
  return Unusable(
      path, doing, ": ", std::generic_category().message(error),
      forbidden ? ". The server must be allowed to read it and write to it: check its owner, its mode and its mount"
                : "");
}

absl::Status OfDataDirectory(const absl::Status& status) {
  return status.ok() ? status : absl::Status(status.code(), absl::StrCat("data directory ", status.message()));
}

// What a directory that was never completed may hold. lost+found: a volume's own root is a fine data directory.
bool IsForeign(const std::string& name, bool half_made) {
  constexpr std::array<std::string_view, 3> kHarmless = {"LOCK", "FORMAT.new", "lost+found"};
  return std::find(kHarmless.begin(), kHarmless.end(), name) == kHarmless.end() && !(half_made && name == "db");
}

absl::StatusOr<std::vector<std::string>> ForeignNames(const std::string& path, bool half_made) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (IsForeign(name, half_made)) names.push_back(name);
  }
  if (error) return Refused(path, "cannot read it", error.value());
  return names;
}

// An empty RESTORING and nothing else: what DiscardRestored leaves.
bool HoldsOnlyAFailedRestore(const std::string& path) {
  const absl::StatusOr<std::vector<std::string>> names = ForeignNames(path, /*half_made=*/false);
  std::error_code error;
  return names.ok() && *names == std::vector<std::string>{kRestoring} &&
         fs::is_empty(absl::StrCat(path, "/", kRestoring), error) && !error;
}

absl::Status RefuseForeign(const std::string& path) {
  std::error_code error;
  const absl::StatusOr<std::vector<std::string>> names = ForeignNames(path, fs::exists(NewFormatFile(path), error));
  if (!names.ok()) return names.status();
  if (names->empty()) return absl::OkStatus();
  if (std::find(names->begin(), names->end(), kRestoring) != names->end()) {
    return Unusable(path,
                    "a restore into it did not come to its end, or is under way. It holds no database yet: empty the "
                    "directory and restore again");
  }
  return Unusable(path, "not a Semel data directory: it holds ", names->front(),
                  " but no FORMAT; name an empty or a new directory");
}

// Reads only, so that a directory which is not for this release stays as it is.
absl::Status CheckFormat(const std::string& path, bool& incomplete) {
  std::error_code error;
  incomplete = !fs::exists(FormatFile(path), error);
  if (error) return Refused(path, "cannot look for FORMAT", error.value());
  if (incomplete) return RefuseForeign(path);
  const absl::StatusOr<std::string> line = ReadWhole(FormatFile(path));
  if (!line.ok()) return OfDataDirectory(line.status());
  return DataDirectory::CheckFormatLine(absl::StrCat("data directory ", path), *line);
}

absl::Status Held(const std::string& path, int lock_file) {
  char pid[32] = {};
  const ssize_t size = pread(lock_file, pid, sizeof(pid) - 1, 0);
  const absl::string_view holder = absl::StripAsciiWhitespace(absl::string_view(pid, std::max<ssize_t>(size, 0)));
  return Unusable(path, "in use by process ", holder.empty() ? absl::string_view("unknown") : holder,
                  ": one process at a time may use a data directory");
}

absl::StatusOr<int> Lock(const std::string& path, int flags) {
  OpenFile file(LockFile(path), flags, 0640);
  if (!file.ok()) return Refused(path, "cannot open LOCK", errno);
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    return errno == EWOULDBLOCK ? Held(path, file.get()) : Refused(path, "cannot lock it", errno);
  }
  return file.Release();
}

absl::Status WriteNewFormat(const std::string& path) {
  const absl::Status status = WriteDurably(NewFormatFile(path), DataDirectory::FormatLine());
  return OfDataDirectory(status.ok() ? SyncDirectory(path) : status);
}

}  // namespace

std::string DataDirectory::FormatLine() { return absl::StrCat(kFormatWords, kFormat, "\n"); }

absl::Status DataDirectory::CheckFormatLine(const std::string& what, const std::string& line) {
  absl::string_view version = absl::StripAsciiWhitespace(line);
  int format = 0;
  if (!absl::ConsumePrefix(&version, kFormatWords) || !absl::SimpleAtoi(version, &format)) {
    return absl::FailedPreconditionError(absl::StrCat(
        what, ": not a Semel data directory, or FORMAT is damaged: it does not say \"", kFormatWords, kFormat, "\""));
  }
  if (format == kFormat) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(what, ": FORMAT says storage format ", format,
                                                    ", but this release reads only format ", kFormat,
                                                    ": run the release that wrote it, or a newer one. Nothing was "
                                                    "changed"));
}

absl::StatusOr<DataDirectory> DataDirectory::Acquire(const std::string& path) {
  if (path.empty()) return absl::InvalidArgumentError("no data directory was named");
  bool incomplete = false;
  if (absl::Status status = MakeDirectory(path); !status.ok()) return OfDataDirectory(status);
  if (absl::Status status = CheckFormat(path, incomplete); !status.ok()) return status;
  absl::StatusOr<int> lock_file = Lock(path, O_RDWR | O_CREAT);
  if (!lock_file.ok()) return lock_file.status();
  DataDirectory directory(path, *lock_file);
  // Another process may have made the directory between the check and the lock.
  if (absl::Status status = CheckFormat(path, directory.incomplete_); !status.ok()) return status;
  if (!WriteWhole(*lock_file, absl::StrCat(getpid(), "\n"))) return Refused(path, "cannot write LOCK", errno);
  if (directory.incomplete_) {
    if (absl::Status status = WriteNewFormat(path); !status.ok()) return status;
  }
  return directory;
}

absl::StatusOr<DataDirectory> DataDirectory::AcquireStopped(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) return Unusable(path, "there is no such directory");
  if (error) return Refused(path, "cannot look at it", error.value());
  if (!fs::is_directory(status)) return Unusable(path, "not a directory");
  bool incomplete = false;
  if (absl::Status format = CheckFormat(path, incomplete); !format.ok()) return format;
  if (incomplete) return Unusable(path, "it holds no database yet");
  // Every server makes the file and leaves it behind.
  absl::StatusOr<int> lock_file = Lock(path, O_RDONLY);
  if (!lock_file.ok()) return lock_file.status();
  return DataDirectory(path, *lock_file);
}

absl::StatusOr<DataDirectory> DataDirectory::AcquireForRestore(const std::string& path) {
  if (path.empty()) return absl::InvalidArgumentError("no data directory was named");
  std::error_code error;
  if (fs::exists(FormatFile(path), error)) {
    return Unusable(path, "it holds a database, and a restore overwrites nothing: name an empty or a new directory");
  }
  if (absl::Status status = MakeDirectory(path); !status.ok()) return OfDataDirectory(status);
  const bool failed_before = HoldsOnlyAFailedRestore(path);
  if (absl::Status status = RefuseForeign(path); !failed_before && !status.ok()) return status;
  absl::StatusOr<int> lock_file = Lock(path, O_RDWR | O_CREAT);
  if (!lock_file.ok()) return lock_file.status();
  DataDirectory directory(path, *lock_file);
  // Only now can no server begin to use it; one that a crash left half made is not empty either.
  const absl::StatusOr<std::vector<std::string>> names = ForeignNames(path, /*half_made=*/false);
  if (!names.ok()) return names.status();
  const bool fresh = names->empty() || HoldsOnlyAFailedRestore(path);
  if (!fresh || fs::exists(NewFormatFile(path), error) || fs::exists(FormatFile(path), error)) {
    return Unusable(path, "not empty, and a restore overwrites nothing: name an empty or a new directory");
  }
  fs::create_directory(absl::StrCat(path, "/", kRestoring), error);  // or it is there
  if (error) return Refused(path, "cannot write into it", error.value());
  if (absl::Status status = SyncDirectory(path); !status.ok()) return OfDataDirectory(status);
  directory.incomplete_ = true;
  return directory;
}

absl::Status DataDirectory::CheckSpace() const {
  uint64_t needed = kSpaceToStart;
  std::error_code error;
  for (fs::directory_iterator entry(database_path(), error), end; !error && entry != end; entry.increment(error)) {
    std::error_code vanished;
    if (entry->path().extension() == ".log") needed += entry->file_size(vanished);
  }
  const fs::space_info space = fs::space(path_, error);
  if (error) return Refused(path_, "cannot tell the space on its disk", error.value());
  if (space.available >= needed) return absl::OkStatus();
  return Unusable(path_, "No space left on device: a start needs ", needed >> 20, " MiB and there are ",
                  space.available >> 20, ". Free space on it, or enlarge it, then start again. Nothing was lost");
}

absl::Status DataDirectory::MarkComplete() {
  const absl::Status status = RenameDurably(NewFormatFile(path_), FormatFile(path_));
  if (status.ok()) incomplete_ = false;
  return OfDataDirectory(status);
}

// FORMAT comes last, and RESTORING goes after it: whatever is there before is refused.
absl::Status DataDirectory::MarkRestored() {
  const std::string restoring = absl::StrCat(path_, "/", kRestoring);
  absl::Status status = RenameDurably(restored_path(), database_path());
  if (status.ok()) status = WriteDurably(restoring + "/FORMAT", FormatLine());
  if (status.ok()) status = RenameDurably(restoring + "/FORMAT", FormatFile(path_));
  if (!status.ok()) return OfDataDirectory(status);
  incomplete_ = false;
  std::error_code harmless;  // nobody looks at it once there is a FORMAT
  fs::remove(restoring, harmless);
  return absl::OkStatus();
}

void DataDirectory::DiscardRestored() {
  std::error_code left_behind;                 // then the next restore says so
  fs::remove(FormatFile(path_), left_behind);  // first: with it the directory would count as restored
  fs::remove_all(database_path(), left_behind);
  fs::remove_all(restored_path(), left_behind);
  fs::remove(absl::StrCat(path_, "/", kRestoring, "/FORMAT"), left_behind);
}

DataDirectory::DataDirectory(DataDirectory&& other) noexcept
    : path_(std::move(other.path_)), lock_file_(std::exchange(other.lock_file_, -1)), incomplete_(other.incomplete_) {}

DataDirectory::~DataDirectory() {
  // The file stays: removing it would let two processes hold the locks of two files of that name.
  if (lock_file_ >= 0) close(lock_file_);
}

}  // namespace semel::storage
