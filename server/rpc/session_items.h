// The operations of one Session stream that are not answered yet.

#ifndef SEMEL_SERVER_RPC_SESSION_ITEMS_H_
#define SEMEL_SERVER_RPC_SESSION_ITEMS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/engine/operation.h"
#include "server/rpc/poller.h"
#include "server/rpc/session_wire.h"

namespace semel::rpc {

class SessionItem;

// Whose operations they are.
class SessionOwner {
 public:
  virtual engine::Outbox* ItemFinished(SessionItem& item, engine::Reply reply) = 0;

 protected:
  ~SessionOwner() = default;
};

class SessionItem final : public engine::Operation {
 public:
  explicit SessionItem(SessionOwner& owner) : owner_(owner) {}

  engine::Outbox* Finish(engine::Reply reply) override { return owner_.ItemFinished(*this, std::move(reply)); }

  bool used = false;
  uint64_t id = 0;
  SessionKind kind{};
  size_t weight = 0;  // bytes that it holds until it is answered
  Poller::Clock::time_point arrival;

 private:
  SessionOwner& owner_;
};

// Not thread-safe. Items are used again; an idle stream keeps few.
class SessionItems {
 public:
  explicit SessionItems(SessionOwner& owner) : owner_(owner) {}

  size_t size() const { return items_.size() - free_.size(); }

  SessionItem& Take();
  void GiveBack(SessionItem& item);
  // Where nothing is unanswered: frees what a burst took.
  void KeepFew();

  // By its id, for as long as it is used. One that came with the same id before is forgotten.
  void RememberBegin(SessionItem& item) { begins_[item.id] = &item; }
  SessionItem* ForgetBegin(uint64_t id);  // nullptr: there is none

  template <class Visit>
  void ForEach(Visit visit) {
    for (auto& item : items_) {
      if (item->used) visit(*item);
    }
  }

 private:
  SessionOwner& owner_;
  std::vector<std::unique_ptr<SessionItem>> items_;
  std::vector<SessionItem*> free_;
  absl::flat_hash_map<uint64_t, SessionItem*> begins_;
};

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_SESSION_ITEMS_H_
