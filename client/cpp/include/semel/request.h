// What the calls of Client ask. The namespace is the Client's, unless CallOptions say otherwise.
//
// Plain values: threads may read one together, and change only their own. The functions are thread-safe.

#ifndef SEMEL_REQUEST_H_
#define SEMEL_REQUEST_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "semel/outcome.h"

namespace semel {

// 16 random bytes that name one logical Begin: a retry carries the same ones, a new Begin carries new ones. They say "I have
// not had my answer yet, so I have done nothing yet"; never derive them from the key.
using AttemptId = std::array<uint8_t, 16>;

// From the system's cryptographic random numbers. Thread-safe.
AttemptId NewAttemptId();

// SHA-256 of the canonical form of a request: 32 bytes for BeginRequest::fingerprint. Thread-safe.
std::string FingerprintOf(std::string_view canonical_request);

// What one call does differently from the others of its Client.
struct CallOptions {
  std::string namespace_name;       // empty: ClientOptions::namespace_name
  std::optional<Duration> timeout;  // with all its tries, above zero. Absent: ClientOptions::call_timeout
};

struct BeginRequest {
  std::string key;  // 1 to 255 bytes of printable ASCII, no space at either end
  std::string
      fingerprint;  // at most 64 bytes that identify the request's content; see FingerprintOf. Empty: not compared
  // Absent: the Client draws one, and repeats it in its own retries. Give one to be able to ask again after the Client gave up.
  std::optional<AttemptId> attempt_id;
  std::optional<Duration> lease;  // absent: ClientOptions::lease
  Duration wait{};                // how long to wait while another attempt is in progress, 0 s to 1 h; zero in a batch
  std::string owner;              // empty: ClientOptions::owner
};

struct CompleteRequest {
  std::string key;
  int64_t token = 0;
  Outcome outcome;
  // How long to replay the outcome, 1 ms to the namespace's result_retention_max. Absent: its result_retention.
  std::optional<Duration> retention;
};

struct RenewRequest {
  std::string key;
  int64_t token = 0;
  std::optional<Duration> lease;  // absent: the length granted before
};

}  // namespace semel

#endif  // SEMEL_REQUEST_H_
