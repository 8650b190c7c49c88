// What becomes of a key, all of it from one number: so the generator can tell at any time, remembering no more than the number,
// what Semel must answer.

#ifndef SEMEL_BENCH_TRAFFIC_STORY_H_
#define SEMEL_BENCH_TRAFFIC_STORY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace semel::bench {

enum class Fate {
  kResult,     // the first attempt brings a result
  kContended,  // the same, and duplicates wait for it meanwhile
  kRaced,      // the same, but the duplicates come together with the first, and nobody knows which of them will own it
  kFailed,     // the first attempt fails for good
  kRetried,    // the first attempt fails and may be repeated; the second brings a result
  kTakenOver,  // the first owner falls silent; the second attempt brings a result
};

struct ResultSize {
  const char* name;
  size_t bytes;
  unsigned share;  // of a thousand results
};

struct Shares {
  unsigned replays = 90;  // of a thousand rounds; the others begin a fresh key
  // Of a thousand fresh keys. A contended or raced one has two duplicates: about 1 % of all Begins.
  unsigned contended = 3;
  unsigned raced = 3;
  unsigned failed = 10;
  unsigned retried = 10;
  unsigned taken_over = 10;
  std::array<ResultSize, 3> sizes{{{"200 B", 200, 900}, {"4 KB", 4'000, 90}, {"64 KB", 64'000, 10}}};

  // Nothing but fresh keys and results of 200 bytes, to compare with.
  static Shares Plain() {
    return {.replays = 0,
            .contended = 0,
            .raced = 0,
            .failed = 0,
            .retried = 0,
            .taken_over = 0,
            .sizes{{{"200 B", 200, 1000}, {"4 KB", 4'000, 0}, {"64 KB", 64'000, 0}}}};
  }
};

class Story {
 public:
  // `shares` must outlive the story.
  Story(uint64_t number, const Shares& shares);

  uint64_t number() const { return number_; }
  Fate fate() const { return fate_; }
  std::string key() const;          // 36 bytes
  std::string fingerprint() const;  // 32 bytes
  const ResultSize& size() const { return *size_; }
  std::string_view payload() const;  // of the result; the bytes live as long as the program

 private:
  uint64_t number_;
  Fate fate_;
  const ResultSize* size_;
};

}  // namespace semel::bench

#endif  // SEMEL_BENCH_TRAFFIC_STORY_H_
