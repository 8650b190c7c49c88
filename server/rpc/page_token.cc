// token  := base64url(seal cursor)
// seal   := XXH3_64 over everything that the listing is asked with, and the cursor: 8 bytes. It catches
//           mix-ups, not forgers: a forged token shows nothing that the caller could not list anyway.

#include "server/rpc/page_token.h"

#include <xxhash.h>

#include <cstring>
#include <string_view>

#include "absl/strings/escaping.h"

namespace semel::rpc {
namespace {

constexpr size_t kSealBytes = sizeof(uint64_t);

void Append(std::string_view part, std::string& text) {
  const uint64_t size = part.size();
  text.append(reinterpret_cast<const char*>(&size), sizeof size);
  text.append(part);
}

std::string Seal(const engine::ListRequest& listing, std::string_view cursor) {
  std::string text(1, listing.state ? static_cast<char>('0' + static_cast<int>(*listing.state)) : '*');
  Append(listing.ns, text);
  Append(listing.name_prefix, text);
  Append(cursor, text);
  const uint64_t hash = XXH3_64bits(text.data(), text.size());
  std::string seal(kSealBytes, '\0');
  std::memcpy(seal.data(), &hash, kSealBytes);
  return seal;
}

}  // namespace

std::string ToPageToken(const engine::ListRequest& listing, const std::string& cursor) {
  return absl::WebSafeBase64Escape(Seal(listing, cursor) + cursor);
}

std::optional<std::string> FromPageToken(const engine::ListRequest& listing, const std::string& token) {
  std::string bytes;
  if (token.size() > engine::kMaxPageTokenBytes || !absl::WebSafeBase64Unescape(token, &bytes)) return std::nullopt;
  if (bytes.size() <= kSealBytes) return std::nullopt;
  std::string cursor = bytes.substr(kSealBytes);
  if (bytes.substr(0, kSealBytes) != Seal(listing, cursor)) return std::nullopt;
  return cursor;
}

}  // namespace semel::rpc
