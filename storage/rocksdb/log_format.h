// The format in which RocksDB writes its log and its MANIFEST (doc/log_format.txt): blocks of 32 KiB, in each a chain of fragments
//
//   fragment := checksum:u32 (masked crc32c of type and data) length:u16 type:u8 data
//   type     := 1 FULL | 2 FIRST | 3 MIDDLE | 4 LAST
//
// A record is FULL, or FIRST MIDDLE* LAST. What is too short for a header at a block's end is zeros.

#ifndef SEMEL_STORAGE_ROCKSDB_LOG_FORMAT_H_
#define SEMEL_STORAGE_ROCKSDB_LOG_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace semel::storage::log_format {

inline constexpr size_t kBlock = 32'768;
inline constexpr size_t kHeader = 7;
enum Type : uint8_t { kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

struct Fragment {
  size_t end = 0;
  Type type{};
};

// Where the next fragment would begin, `at` being the end of one.
size_t PastTrailer(size_t at);

// What the header at `at` says; there must be room for one.
size_t LengthAt(std::string_view log, size_t at);

// nullopt: no whole fragment with the right checksum begins here.
std::optional<Fragment> FragmentAt(std::string_view log, size_t at);

// Where the first fragment begins that is not whole. nullopt: there is none.
std::optional<size_t> FirstBroken(std::string_view log);

// The checksum does not cover a fragment's length. One that a flipped bit made too long reads like the last write of a process that
// died in the middle of it, and RocksDB then lets go of it, and of all behind it, without a word. Where such a fragment
// begins; nullopt: there is none, and what is cut short at the end was never written whole.
std::optional<size_t> Overlong(std::string_view log);

// Whether a single flipped bit, of header or data, is all that keeps a whole fragment from beginning at `at`.
bool IsOneBitOff(std::string_view log, size_t at);

// Whether other bytes in place of the first `head` and the last `tail` ones make the fragment at `at` whole. Both together at
// most 3: a checksum fits some filling of 4.
bool CanBeFilled(std::string_view log, size_t at, size_t head, size_t tail);

}  // namespace semel::storage::log_format

#endif  // SEMEL_STORAGE_ROCKSDB_LOG_FORMAT_H_
