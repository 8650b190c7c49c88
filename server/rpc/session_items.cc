#include "server/rpc/session_items.h"

namespace semel::rpc {

SessionItem& SessionItems::Take() {
  if (free_.empty()) {
    items_.push_back(std::make_unique<SessionItem>(owner_));
    free_.push_back(items_.back().get());
  }
  SessionItem& item = *free_.back();
  free_.pop_back();
  item.used = true;
  item.caller_gone = false;
  return item;
}

void SessionItems::GiveBack(SessionItem& item) {
  if (const auto found = waiting_.find(item.id); found != waiting_.end() && found->second == &item)
    waiting_.erase(found);
  item.used = false;
  item.request = {};
  free_.push_back(&item);
}

SessionItem* SessionItems::FindWaiting(uint64_t id) const {
  const auto found = waiting_.find(id);
  return found == waiting_.end() ? nullptr : found->second;
}

}  // namespace semel::rpc
