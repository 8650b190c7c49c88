// Writer and Reader have the same verbs, so that one description of a value serves both directions, which then cannot
// drift apart:
//
//   template <typename Stream, typename SomePoint>
//   void Code(Stream& stream, SomePoint& point) { stream.Fixed(point.x); stream.Bytes(point.name); }
//
// Only for the codec of this directory. The grammar's words (fixed, varint, bytes) are explained in record_codec.cc.

#ifndef SEMEL_STORAGE_BYTE_STREAM_H_
#define SEMEL_STORAGE_BYTE_STREAM_H_

#include <array>
#include <concepts>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "storage/time.h"

namespace semel::storage {

template <typename T>
concept Number = std::integral<T> || std::is_enum_v<T>;

inline uint64_t Bits(Number auto value) { return static_cast<uint64_t>(value); }
inline uint64_t Bits(Time value) { return static_cast<uint64_t>(Micros(value)); }

class Writer {
 public:
  explicit Writer(size_t expected_size) { out_.reserve(expected_size); }

  template <Number T>
  void Fixed(T value) {
    char bytes[sizeof(T)];
    for (size_t i = 0; i < sizeof(T); ++i) bytes[i] = static_cast<char>(static_cast<uint64_t>(value) >> (8 * i));
    out_.append(bytes, sizeof(T));
  }
  void Fixed(Duration value) { Fixed(value.count()); }
  void Fixed(Time value) { Fixed(Micros(value)); }
  template <size_t N>
  void Fixed(const std::array<uint8_t, N>& value) {
    out_.append(value.begin(), value.end());
  }
  void BigEndian(uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) out_.push_back(static_cast<char>(value >> shift));
  }
  void Varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<char>(value | 0x80));
    out_.push_back(static_cast<char>(value));
  }
  // What it is greater, or less, than another value: short where they are close.
  template <typename T, typename Base>
  void Difference(T value, Base base) {
    const uint64_t difference = Bits(value) - Bits(base);
    Varint(difference << 1 ^ (difference >> 63 ? ~uint64_t{0} : 0));
  }
  void Raw(std::string_view value) { out_.append(value); }
  void Bytes(std::string_view value) {
    Varint(value.size());
    Raw(value);
  }
  template <typename T>
  void Count(const std::vector<T>& value) {
    Varint(value.size());
  }

  // What breaks its own rules would be unreadable once written: that is a defect of this program, and it stops.
  void Require(bool holds, const char* rule) const {
    if (holds) return;
    std::fprintf(stderr, "semel: refusing to write: %s\n", rule);
    std::abort();
  }

  const std::string& written() const { return out_; }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

// Once the bytes end too early or break a rule, everything read is zero or empty and ok() is false for good.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <Number T>
  void Fixed(T& value) {
    uint64_t bits = 0;
    int shift = 0;
    for (char byte : Raw(sizeof(T))) {
      bits |= uint64_t{static_cast<uint8_t>(byte)} << shift;
      shift += 8;
    }
    value = static_cast<T>(bits);
  }
  void Fixed(Duration& value) {
    int64_t micros = 0;
    Fixed(micros);
    value = Duration(micros);
  }
  void Fixed(Time& value) {
    int64_t micros = 0;
    Fixed(micros);
    value = FromMicros(micros);
  }
  template <size_t N>
  void Fixed(std::array<uint8_t, N>& value) {
    value.fill(0);
    size_t i = 0;
    for (char byte : Raw(N)) value[i++] = static_cast<uint8_t>(byte);
  }
  void BigEndian(uint64_t& value) {
    value = 0;
    for (char byte : Raw(8)) value = value << 8 | static_cast<uint8_t>(byte);
  }
  void Varint(uint64_t& value) {
    value = 0;
    for (int shift = 0;; shift += 7) {
      uint8_t byte = 0;
      Fixed(byte);
      const bool shortest = byte != 0 || shift == 0;
      const bool fits = shift < 63 || byte <= 1;
      Require(shortest && fits, "a varint in its shortest form");
      if (ok_) value |= uint64_t{byte & 0x7Fu} << shift;
      if (!ok_ || byte < 0x80) return;
    }
  }
  template <typename T, typename Base>
  void Difference(T& value, Base base) {
    uint64_t zigzag = 0;
    Varint(zigzag);
    const uint64_t bits = Bits(base) + (zigzag >> 1 ^ (zigzag & 1 ? ~uint64_t{0} : 0));
    if constexpr (std::is_same_v<T, Time>) {
      value = FromMicros(ok_ ? static_cast<int64_t>(bits) : 0);
    } else {
      value = static_cast<T>(ok_ ? bits : 0);
    }
  }
  std::string_view Raw(uint64_t size) {
    Require(size <= rest_.size(), "enough bytes");
    if (!ok_) return {};
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  void Bytes(std::string& value) {
    uint64_t size = 0;
    Varint(size);
    value = Raw(size);
  }
  // Every element takes a byte at least, which bounds the memory that a count can ask for.
  template <typename T>
  void Count(std::vector<T>& value) {
    uint64_t count = 0;
    Varint(count);
    Require(count <= rest_.size(), "as many elements as were counted");
    value.resize(ok_ ? count : 0);
  }

  void Require(bool holds, const char* /*rule*/) { ok_ = ok_ && holds; }

  bool ok() const { return ok_; }
  bool finished() const { return ok_ && rest_.empty(); }
  std::string_view rest() const { return ok_ ? rest_ : std::string_view(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_BYTE_STREAM_H_
