#include "storage/rocksdb/backup_directory.h"

#include <sys/file.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "storage/nested_paths.h"
#include "storage/rocksdb/durable_file.h"
#include "storage/rocksdb/failure_latch.h"

namespace semel::storage {
namespace {

namespace fs = std::filesystem;

constexpr absl::string_view kMarkerWords = "semel backups of database ";
std::string Marker(const std::string& path) { return path + "/SEMEL-BACKUPS"; }
std::string NewMarker(const std::string& path) { return path + "/SEMEL-BACKUPS.new"; }

template <typename... Parts>
absl::Status Unusable(const std::string& path, const Parts&... parts) {
  return absl::FailedPreconditionError(absl::StrCat("backup directory ", path, ": ", parts...));
}

absl::Status OfBackupDirectory(const absl::Status& status) {
  return status.ok() ? status : absl::Status(status.code(), absl::StrCat("backup directory ", status.message()));
}

absl::Status RefuseForeign(const std::string& path) {
  std::error_code error;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (name == "lost+found" || entry->path() == NewMarker(path)) continue;
    return Unusable(path, "holds ", name, " but no backups of Semel's: name an empty or a new directory");
  }
  if (error) return Unusable(path, "cannot read it: ", error.message());
  return absl::OkStatus();
}

// The name appears with its whole text, so that no crash leaves a directory that belongs to nobody.
absl::Status Mark(const std::string& path, const std::string& identity) {
  if (absl::Status status = RefuseForeign(path); !status.ok()) return status;
  absl::Status status = WriteDurably(NewMarker(path), absl::StrCat(kMarkerWords, identity, "\n"));
  if (status.ok()) status = RenameDurably(NewMarker(path), Marker(path));
  return OfBackupDirectory(status);
}

absl::StatusOr<std::string> ReadIdentity(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadWhole(Marker(path));
  if (!text.ok()) return OfBackupDirectory(text.status());
  absl::string_view identity = absl::StripAsciiWhitespace(*text);
  if (!absl::ConsumePrefix(&identity, kMarkerWords)) {
    return Unusable(path, "SEMEL-BACKUPS is not Semel's, or damaged: it does not begin with \"", kMarkerWords, "\"");
  }
  return std::string(identity);
}

absl::StatusOr<int> LockMarker(const std::string& path, int operation) {
  OpenFile marker(Marker(path), O_RDONLY);
  if (!marker.ok()) return Unusable(path, "cannot open SEMEL-BACKUPS: ", std::generic_category().message(errno));
  if (flock(marker.get(), operation | LOCK_NB) == 0) return marker.Release();
  if (errno != EWOULDBLOCK) return Unusable(path, "cannot lock it: ", std::generic_category().message(errno));
  return Unusable(path, "in use: a backup or a restore is under way. Try again when it has ended");
}

}  // namespace

absl::Status CheckApart(const std::string& backups, const std::string& data) {
  const absl::StatusOr<bool> nested = OneWithinTheOther(backups, data);
  if (!nested.ok()) return nested.status();
  if (!*nested) return absl::OkStatus();
  return Unusable(backups, "it and the data directory ", data,
                  " lie one within the other: name a directory elsewhere, best on another disk");
}

absl::StatusOr<BackupDirectory> BackupDirectory::AcquireForWriting(const std::string& path,
                                                                   const std::string& identity) {
  if (absl::Status status = MakeDirectory(path); !status.ok()) return OfBackupDirectory(status);
  std::error_code error;
  if (!fs::exists(Marker(path), error)) {
    if (error) return Unusable(path, "cannot look into it: ", error.message());
    if (absl::Status status = Mark(path, identity); !status.ok()) return status;
  }
  absl::StatusOr<int> marker = LockMarker(path, LOCK_EX);
  if (!marker.ok()) return marker.status();
  BackupDirectory directory(path, *marker);
  const absl::StatusOr<std::string> owner = ReadIdentity(path);
  if (!owner.ok()) return owner.status();
  if (*owner != identity) {
    return Unusable(path, "holds backups of another database (", *owner, ", this one is ", identity,
                    "): name a directory of its own for each database");
  }
  return directory;
}

absl::StatusOr<BackupDirectory> BackupDirectory::AcquireForReading(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) return Unusable(path, "there is no such directory");
  if (error) return Unusable(path, "cannot look at it: ", error.message());
  if (!fs::is_directory(status)) return Unusable(path, "not a directory");
  const bool marked = fs::exists(Marker(path), error);
  if (error) return Unusable(path, "cannot look into it: ", error.message());
  if (!marked) return Unusable(path, "holds no backups of Semel's");
  absl::StatusOr<int> marker = LockMarker(path, LOCK_SH);
  if (!marker.ok()) return marker.status();
  BackupDirectory directory(path, *marker);
  if (const absl::StatusOr<std::string> owner = ReadIdentity(path); !owner.ok()) return owner.status();
  return directory;
}

BackupDirectory::BackupDirectory(BackupDirectory&& other) noexcept
    : path_(std::move(other.path_)), marker_(std::exchange(other.marker_, -1)) {}

BackupDirectory::~BackupDirectory() {
  if (marker_ >= 0) close(marker_);
}

// The engine's defaults share files by name, size and session or checksum, and sync what they write.
rocksdb::BackupEngineOptions EngineOptions(const std::string& directory) {
  rocksdb::BackupEngineOptions options(directory);
  options.share_table_files = true;
  options.share_files_with_checksum = true;
  options.sync = true;
  return options;
}

absl::StatusOr<std::unique_ptr<rocksdb::BackupEngineReadOnly>> OpenForReading(const BackupDirectory& directory) {
  rocksdb::BackupEngineReadOnly* engine = nullptr;
  const rocksdb::Status status =
      rocksdb::BackupEngineReadOnly::Open(EngineOptions(directory.path()), rocksdb::Env::Default(), &engine);
  std::unique_ptr<rocksdb::BackupEngineReadOnly> owned(engine);
  if (!status.ok()) return BackupError(status, absl::StrCat("cannot read the backups in ", directory.path()));
  return owned;
}

BackupInfo InfoOf(const rocksdb::BackupInfo& backup) {
  return {
      .id = backup.backup_id, .create_time = Time(std::chrono::seconds(backup.timestamp)), .size_bytes = backup.size};
}

absl::Status BackupError(const rocksdb::Status& status, const std::string& doing) {
  if (status.IsNoSpace()) {
    return absl::UnavailableError(
        absl::StrCat(doing, ": no space is left on its disk, free some or keep fewer backups: ", status.ToString()));
  }
  return FromRocksDb(status, doing);
}

}  // namespace semel::storage
