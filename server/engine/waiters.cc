#include "server/engine/waiters.h"

#include <algorithm>
#include <iterator>

namespace semel::engine {

bool Waiters::Park(Operation* operation, Time until) {
  if (waiters_.size() >= limits_.max_waiters || limits_.max_waiters_per_key == 0) return false;
  Queue& queue = queues_[operation->key];  // never left empty
  if (queue.operations.size() >= limits_.max_waiters_per_key) return false;
  queue.operations.push_back(operation);
  const Timeout timeout{until, ++arrivals_};
  waiters_[operation] = {.timeout = timeout, .place = std::prev(queue.operations.end())};
  timeouts_.emplace(timeout, operation);
  return true;
}

void Waiters::SetLapse(const Key& key, Time lapse) {
  auto found = queues_.find(key);
  if (found == queues_.end() || found->second.lapse == lapse) return;
  ForgetLapse(key, found->second);
  found->second.lapse = lapse;
  lapses_.emplace(lapse, key);
}

void Waiters::ForgetLapse(const Key& key, Queue& queue) {
  if (queue.lapse) lapses_.erase({*queue.lapse, key});
  queue.lapse.reset();
}

Operation* Waiters::Front(const Key& key) const {
  if (queues_.empty()) return nullptr;
  auto found = queues_.find(key);
  return found == queues_.end() ? nullptr : found->second.operations.front();
}

bool Waiters::Remove(Operation* operation) {
  auto waiter = waiters_.find(operation);
  if (waiter == waiters_.end()) return false;
  timeouts_.erase(waiter->second.timeout);
  auto queue = queues_.find(operation->key);
  queue->second.operations.erase(waiter->second.place);
  if (queue->second.operations.empty()) {
    ForgetLapse(queue->first, queue->second);
    queues_.erase(queue);
  }
  waiters_.erase(waiter);
  return true;
}

std::vector<Operation*> Waiters::TakeTimedOut(Time now) {
  std::vector<Operation*> taken;
  while (!timeouts_.empty() && timeouts_.begin()->first.first <= now) {
    taken.push_back(timeouts_.begin()->second);
    Remove(taken.back());
  }
  return taken;
}

std::vector<Key> Waiters::LapsedKeys(Time now) {
  std::vector<Key> keys;
  while (!lapses_.empty() && lapses_.begin()->first <= now) {
    keys.push_back(lapses_.begin()->second);
    ForgetLapse(keys.back(), queues_.at(keys.back()));
  }
  return keys;
}

std::vector<Operation*> Waiters::TakeAll() {
  std::vector<Operation*> taken;
  while (!timeouts_.empty()) {
    taken.push_back(timeouts_.begin()->second);
    Remove(taken.back());
  }
  return taken;
}

std::optional<Time> Waiters::NextDue() const {
  std::optional<Time> due;
  if (!timeouts_.empty()) due = timeouts_.begin()->first.first;
  if (!lapses_.empty()) due = std::min(due.value_or(Time::max()), lapses_.begin()->first);
  return due;
}

}  // namespace semel::engine
