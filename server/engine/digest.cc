// DigestOf: XXH3 over an unambiguous rendering of the outcome (every part with its length before it). It only has to tell a
// repeated Complete from a different one by the holder of the same token, so it need not withstand forgery.

#include <xxhash.h>

#include <string_view>

#include "server/engine/request.h"

namespace semel::engine {
namespace {

class Rendering {
 public:
  void Add(uint64_t number) { bytes_.append(reinterpret_cast<const char*>(&number), sizeof number); }
  void Add(std::string_view text) {
    Add(text.size());
    bytes_.append(text);
  }
  uint64_t Hash() const { return XXH3_64bits(bytes_.data(), bytes_.size()); }

 private:
  std::string bytes_;  // little-endian: the hash is stored, and every supported platform is
};

enum Kind : uint64_t { kNothing = 0, kResult = 1, kFailure = 2 };

}  // namespace

uint64_t DigestOf(const Outcome& outcome) {
  Rendering rendering;
  if (const auto* result = std::get_if<storage::Result>(&outcome)) {
    rendering.Add(kResult);
    rendering.Add(static_cast<uint64_t>(result->omitted));
    rendering.Add(XXH3_64bits(result->payload.data(), result->payload.size()));
    rendering.Add(result->payload.size());
    rendering.Add(result->content_type);
    for (const auto& [name, value] : result->attributes) {
      rendering.Add(name);
      rendering.Add(value);
    }
  } else if (const auto* failure = std::get_if<storage::Failure>(&outcome)) {
    rendering.Add(kFailure);
    rendering.Add(failure->reason);
    rendering.Add(failure->message);
    rendering.Add(failure->details);
    rendering.Add(static_cast<uint64_t>(failure->retryable));
    rendering.Add(static_cast<uint64_t>(failure->retry_after.count()));
  } else {
    rendering.Add(kNothing);
  }
  return rendering.Hash();
}

}  // namespace semel::engine
