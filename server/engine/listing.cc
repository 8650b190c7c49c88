#include "server/engine/listing.h"

#include <utility>

#include "server/engine/decide.h"

namespace semel::engine {
namespace {

bool OnlyOpenKeysAre(VisibleState state) {
  switch (state) {
    case VisibleState::kInProgress:
    case VisibleState::kInDoubt: return true;
    case VisibleState::kDone:
    case VisibleState::kFailed:
    case VisibleState::kExpired: return false;
  }
  return false;
}

ListedKey WithoutWhatIsLarge(Key key, Found found) {
  ListedKey listed{.key = std::move(key), .found = std::move(found)};
  Record& record = listed.found.record;
  listed.checkpoint_size = record.checkpoint.size();
  record.checkpoint.clear();
  if (auto* result = std::get_if<storage::Result>(&record.outcome)) {
    result->payload_detached = result->payload_size > 0;
    result->payload.clear();
  } else if (auto* failure = std::get_if<storage::Failure>(&record.outcome)) {
    listed.details_left_out = !failure->details.empty();
    failure->details.clear();
  }
  return listed;
}

}  // namespace

storage::ScanRequest SliceOf(const ListRequest& request, const std::string& cursor, size_t limit) {
  storage::ScanRequest scan{.ns = request.ns, .name_prefix = request.name_prefix, .cursor = cursor, .limit = limit};
  if (request.state) (OnlyOpenKeysAre(*request.state) ? scan.open_only : scan.settled_only) = true;
  scan.most_examined = kListSlice;
  return scan;
}

void AddMatching(const ListRequest& request, const PolicyTable& policies, Time now, storage::ScanPage scanned,
                 ListPage& page) {
  for (auto& [key, record] : scanned.records) {
    std::optional<Found> found = Show(record, policies.For(key.ns).policy(), now);
    if (!found || (request.state && found->state != *request.state)) continue;
    page.keys.push_back(WithoutWhatIsLarge(std::move(key), *std::move(found)));
  }
}

}  // namespace semel::engine
