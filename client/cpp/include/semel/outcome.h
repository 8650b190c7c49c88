// How a side effect ended: what an owner reports, and what everyone who asks for the same key is told afterwards.
//
// Plain values: threads may read one together, and change only their own.

#ifndef SEMEL_OUTCOME_H_
#define SEMEL_OUTCOME_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <variant>

namespace semel {

// Lengths of time. Sent with nanosecond resolution; the server keeps microseconds.
using Duration = std::chrono::nanoseconds;
// Instants of the server's clock, which the caller's clock need not share: show them, do not compute with them.
using Time = std::chrono::system_clock::time_point;

// The side effect was done, and this is what it left behind for those who ask again.
struct Result {
  std::string payload;  // opaque bytes; at most the namespace's max_result_bytes (default 1 MiB, never above 3 MiB)
  std::string content_type;  // media type of the payload, at most 128 bytes
  // Short facts beside the payload, for example an HTTP status: at most 32, names of 1 to 64 bytes, values of at most
  // 256 bytes, at most 2,048 bytes in all.
  std::map<std::string, std::string> attributes;
  // The payload was too large to keep: the effect is done, its answer cannot be replayed. The payload is then empty.
  bool omitted = false;

  // Set by the server, ignored in requests.
  int64_t payload_size = 0;       // of the stored payload, in bytes; also where it was left out
  bool payload_left_out = false;  // a batch's answer would have grown too large: Client::Lookup fetches the payload
};

// The side effect was not done.
struct Failure {
  std::string reason;   // for programs: UPPER_SNAKE_CASE, 1 to 64 bytes; required
  std::string message;  // for people, at most 512 bytes
  std::string details;  // opaque bytes, at most 16,384
  // True: another attempt may run after retry_after. False: the failure is final and is replayed like a result.
  bool retryable = false;
  Duration retry_after{};  // 0 s to 7 days; only with retryable

  // Set by the server, ignored in requests.
  bool details_left_out = false;  // as Result::payload_left_out
};

// What an owner reports. Who does not know whether the effect happened reports nothing: the lease lapses, and the next
// attempt is told so.
using Outcome = std::variant<Result, Failure>;

}  // namespace semel

#endif  // SEMEL_OUTCOME_H_
