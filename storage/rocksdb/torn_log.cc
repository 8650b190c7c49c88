// The format of the log (RocksDB's doc/log_format.txt): blocks of 32 KiB, in each a chain of fragments
//
//   fragment := checksum:u32 (masked crc32c of type and data) length:u16 type:u8 data
//   type     := 1 FULL | 2 FIRST | 3 MIDDLE | 4 LAST
//
// A record is FULL, or FIRST MIDDLE* LAST. What is too short for a header at a block's end is zeros.

#include "storage/rocksdb/torn_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <system_error>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace semel::storage {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBlock = 32'768;
constexpr size_t kHeader = 7;
constexpr size_t kSector = 512;
enum Type : uint8_t { kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

constexpr std::array<uint32_t, 256> Crc32cTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
    table[i] = crc;
  }
  return table;
}

uint32_t MaskedCrc32c(std::string_view bytes) {
  static constexpr std::array<uint32_t, 256> kTable = Crc32cTable();
  uint32_t crc = ~0u;
  for (char byte : bytes) crc = crc >> 8 ^ kTable[(crc ^ static_cast<uint8_t>(byte)) & 0xFF];
  crc = ~crc;
  return (crc >> 15 | crc << 17) + 0xA282EAD8u;
}

uint32_t LittleEndian(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = bytes.size(); i > 0; --i) value = value << 8 | static_cast<uint8_t>(bytes[i - 1]);
  return value;
}

struct Fragment {
  size_t end = 0;
  Type type{};
};

// Where the next fragment would begin.
size_t PastTrailer(size_t at) {
  const size_t left = kBlock - at % kBlock;
  return left < kHeader ? at + left : at;
}

// nullopt: no whole fragment with the right checksum begins here.
std::optional<Fragment> FragmentAt(std::string_view log, size_t at) {
  if (log.size() - at < kHeader) return std::nullopt;
  const size_t length = LittleEndian(log.substr(at + 4, 2));
  const auto type = static_cast<uint8_t>(log[at + 6]);
  const size_t end = at + kHeader + length;
  if (type < kFull || type > kLast || end > log.size() || kHeader + length > kBlock - at % kBlock) return std::nullopt;
  if (LittleEndian(log.substr(at, 4)) != MaskedCrc32c(log.substr(at + 6, 1 + length))) return std::nullopt;
  return Fragment{.end = end, .type = static_cast<Type>(type)};
}

// From `at` to the end of its block.
bool ARecordBeginsInBlock(std::string_view log, size_t at) {
  const size_t block_end = std::min(log.size(), (at / kBlock + 1) * kBlock);
  while (at < block_end) {
    const std::optional<Fragment> fragment = FragmentAt(log, at);
    if (!fragment) return false;
    if (fragment->type == kFull || fragment->type == kFirst) return true;
    at = fragment->end;
  }
  return false;
}

// The torn fragment's own length may be right, so that what follows it in its block is found as well.
bool ARecordBeginsAfter(std::string_view log, size_t torn) {
  if (log.size() - torn >= kHeader) {
    const size_t next = torn + kHeader + LittleEndian(log.substr(torn + 4, 2));
    if (next < log.size() && next / kBlock == torn / kBlock && ARecordBeginsInBlock(log, next)) return true;
  }
  for (size_t block = (torn / kBlock + 1) * kBlock; block < log.size(); block += kBlock) {
    if (ARecordBeginsInBlock(log, block)) return true;
  }
  return false;
}

bool HasHole(std::string_view bytes, size_t offset) {
  const size_t first_sector = (kSector - offset % kSector) % kSector;
  for (size_t at = first_sector; at + kSector <= bytes.size(); at += kSector) {
    const std::string_view sector = bytes.substr(at, kSector);
    if (std::all_of(sector.begin(), sector.end(), [](char byte) { return byte == 0; })) return true;
  }
  return false;
}

// Where the torn last record begins; nullopt: no such record.
std::optional<size_t> TornRecord(std::string_view log) {
  size_t record = 0;
  bool in_record = false;
  for (size_t at = PastTrailer(0); at < log.size(); at = PastTrailer(at)) {
    const std::optional<Fragment> fragment = FragmentAt(log, at);
    if (!fragment) {
      const bool torn = HasHole(log.substr(at), at) && !ARecordBeginsAfter(log, at);
      return torn ? std::optional(in_record ? record : at) : std::nullopt;
    }
    if (!in_record) record = at;
    in_record = fragment->type == kFirst || fragment->type == kMiddle;
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

absl::Status SystemError(const fs::path& file, const char* doing) {
  return absl::UnavailableError(
      absl::StrCat("cannot ", doing, " ", file.string(), ": ", std::generic_category().message(errno)));
}

absl::Status WriteSynced(const fs::path& path, std::string_view bytes) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  const bool written =
      file >= 0 && write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) && fsync(file) == 0;
  const absl::Status status = written ? absl::OkStatus() : SystemError(path, "write");
  if (file >= 0) close(file);
  return status;
}

absl::Status TruncateSynced(const fs::path& path, size_t size) {
  const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  const bool cut = file >= 0 && ftruncate(file, static_cast<off_t>(size)) == 0 && fsync(file) == 0;
  const absl::Status status = cut ? absl::OkStatus() : SystemError(path, "truncate");
  if (file >= 0) close(file);
  return status;
}

}  // namespace

absl::StatusOr<std::string> MendTornLog(const std::string& database_path, const std::string& keep_in) {
  const std::optional<fs::path> path = NewestLog(database_path);
  if (!path) return std::string();
  std::ifstream file(*path, std::ios::binary);
  const std::string log{std::istreambuf_iterator<char>(file), {}};
  if (!file) return SystemError(*path, "read");
  const std::optional<size_t> torn = TornRecord(log);
  if (!torn) return std::string();

  const fs::path kept = fs::path(keep_in) / absl::StrCat("TORN-", path->stem().string(), "-", *torn);
  if (absl::Status status = WriteSynced(kept, std::string_view(log).substr(*torn)); !status.ok()) return status;
  if (absl::Status status = TruncateSynced(*path, *torn); !status.ok()) return status;
  return absl::StrCat("a power cut tore the last write, which nobody was told of: cut ", log.size() - *torn,
                      " bytes off ", path->string(), " and kept them in ", kept.string());
}

}  // namespace semel::storage
