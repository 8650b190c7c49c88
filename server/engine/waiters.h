// Begins that wait for a key (rule 14): who waits for what, in order of arrival, and when something falls due.
//
// Waiters only keeps order and time. What becomes of a waiter is decided like any other request, by the committer.

#ifndef SEMEL_SERVER_ENGINE_WAITERS_H_
#define SEMEL_SERVER_ENGINE_WAITERS_H_

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/engine/limits.h"
#include "server/engine/operation.h"

namespace semel::engine {

// Not thread-safe: guarded by the committer's mutex.
class Waiters {
 public:
  explicit Waiters(const Limits& limits) : limits_(limits) {}

  // Lets `operation` wait at the end of its key's queue until `until`. False, and nothing changes, past a bound.
  bool Park(Operation* operation, Time until);

  // When the lease of the key's owner lapses, unless it is renewed: the moment to look again.
  void SetLapse(const Key& key, Time lapse);

  // Asked for every Begin: mostly nobody waits for anything, and then no key is hashed.
  bool Waiting(const Key& key) const { return !queues_.empty() && queues_.contains(key); }
  Operation* Front(const Key& key) const;  // nullptr: nobody waits
  bool Remove(Operation* operation);       // false: it does not wait

  std::vector<Operation*> TakeTimedOut(Time now);  // whose wait is over; they no longer wait
  std::vector<Key> LapsedKeys(Time now);           // whose lapse has come; each is named once
  std::vector<Operation*> TakeAll();

  std::optional<Time> NextDue() const;
  size_t size() const { return waiters_.size(); }

 private:
  struct Queue {
    std::list<Operation*> operations;
    std::optional<Time> lapse;
  };
  // When, and the order of arrival: which of two that end together comes first must not hang on addresses.
  using Timeout = std::pair<Time, uint64_t>;
  struct Waiter {
    Timeout timeout;
    std::list<Operation*>::iterator place;
  };

  void ForgetLapse(const Key& key, Queue& queue);

  const Limits limits_;
  absl::flat_hash_map<Key, Queue> queues_;
  absl::flat_hash_map<Operation*, Waiter> waiters_;
  std::map<Timeout, Operation*> timeouts_;
  std::set<std::pair<Time, Key>> lapses_;
  uint64_t arrivals_ = 0;
};

}  // namespace semel::engine

#endif  // SEMEL_SERVER_ENGINE_WAITERS_H_
