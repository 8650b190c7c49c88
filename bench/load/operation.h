// What callers ask for, whomever they ask: a Begin or a Complete, of one key or of many at once.

#ifndef SEMEL_BENCH_LOAD_OPERATION_H_
#define SEMEL_BENCH_LOAD_OPERATION_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace semel::bench {

using SteadyClock = std::chrono::steady_clock;

// What every caller calls itself.
inline constexpr std::string_view kOwner = "bench";

// What became of one key.
enum class Answer {
  kNone,
  kAcquired,  // Begin: the caller owns it
  kDone,      // Begin: it was done before
  kStored,    // Complete: the outcome is stored
  kOther,     // anything else, which no flow asks for
};

struct Item {
  std::string key;          // 36 characters
  std::string fingerprint;  // 32 bytes
  std::string attempt_id;   // 16 bytes, new for every logical Begin
  std::string_view result;  // of a Complete, or what an echo carries; the bytes live as long as the caller
  int64_t token = 0;        // Begin sets it where the key is acquired, Complete needs it
  int64_t attempt = 0;      // Begin sets it where the key is acquired
  std::string stored;       // Begin sets it where the key is done: the result
  Answer answer = Answer::kNone;
};

struct Operation {
  // A read-back is a Begin of a key that is done.
  enum class Kind { kEcho, kBegin, kComplete, kReadBack };

  Kind kind = Kind::kEcho;
  size_t caller = 0;  // whose it is, counted from 0; a caller has one operation in flight at a time
  std::vector<Item> items;
  std::chrono::milliseconds lease{30'000};
  std::chrono::milliseconds retention{0};
  std::string error;  // empty: it was answered, item by item
  SteadyClock::time_point sent;

  std::string_view name() const {
    switch (kind) {
      case Kind::kEcho: return "Echo";
      case Kind::kBegin: return "Begin";
      case Kind::kComplete: return "Complete";
      case Kind::kReadBack: return "Read back";
    }
    return "";
  }
  bool begins() const { return kind == Kind::kBegin || kind == Kind::kReadBack; }
};

}  // namespace semel::bench

#endif  // SEMEL_BENCH_LOAD_OPERATION_H_
