// The page tokens of ListKeys: where the next page begins, bound to what is listed.

#ifndef SEMEL_SERVER_RPC_PAGE_TOKEN_H_
#define SEMEL_SERVER_RPC_PAGE_TOKEN_H_

#include <optional>
#include <string>

#include "server/engine/listing.h"

namespace semel::rpc {

// Printable ASCII. Not a secret and no permission: it names the key that the page before ended with.
std::string ToPageToken(const engine::ListRequest& listing, const std::string& cursor);

// The cursor. nullopt: not a token of this listing. Good for ever, also after a restart.
std::optional<std::string> FromPageToken(const engine::ListRequest& listing, const std::string& token);

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_PAGE_TOKEN_H_
