// Listing keys: what is asked for, and a page of it.

#ifndef SEMEL_SERVER_ENGINE_LISTING_H_
#define SEMEL_SERVER_ENGINE_LISTING_H_

#include <optional>
#include <string>
#include <vector>

#include "server/engine/limits.h"
#include "server/engine/policy_table.h"
#include "server/engine/reply.h"
#include "storage/storage.h"

namespace semel::engine {

struct ListRequest {
  std::string ns;                     // empty: every namespace
  std::string name_prefix;            // only with ns
  std::optional<VisibleState> state;  // nullopt: any
  std::string cursor;                 // where the page before ended; empty: from the start
  size_t limit = kMaxPageKeys;        // keys a page
};

// A key as Lookup would show it at that instant, without what is large.
struct ListedKey {
  Key key;
  Found found;  // payload_detached where there is a payload; no checkpoint, no failure details
  size_t checkpoint_size = 0;
  bool details_left_out = false;
};

// May hold fewer keys than were asked for, even none, and not be the last: how much of the storage a page looks at is bounded.
struct ListPage {
  std::vector<ListedKey> keys;
  std::string next_cursor;  // empty: that was the last page
};

// The part of the storage that the request may be answered from, one slice.
storage::ScanRequest SliceOf(const ListRequest& request, const std::string& cursor, size_t limit);

// Adds what is asked for among the records.
void AddMatching(const ListRequest& request, const PolicyTable& policies, Time now, storage::ScanPage scanned,
                 ListPage& page);

}  // namespace semel::engine

#endif  // SEMEL_SERVER_ENGINE_LISTING_H_
