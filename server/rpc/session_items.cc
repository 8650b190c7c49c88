#include "server/rpc/session_items.h"

namespace semel::rpc {
namespace {

constexpr size_t kMostKept = 64;  // by a stream where nothing is unanswered

}  // namespace

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
  if (const auto found = begins_.find(item.id); found != begins_.end() && found->second == &item) begins_.erase(found);
  item.used = false;
  item.request = {};
  free_.push_back(&item);
}

void SessionItems::KeepFew() {
  if (size() > 0 || items_.size() <= kMostKept) return;
  begins_ = {};
  free_.clear();
  items_.resize(kMostKept);
  for (auto& item : items_) free_.push_back(item.get());
}

SessionItem* SessionItems::ForgetBegin(uint64_t id) {
  const auto found = begins_.find(id);
  if (found == begins_.end()) return nullptr;
  SessionItem* item = found->second;
  begins_.erase(found);
  return item;
}

}  // namespace semel::rpc
