#include "storage/rocksdb/durable_file.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace semel::storage {
namespace {

namespace fs = std::filesystem;

// `path` without the slashes at its end, which would be a parent of their own.
fs::path Normal(const std::string& path) { return fs::absolute(fs::path(path) / "").parent_path(); }

absl::Status MakeNormal(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::is_directory(status)) return absl::OkStatus();
  if (fs::exists(status)) return absl::FailedPreconditionError(absl::StrCat(path.string(), ": not a directory"));
  if (status.type() != fs::file_type::not_found) return SystemError(path, "cannot look at it", error.value());
  if (absl::Status made = MakeNormal(path.parent_path()); !made.ok()) return made;
  if (!fs::create_directory(path, error) && error) return SystemError(path, "cannot make it", error.value());
  // The name of a new directory is lost in a power cut unless its parent is synced.
  return SyncDirectory(path.parent_path());
}

}  // namespace

absl::Status SystemError(const std::string& path, absl::string_view doing, int error) {
  return absl::FailedPreconditionError(absl::StrCat(path, ": ", doing, ": ", std::generic_category().message(error)));
}

bool WriteWhole(int fd, const std::string& text) {
  if (ftruncate(fd, 0) != 0) return false;
  const ssize_t written = pwrite(fd, text.data(), text.size(), 0);
  if (written >= 0 && written < static_cast<ssize_t>(text.size())) errno = ENOSPC;
  return written == static_cast<ssize_t>(text.size());
}

absl::StatusOr<std::string> ReadWhole(const std::string& path) {
  const OpenFile file(path, O_RDONLY);
  if (!file.ok()) return SystemError(path, "cannot open it", errno);
  std::string text;
  char chunk[1 << 16];
  ssize_t got = 0;
  while ((got = read(file.get(), chunk, sizeof(chunk))) > 0) text.append(chunk, static_cast<size_t>(got));
  if (got < 0) return SystemError(path, "cannot read it", errno);
  return text;
}

absl::Status WriteDurably(const std::string& path, const std::string& text) {
  const OpenFile file(path, O_WRONLY | O_CREAT, 0640);
  if (!file.ok() || !WriteWhole(file.get(), text) || fsync(file.get()) != 0) {
    return SystemError(path, "cannot write it", errno);
  }
  return absl::OkStatus();
}

absl::Status SyncFile(const std::string& path) {
  const OpenFile file(path, O_RDONLY);
  if (!file.ok() || fsync(file.get()) != 0) return SystemError(path, "cannot sync it", errno);
  return absl::OkStatus();
}

absl::Status SyncDirectory(const std::string& path) {
  const OpenFile directory(path, O_RDONLY | O_DIRECTORY);
  if (!directory.ok() || fsync(directory.get()) != 0) return SystemError(path, "cannot sync it", errno);
  return absl::OkStatus();
}

absl::Status SyncTree(const std::string& path) {
  std::error_code error;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    const absl::Status status =
        entry->is_directory(error) ? SyncTree(entry->path().string()) : SyncFile(entry->path().string());
    if (!status.ok()) return status;
  }
  if (error) return SystemError(path, "cannot read it", error.value());
  return SyncDirectory(path);
}

absl::Status RenameDurably(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) return SystemError(to, "cannot put it in place", errno);
  return SyncDirectory(fs::path(to).parent_path());
}

absl::Status MakeDirectory(const std::string& path) { return MakeNormal(Normal(path)); }

}  // namespace semel::storage
