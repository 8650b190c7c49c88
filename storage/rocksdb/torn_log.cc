#include "storage/rocksdb/torn_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "storage/rocksdb/durable_file.h"
#include "storage/rocksdb/log_format.h"

namespace semel::storage {
namespace {

namespace fs = std::filesystem;

using log_format::Fragment;
using log_format::FragmentAt;
using log_format::kBlock;
using log_format::PastTrailer;

constexpr size_t kSector = 512;
// A write begins with a checksum, and ends with one or with a time: so many zeros stand there by chance once in 2^32 times.
constexpr size_t kConvincing = 4;

// From `at` to the end of its block.
bool ARecordBeginsInBlock(std::string_view log, size_t at) {
  const size_t block_end = std::min(log.size(), (at / kBlock + 1) * kBlock);
  while (at < block_end) {
    const std::optional<Fragment> fragment = FragmentAt(log, at);
    if (!fragment) return false;
    if (fragment->type == log_format::kFull || fragment->type == log_format::kFirst) return true;
    at = fragment->end;
  }
  return false;
}

// In the block of the torn fragment a record may begin anywhere: the length that leads to it may be what is damaged.
bool ARecordBeginsAfter(std::string_view log, size_t torn) {
  const size_t block_end = std::min(log.size(), (torn / kBlock + 1) * kBlock);
  for (size_t at = torn + 1; at < block_end; ++at) {
    const std::optional<Fragment> fragment = FragmentAt(log, at);
    if (fragment && (fragment->type == log_format::kFull || fragment->type == log_format::kFirst)) return true;
  }
  for (size_t block = (torn / kBlock + 1) * kBlock; block < log.size(); block += kBlock) {
    if (ARecordBeginsInBlock(log, block)) return true;
  }
  return false;
}

// Where the sector of `at` ends, or the log within it.
size_t SectorEnd(std::string_view log, size_t at) { return std::min(log.size(), (at / kSector + 1) * kSector); }

// What the write that began at `begin` put into the sector of `at`.
bool DidNotGetThrough(std::string_view log, size_t begin, size_t at) {
  const size_t from = std::max(begin, at / kSector * kSector);
  const std::string_view piece = log.substr(from, SectorEnd(log, at) - from);
  return std::all_of(piece.begin(), piece.end(), [](char byte) { return byte == 0; });
}

// Where the fragment ends, as far as its header got through: there the write ends as well, or goes on in the next block.
// nullopt: it ends elsewhere, so that this is no torn write.
std::optional<size_t> TornFragmentEnd(std::string_view log, size_t at) {
  const size_t end = std::min(log.size(), (at / kBlock + 1) * kBlock);
  if (end - at < log_format::kHeader) return end;
  const bool length_is_lost = DidNotGetThrough(log, at, at + 4) || DidNotGetThrough(log, at, at + 5);
  const bool ends_before = at + log_format::kHeader + log_format::LengthAt(log, at) < end;
  return ends_before && !length_is_lost ? std::nullopt : std::optional(end);
}

// Whether holes are why no whole fragment begins at `at`. See MendTornLog.
bool IsTorn(std::string_view log, size_t at) {
  const std::optional<size_t> end = TornFragmentEnd(log, at);
  if (!end) return false;
  size_t zeros = 0;
  for (size_t piece = at; piece < *end; piece = SectorEnd(log, piece)) {
    if (DidNotGetThrough(log, at, piece)) zeros += SectorEnd(log, piece) - piece;
  }
  if (zeros == 0 || log_format::IsOneBitOff(log, at)) return false;
  if (zeros >= kConvincing) return true;
  const size_t head = DidNotGetThrough(log, at, at) ? SectorEnd(log, at) - at : 0;
  return log_format::CanBeFilled(log, at, head, zeros - head);
}

// Where the torn last record begins; nullopt: no such record.
std::optional<size_t> TornRecord(std::string_view log) {
  size_t record = 0;
  bool in_record = false;
  for (size_t at = PastTrailer(0); at < log.size(); at = PastTrailer(at)) {
    const std::optional<Fragment> fragment = FragmentAt(log, at);
    if (!fragment) {
      const bool torn = IsTorn(log, at) && !ARecordBeginsAfter(log, at);
      return torn ? std::optional(in_record ? record : at) : std::nullopt;
    }
    if (!in_record) record = at;
    in_record = fragment->type == log_format::kFirst || fragment->type == log_format::kMiddle;
    at = fragment->end;
  }
  return std::nullopt;
}

// The newest log that holds anything: one that was just begun may be empty, and then all before it was synced.
std::optional<fs::path> NewestLog(const std::string& directory) {
  std::optional<fs::path> newest;
  uint64_t newest_number = 0;
  std::error_code error;
  for (fs::directory_iterator file(directory, error), end; !error && file != end; file.increment(error)) {
    uint64_t number = 0;
    if (file->path().extension() != ".log" || !absl::SimpleAtoi(file->path().stem().string(), &number)) continue;
    if (number < newest_number || file->file_size(error) == 0) continue;
    newest = file->path();
    newest_number = number;
  }
  return newest;
}

// The MANIFEST in use; none where CURRENT does not name one.
std::optional<fs::path> Manifest(const std::string& directory) {
  const absl::StatusOr<std::string> current = ReadWhole(directory + "/CURRENT");
  if (!current.ok()) return std::nullopt;
  const fs::path path = fs::path(directory) / std::string(absl::StripAsciiWhitespace(*current));
  std::error_code error;
  const bool is_one = path.filename().string().starts_with("MANIFEST-") && fs::is_regular_file(path, error);
  return is_one ? std::optional(path) : std::nullopt;
}

absl::Status TruncateDurably(const fs::path& path, size_t size) {
  const OpenFile file(path, O_WRONLY);
  const bool cut = file.ok() && ftruncate(file.get(), static_cast<off_t>(size)) == 0 && fsync(file.get()) == 0;
  return cut ? absl::OkStatus() : SystemError(path, "cannot cut off a torn write", errno);
}

}  // namespace

absl::StatusOr<std::vector<TornLog>> FindTornLogs(const std::string& database_path) {
  std::vector<TornLog> torn;
  for (const std::optional<fs::path>& path : {Manifest(database_path), NewestLog(database_path)}) {
    if (!path) continue;
    const absl::StatusOr<std::string> log = ReadWhole(*path);
    if (!log.ok()) return log.status();
    const std::optional<size_t> at = TornRecord(*log);
    if (at) torn.push_back({.path = *path, .sound_bytes = *at, .torn = log->substr(*at)});
  }
  return torn;
}

absl::StatusOr<std::vector<std::string>> MendTornLogs(const std::string& database_path, const std::string& keep_in) {
  const absl::StatusOr<std::vector<TornLog>> found = FindTornLogs(database_path);
  if (!found.ok()) return found.status();
  std::vector<std::string> mended;
  for (const TornLog& torn : *found) {
    const fs::path kept =
        fs::path(keep_in) / absl::StrCat("TORN-", fs::path(torn.path).stem().string(), "-", torn.sound_bytes);
    absl::Status status = WriteDurably(kept, torn.torn);
    if (status.ok()) status = SyncDirectory(keep_in);
    if (status.ok()) status = TruncateDurably(torn.path, torn.sound_bytes);
    if (!status.ok()) return status;
    mended.push_back(absl::StrCat("a power cut tore the last write, which nobody was told of: cut ", torn.torn.size(),
                                  " bytes off ", torn.path, " and kept them in ", kept.string()));
  }
  return mended;
}

}  // namespace semel::storage
