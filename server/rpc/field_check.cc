#include "server/rpc/field_check.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/engine/names.h"
#include "server/rpc/wire_time.h"

namespace semel::rpc {
namespace {

using engine::Duration;

// Enough to mend a request by. All that is told must fit into a call's trailers, of which clients take 8 KiB, and into an item
// of a batch.
constexpr size_t kMostTold = 16;

// The start of what came, made harmless for a message.
std::string Shown(std::string_view text) {
  constexpr size_t kMost = 40;
  return absl::StrCat("\"", absl::CHexEscape(std::string(text.substr(0, kMost))), text.size() > kMost ? "..." : "",
                      "\"");
}

// In the greatest unit that needs no fraction: 90 d, 36 h, 90 s.
std::string Shown(Duration duration) {
  constexpr std::pair<int64_t, const char*> kUnits[] = {
      {86'400'000'000, " d"}, {3'600'000'000, " h"}, {60'000'000, " min"}, {1'000'000, " s"}, {1'000, " ms"}};
  for (const auto& [micros, name] : kUnits) {
    if (duration.count() != 0 && duration.count() % micros == 0) return absl::StrCat(duration.count() / micros, name);
  }
  return duration.count() == 0 ? "0 s" : absl::StrCat(duration.count(), " us");
}

}  // namespace

void FieldCheck::Namespace(std::string_view ns) {
  constexpr char kRule[] = "required, [a-z0-9][a-z0-9._-]{0,62}; came ";
  if (!engine::IsNamespace(ns)) Fail("namespace", absl::StrCat(kRule, Shown(ns), " (", ns.size(), " bytes)"));
}

void FieldCheck::Key(std::string_view key) {
  constexpr char kRule[] = "required, 1 to 255 bytes of printable ASCII without a space at either end; came ";
  if (!engine::IsKey(key)) Fail("key", absl::StrCat(kRule, Shown(key), " (", key.size(), " bytes)"));
}

void FieldCheck::Token(int64_t token) {
  if (token <= 0) Fail("token", absl::StrCat("required, the token that Begin answered, above 0; came ", token));
}

void FieldCheck::Size(std::string_view field, size_t size, size_t max) {
  if (size > max) Fail(field, absl::StrCat("at most ", max, " bytes; came ", size));
}

void FieldCheck::Required(std::string_view field, size_t size, size_t max) {
  if (size == 0 || size > max) Fail(field, absl::StrCat("required, 1 to ", max, " bytes; came ", size));
}

void FieldCheck::Fail(std::string_view field, std::string description) {
  ++failures_;
  if (violations_.size() < kMostTold) violations_.push_back({std::string(field), std::move(description)});
}

Duration FieldCheck::Within(std::string_view field, const google::protobuf::Duration& wire, Duration min,
                            Duration max) {
  const std::optional<Duration> duration = FromWire(wire);
  if (duration && *duration >= min && *duration <= max) return *duration;
  const std::string came = duration ? Shown(*duration) : absl::StrCat(wire.seconds(), " s ", wire.nanos(), " ns");
  Fail(field, absl::StrCat("between ", Shown(min), " and ", Shown(max), "; came ", came));
  return min;
}

std::optional<engine::Refusal> FieldCheck::Verdict(engine::Reason reason) {
  if (violations_.empty()) return std::nullopt;
  std::string message = absl::StrCat(violations_.front().field, ": ", violations_.front().description);
  if (failures_ > 1) absl::StrAppend(&message, " (and ", failures_ - 1, " more)");
  return engine::Refusal{.reason = reason,
                         .message = std::move(message),
                         .metadata = {{"field", violations_.front().field}},
                         .violations = std::move(violations_)};
}

}  // namespace semel::rpc
