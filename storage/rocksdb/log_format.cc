#include "storage/rocksdb/log_format.h"

#include <algorithm>
#include <array>
#include <string>

namespace semel::storage::log_format {
namespace {

// What passing one more bit, a 0, makes of a crc, or of the difference of two.
constexpr uint32_t PastZero(uint32_t crc) { return crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0); }

constexpr std::array<uint32_t, 256> Crc32cTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = PastZero(crc);
    table[i] = crc;
  }
  return table;
}

class Crc32c {
 public:
  void Add(char byte) {
    static constexpr std::array<uint32_t, 256> kTable = Crc32cTable();
    crc_ = crc_ >> 8 ^ kTable[(crc_ ^ static_cast<uint8_t>(byte)) & 0xFF];
  }
  void Add(std::string_view bytes) {
    for (const char byte : bytes) Add(byte);
  }
  uint32_t Masked() const {
    const uint32_t crc = ~crc_;
    return (crc >> 15 | crc << 17) + kMask;
  }
  // In which bits it differs from what was masked.
  uint32_t DifferenceTo(uint32_t masked) const {
    const uint32_t rotated = masked - kMask;
    return ~crc_ ^ (rotated << 15 | rotated >> 17);
  }

 private:
  static constexpr uint32_t kMask = 0xA282EAD8u;
  uint32_t crc_ = ~0u;
};

uint32_t LittleEndian(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = bytes.size(); i > 0; --i) value = value << 8 | static_cast<uint8_t>(bytes[i - 1]);
  return value;
}

uint32_t ChecksumAt(std::string_view log, size_t at) { return LittleEndian(log.substr(at, 4)); }

// Whether a fragment that is followed by another, or by nothing, fits the checksum at `at`.
bool FitsAnotherLength(std::string_view log, size_t at) {
  Crc32c crc;
  crc.Add(log[at + 6]);
  for (size_t end = at + kHeader; end <= log.size(); ++end) {
    if (crc.Masked() == ChecksumAt(log, at)) {
      const size_t next = PastTrailer(end);
      if (next >= log.size() || FragmentAt(log, next)) return true;
    }
    if (end < log.size()) crc.Add(log[end]);
  }
  return false;
}

// Whether some `missing` more bytes lead to `masked`, in its bits from `from_bit` on.
bool SomeEndFits(const Crc32c& crc, size_t missing, uint32_t masked, size_t from_bit) {
  if (missing == 0) return crc.Masked() >> from_bit == masked >> from_bit;
  for (int byte = 0; byte < 256; ++byte) {
    Crc32c longer = crc;
    longer.Add(static_cast<char>(byte));
    if (SomeEndFits(longer, missing - 1, masked, from_bit)) return true;
  }
  return false;
}

}  // namespace

size_t PastTrailer(size_t at) {
  const size_t left = kBlock - at % kBlock;
  return left < kHeader ? at + left : at;
}

size_t LengthAt(std::string_view log, size_t at) { return LittleEndian(log.substr(at + 4, 2)); }

std::optional<Fragment> FragmentAt(std::string_view log, size_t at) {
  if (log.size() - at < kHeader) return std::nullopt;
  const size_t length = LengthAt(log, at);
  const auto type = static_cast<uint8_t>(log[at + 6]);
  const size_t end = at + kHeader + length;
  if (type < kFull || type > kLast || end > log.size() || kHeader + length > kBlock - at % kBlock) return std::nullopt;
  Crc32c crc;
  crc.Add(log.substr(at + 6, 1 + length));
  if (ChecksumAt(log, at) != crc.Masked()) return std::nullopt;
  return Fragment{.end = end, .type = static_cast<Type>(type)};
}

std::optional<size_t> FirstBroken(std::string_view log) {
  for (size_t at = PastTrailer(0); at < log.size();) {
    const std::optional<Fragment> fragment = FragmentAt(log, at);
    if (!fragment) return at;
    at = PastTrailer(fragment->end);
  }
  return std::nullopt;
}

// Goes by the lengths alone, so that it costs next to nothing: RocksDB looks at the checksums of what is whole.
std::optional<size_t> Overlong(std::string_view log) {
  size_t at = PastTrailer(0);
  while (at < log.size() && log.size() - at >= kHeader) {
    const size_t end = at + kHeader + LengthAt(log, at);
    if (end > log.size()) return FitsAnotherLength(log, at) ? std::optional(at) : std::nullopt;
    if (end > (at / kBlock + 1) * kBlock) return std::nullopt;  // RocksDB calls it damage
    at = PastTrailer(end);
  }
  return std::nullopt;
}

bool IsOneBitOff(std::string_view log, size_t at) {
  std::string fragment(log.substr(at, kBlock - at % kBlock));
  if (fragment.size() < kHeader) return false;
  for (size_t bit = 0; bit < 8 * kHeader; ++bit) {
    char& byte = fragment[bit / 8];
    const char is = byte;
    byte = static_cast<char>(is ^ 1 << bit % 8);
    if (FragmentAt(fragment, 0)) return true;
    byte = is;
  }
  const size_t length = LengthAt(fragment, 0);
  if (kHeader + length > fragment.size()) return false;
  Crc32c crc;
  crc.Add(std::string_view(fragment).substr(6, 1 + length));
  const uint32_t difference = crc.DifferenceTo(ChecksumAt(fragment, 0));
  uint32_t of_bit = PastZero(1);  // the difference that a flip makes: of the last bit, then of those before it
  for (size_t bits = 8 * length; bits > 0; --bits) {
    if (of_bit == difference) return true;
    of_bit = PastZero(of_bit);
  }
  return false;
}

bool CanBeFilled(std::string_view log, size_t at, size_t head, size_t tail) {
  if (head + tail > 3 || log.size() - at < kHeader) return false;
  const size_t length = LengthAt(log, at);
  const size_t room = std::min(kBlock - at % kBlock, log.size() - at);
  if (kHeader + length > room || length < tail) return false;
  Crc32c crc;
  crc.Add(log.substr(at + 6, 1 + length - tail));
  return SomeEndFits(crc, tail, ChecksumAt(log, at), 8 * head);
}

}  // namespace semel::storage::log_format
