#include "bench/traffic/story.h"

#include <cstring>

#include "absl/strings/str_format.h"

namespace semel::bench {
namespace {

// SplitMix64: the n-th of the words that follow from a number.
uint64_t Word(uint64_t number, uint64_t n) {
  uint64_t z = number + (n + 1) * 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

enum WordFor : uint64_t { kKey, kKeyToo, kFate, kSize, kPayload, kFingerprint };

constexpr size_t kLargest = 64'000;
constexpr size_t kShifts = 4096;  // payloads of one size differ in where they begin

const std::string& PayloadBytes() {
  static const auto* const bytes = [] {
    auto* made = new std::string(kLargest + kShifts, '\0');
    for (size_t i = 0; i + 8 <= made->size(); i += 8) {
      const uint64_t word = Word(i, 0);
      std::memcpy(made->data() + i, &word, 8);
    }
    return made;
  }();
  return *bytes;
}

Fate FateOf(uint64_t number, const Shares& shares) {
  uint64_t draw = Word(number, kFate) % 1000;
  auto falls_to = [&draw](unsigned share) {
    if (draw < share) return true;
    draw -= share;
    return false;
  };
  if (falls_to(shares.contended)) return Fate::kContended;
  if (falls_to(shares.raced)) return Fate::kRaced;
  if (falls_to(shares.failed)) return Fate::kFailed;
  if (falls_to(shares.retried)) return Fate::kRetried;
  if (falls_to(shares.taken_over)) return Fate::kTakenOver;
  return Fate::kResult;
}

const ResultSize* SizeOf(uint64_t number, const Shares& shares) {
  uint64_t draw = Word(number, kSize) % 1000;
  for (const ResultSize& size : shares.sizes) {
    if (draw < size.share) return &size;
    draw -= size.share;
  }
  return &shares.sizes.front();
}

}  // namespace

Story::Story(uint64_t number, const Shares& shares)
    : number_(number), fate_(FateOf(number, shares)), size_(SizeOf(number, shares)) {}

std::string Story::key() const {
  const uint64_t a = Word(number_, kKey), b = Word(number_, kKeyToo);
  return absl::StrFormat("%08x-%04x-%04x-%04x-%012x", a >> 32, (a >> 16) & 0xFFFF, a & 0xFFFF, b >> 48,
                         b & 0xFFFF'FFFF'FFFF);
}

std::string Story::fingerprint() const {
  std::string bytes(32, '\0');
  for (size_t i = 0; i < 4; ++i) {
    const uint64_t word = Word(number_, kFingerprint + i);
    std::memcpy(bytes.data() + 8 * i, &word, 8);
  }
  return bytes;
}

std::string_view Story::payload() const {
  return std::string_view(PayloadBytes()).substr(Word(number_, kPayload) % kShifts, size_->bytes);
}

}  // namespace semel::bench
