#include "storage/rocksdb/damage.h"

#include <rocksdb/db.h>
#include <rocksdb/metadata.h>
#include <rocksdb/sst_file_reader.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "storage/rocksdb/durable_file.h"
#include "storage/rocksdb/log_format.h"

namespace semel::storage {
namespace {

namespace fs = std::filesystem;

constexpr char kAdvice[] =
    "Restore the latest backup into another directory (semel restore), and keep this one to look "
    "at";

// Those in the format of the log: MANIFEST first, because it says which of the others count. A database that is not there yet has
// none.
absl::StatusOr<std::vector<std::string>> LogFiles(const std::string& database_path) {
  std::vector<std::string> manifests;
  std::vector<std::string> logs;
  std::error_code error;
  for (fs::directory_iterator entry(database_path, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (name.starts_with("MANIFEST-")) manifests.push_back(entry->path());
    if (name.ends_with(".log")) logs.push_back(entry->path());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return SystemError(database_path, "cannot list it", error.value());
  }
  std::sort(manifests.begin(), manifests.end());
  std::sort(logs.begin(), logs.end());
  manifests.insert(manifests.end(), logs.begin(), logs.end());
  return manifests;
}

// What follows is only zeros, as in a file that was made longer than it was written.
bool IsBlank(const std::string& bytes, size_t from) {
  return std::all_of(bytes.begin() + static_cast<std::ptrdiff_t>(from), bytes.end(),
                     [](char byte) { return byte == 0; });
}

// The last write of a process that died in the middle of it.
bool IsUnfinished(const std::string& log, size_t at) {
  if (log.size() - at < log_format::kHeader) return true;
  return at + log_format::kHeader + log_format::LengthAt(log, at) > log.size() && !log_format::Overlong(log);
}

std::string DamagedCurrent(const std::string& database_path) {
  const std::string path = database_path + "/CURRENT";
  const absl::StatusOr<std::string> text = ReadWhole(path);
  if (!text.ok()) return std::string(text.status().message());
  const std::string name(absl::StripAsciiWhitespace(*text));
  std::error_code error;
  if (name.starts_with("MANIFEST-") && text->back() == '\n' && fs::exists(database_path + "/" + name, error)) return "";
  return path + " does not name a MANIFEST that is there";
}

// RocksDB looks for a missing table under the name that tables had long ago, and names the MANIFEST that asked for it.
std::string MissingTable(const std::string& message) {
  const size_t end = message.find(".ldb");
  const size_t begin = message.rfind(": ", end);
  if (end == std::string::npos || begin == std::string::npos) return "";
  const std::string path = message.substr(begin + 2, end - begin - 2) + ".sst";
  std::error_code error;
  return fs::exists(path, error) ? "" : path + " is missing";
}

// Only what a start reads of each: its footer, its index, its properties.
std::string DamagedTable(const std::string& database_path) {
  std::error_code error;
  for (fs::directory_iterator entry(database_path, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() != ".sst") continue;
    rocksdb::SstFileReader table{rocksdb::Options()};
    const rocksdb::Status status = table.Open(entry->path());
    if (!status.ok()) return absl::StrCat(entry->path().string(), " is damaged: ", status.ToString());
  }
  return "";
}

std::string FirstDamage(const std::string& database_path) {
  if (std::string current = DamagedCurrent(database_path); !current.empty()) return current;
  const absl::StatusOr<std::vector<std::string>> paths = LogFiles(database_path);
  if (!paths.ok()) return std::string(paths.status().message());
  for (const std::string& path : *paths) {
    const absl::StatusOr<std::string> log = ReadWhole(path);
    if (!log.ok()) return std::string(log.status().message());
    const std::optional<size_t> broken = log_format::FirstBroken(*log);
    if (!broken || IsBlank(*log, *broken) || IsUnfinished(*log, *broken)) continue;
    return absl::StrCat(path, " is damaged at byte ", *broken);
  }
  return "";
}

}  // namespace

absl::Status CheckLogLengths(const std::string& database_path) {
  const absl::StatusOr<std::vector<std::string>> paths = LogFiles(database_path);
  if (!paths.ok()) return paths.status();
  for (const std::string& path : *paths) {
    const absl::StatusOr<std::string> log = ReadWhole(path);
    if (!log.ok()) return log.status();
    const std::optional<size_t> at = log_format::Overlong(*log);
    if (!at) continue;
    return absl::DataLossError(absl::StrCat(path, " is damaged at byte ", *at,
                                            ": the length of a record does not fit its checksum. ", kAdvice));
  }
  return absl::OkStatus();
}

absl::Status CheckBlobFiles(const Database& database) {
  for (rocksdb::ColumnFamilyHandle* family : database.families()) {
    rocksdb::ColumnFamilyMetaData files;
    database->GetColumnFamilyMetaData(family, &files);
    for (const rocksdb::BlobMetaData& file : files.blob_files) {
      const std::string path = absl::StrCat(file.blob_file_path, "/", file.blob_file_name);
      std::error_code error;
      const uintmax_t size = fs::file_size(path, error);
      if (!error && size == file.blob_file_size) continue;
      return absl::DataLossError(
          absl::StrCat(path, error ? " is missing" : " is damaged: it is not of its size", ". ", kAdvice));
    }
  }
  return absl::OkStatus();
}

absl::Status NameDamage(const absl::Status& error, const std::string& database_path) {
  if (error.ok()) return error;
  std::string damage = MissingTable(std::string(error.message()));
  if (damage.empty()) damage = FirstDamage(database_path);
  if (damage.empty() && absl::IsDataLoss(error)) damage = DamagedTable(database_path);
  if (damage.empty() && !absl::IsDataLoss(error)) return error;
  return absl::DataLossError(absl::StrCat(error.message(), damage.empty() ? "" : ": ", damage, ". ", kAdvice));
}

}  // namespace semel::storage
