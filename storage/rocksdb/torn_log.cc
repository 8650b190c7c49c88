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
#include <utility>

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

// What is written at once, before a sync: a record; or in the MANIFEST, where that is a flush, two.
enum class Kind { kLog, kManifest };

// RocksDB's VersionEdit: each is followed by a number. Stored, so they never change.
enum Tag : uint64_t { kNextFileNumber = 3, kLastSequence = 4, kPrevLogNumber = 9, kMinLogNumberToKeep = 10 };
constexpr size_t kLongestEndOfAFlush = log_format::kHeader + 4 * (1 + 10);

std::optional<uint64_t> TakeVarint(std::string_view& bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < std::min<size_t>(bytes.size(), 10); ++i) {
    const auto byte = static_cast<uint8_t>(bytes[i]);
    value |= uint64_t{byte & 0x7Fu} << 7 * i;
    if (byte >= 0x80) continue;
    bytes.remove_prefix(i + 1);
    return value;
  }
  return std::nullopt;
}

// Behind the change of the files a flush writes, in the same write, from which log on they are needed. Whether that stands at `at`,
// and ends the MANIFEST.
bool IsEndOfAFlush(std::string_view log, size_t at, Kind kind) {
  if (kind != Kind::kManifest || log.size() - at > kLongestEndOfAFlush) return false;
  const std::optional<Fragment> fragment = FragmentAt(log, at);
  if (!fragment || fragment->type != log_format::kFull || fragment->end != log.size()) return false;
  bool names_a_log = false;
  for (std::string_view edit = log.substr(at + log_format::kHeader); !edit.empty();) {
    const std::optional<uint64_t> tag = TakeVarint(edit);
    if (!tag || !TakeVarint(edit)) return false;
    if (*tag != kNextFileNumber && *tag != kLastSequence && *tag != kPrevLogNumber && *tag != kMinLogNumberToKeep) {
      return false;
    }
    names_a_log |= *tag == kMinLogNumberToKeep;
  }
  return names_a_log;
}

// A record that an earlier write was synced before.
bool BeginsAnotherWrite(std::string_view log, size_t at, Kind kind) {
  const std::optional<Fragment> fragment = FragmentAt(log, at);
  if (!fragment || (fragment->type != log_format::kFull && fragment->type != log_format::kFirst)) return false;
  return !IsEndOfAFlush(log, at, kind);
}

// From `at` to the end of its block.
bool AWriteBeginsInBlock(std::string_view log, size_t at, Kind kind) {
  const size_t block_end = std::min(log.size(), (at / kBlock + 1) * kBlock);
  while (at < block_end) {
    const std::optional<Fragment> fragment = FragmentAt(log, at);
    if (!fragment) return false;
    if (BeginsAnotherWrite(log, at, kind)) return true;
    at = fragment->end;
  }
  return false;
}

// In the block of the torn fragment a record may begin anywhere: the length that leads to it may be what is damaged.
bool AWriteBeginsAfter(std::string_view log, size_t torn, Kind kind) {
  const size_t block_end = std::min(log.size(), (torn / kBlock + 1) * kBlock);
  for (size_t at = torn + 1; at < block_end; ++at) {
    if (BeginsAnotherWrite(log, at, kind)) return true;
  }
  for (size_t block = (torn / kBlock + 1) * kBlock; block < log.size(); block += kBlock) {
    if (AWriteBeginsInBlock(log, block, kind)) return true;
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

bool IsTorn(std::string_view log, size_t at, Kind kind);

// Where the fragment ends, as far as its header got through: there the write ends as well, or goes on in the next block, or with
// the end of a flush. nullopt: it ends elsewhere, so that this is no torn write.
std::optional<size_t> TornFragmentEnd(std::string_view log, size_t at, Kind kind) {
  const size_t end = std::min(log.size(), (at / kBlock + 1) * kBlock);
  if (end - at < log_format::kHeader) return end;
  const bool length_is_lost = DidNotGetThrough(log, at, at + 4) || DidNotGetThrough(log, at, at + 5);
  const size_t own_end = at + log_format::kHeader + log_format::LengthAt(log, at);
  if (own_end >= end || length_is_lost) return end;
  const bool a_short_rest = kind == Kind::kManifest && log.size() - own_end <= kLongestEndOfAFlush;
  const bool a_flush = IsEndOfAFlush(log, own_end, kind) || (a_short_rest && IsTorn(log, own_end, kind));
  return a_flush ? std::optional(own_end) : std::nullopt;
}

// Whether holes are why no whole fragment begins at `at`. See MendTornLog.
bool IsTorn(std::string_view log, size_t at, Kind kind) {
  const std::optional<size_t> end = TornFragmentEnd(log, at, kind);
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
std::optional<size_t> TornRecord(std::string_view log, Kind kind) {
  size_t record = 0;
  bool in_record = false;
  for (size_t at = PastTrailer(0); at < log.size(); at = PastTrailer(at)) {
    const std::optional<Fragment> fragment = FragmentAt(log, at);
    if (!fragment) {
      const bool torn = IsTorn(log, at, kind) && !AWriteBeginsAfter(log, at, kind);
      return torn ? std::optional(in_record ? record : at) : std::nullopt;
    }
    if (!in_record) record = at;
    in_record = fragment->type == log_format::kFirst || fragment->type == log_format::kMiddle;
    at = fragment->end;
  }
  return std::nullopt;
}

// The newest log that holds anything: one that was just begun may be empty, and then all before it was synced.
absl::StatusOr<std::optional<fs::path>> NewestLog(const std::string& directory) {
  std::optional<fs::path> newest;
  uint64_t newest_number = 0;
  std::error_code error;
  for (fs::directory_iterator file(directory, error), end; !error && file != end; file.increment(error)) {
    uint64_t number = 0;
    if (file->path().extension() != ".log" || !absl::SimpleAtoi(file->path().stem().string(), &number)) continue;
    if (number < newest_number) continue;
    const uintmax_t size = file->file_size(error);
    if (error) break;
    if (size == 0) continue;
    newest = file->path();
    newest_number = number;
  }
  if (error) return SystemError(directory, "cannot list it", error.value());
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
  const absl::StatusOr<std::optional<fs::path>> newest = NewestLog(database_path);
  if (!newest.ok()) return newest.status();
  for (const auto& [path, kind] :
       {std::pair(Manifest(database_path), Kind::kManifest), std::pair(*newest, Kind::kLog)}) {
    if (!path) continue;
    const absl::StatusOr<std::string> log = ReadWhole(*path);
    if (!log.ok()) return log.status();
    const std::optional<size_t> at = TornRecord(*log, kind);
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
