#include "tests/simulation/model.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/engine/batch.h"

namespace semel::simulation {
namespace {

// Rule 19: what does not fit into the answer of a batch is left out, and its size told.
void FitIntoBudget(Call& call, Reply& reply) {
  if (call.budget == nullptr) return;
  storage::Result* result = nullptr;
  if (auto* done = std::get_if<engine::Done>(&reply)) result = &done->result;
  if (auto* found = std::get_if<engine::Found>(&reply)) result = std::get_if<storage::Result>(&found->record.outcome);
  if (result == nullptr) return;
  if (result->payload.size() <= call.budget->model) {
    call.budget->model -= result->payload.size();
  } else {
    result->payload.clear();
    result->payload_detached = true;
  }
}

}  // namespace

std::vector<Model::Verdict> Model::Run(Time now, const std::vector<Call*>& calls) {
  StartBatch(now);
  const std::vector<Call*> overdue = Take(/*all=*/false);
  std::vector<Key> lapsed;
  for (const auto& [key, queue] : queues_) {
    if (now >= keys_[key].lease_end()) lapsed.push_back(key);
  }
  for (Call* call : calls) Serve(*call);
  for (const Key& key : lapsed) Wake(key);
  for (Call* call : overdue) ServeNow(*call);
  return std::move(verdicts_);
}

std::vector<Model::Verdict> Model::Drain(Time now) {
  StartBatch(now);
  draining_ = true;
  for (Call* waiter : Take(/*all=*/true)) ServeNow(*waiter);
  return std::move(verdicts_);
}

void Model::StartBatch(Time now) {
  now_ = now;
  open_ = CountOpen();
  verdicts_.clear();
}

void Model::Serve(Call& call) {
  if (call.caller_gone) {
    verdicts_.push_back({&call, engine::Refusal{.reason = engine::Reason::kCancelled}});
    return;
  }
  if (call.deadline <= now_) {
    verdicts_.push_back({&call, engine::Refusal{.reason = engine::Reason::kDeadlineExceeded}});
    return;
  }
  if (draining_ && std::holds_alternative<engine::Begin>(call.request)) {
    verdicts_.push_back({&call, engine::Refusal{.reason = engine::Reason::kDraining}});
    return;
  }
  if (std::holds_alternative<engine::Begin>(call.request)) Wake(call.key);
  Reply reply = Decide(call);
  if (std::holds_alternative<engine::InProgress>(reply) && Park(call)) return;
  verdicts_.push_back({&call, std::move(reply)});
  if (changed_) Wake(call.key);
}

void Model::ServeNow(Call& call) {
  if (call.deadline <= now_) {
    verdicts_.push_back({&call, engine::Refusal{.reason = engine::Reason::kDeadlineExceeded}});
    return;
  }
  verdicts_.push_back({&call, Decide(call)});
  if (changed_) Wake(call.key);
}

Reply Model::Decide(Call& call) {
  KeyModel& key = keys_[call.key];
  const KeyModel before = key;
  Reply reply = Answer(key, call.request, call.ns->policy(), now_, --last_symbol_, changed_);
  FitIntoBudget(call, reply);
  if (key.open() && !before.open()) {
    if (open_ >= limits_.max_open_keys) {
      key = before;
      changed_ = false;
      return engine::Refusal{.reason = engine::Reason::kOverloaded};
    }
    ++open_;
  }
  return reply;
}

// The one who waited longest first, until the key is owned again.
void Model::Wake(const Key& key) {
  while (queues_.contains(key)) {
    Queue& queue = queues_[key];
    Call& call = *queue.front().call;
    const bool too_late = call.deadline <= now_;
    Reply reply = too_late ? engine::Refusal{.reason = engine::Reason::kDeadlineExceeded} : Decide(call);
    if (std::holds_alternative<engine::InProgress>(reply)) return;
    queue.pop_front();
    if (queue.empty()) queues_.erase(key);
    verdicts_.push_back({&call, std::move(reply)});
  }
}

bool Model::Park(Call& call) {
  const auto& begin = std::get<engine::Begin>(call.request);
  // How long before its deadline a caller is answered is no rule of the protocol, but a matter of the engine's.
  const Time until = std::min(now_ + begin.wait, engine::LastMomentToAnswer(call.deadline, now_));
  if (until <= now_ || CountWaiters() >= limits_.max_waiters) return false;
  if (queues_.contains(call.key) && queues_[call.key].size() >= limits_.max_waiters_per_key) return false;
  queues_[call.key].push_back({&call, until});
  return true;
}

// Those whose wait is over, or all, in the order in which it is.
std::vector<Call*> Model::Take(bool all) {
  std::vector<Waiter> taken;
  for (auto queue = queues_.begin(); queue != queues_.end();) {
    for (auto waiter = queue->second.begin(); waiter != queue->second.end();) {
      const bool take = all || waiter->until <= now_;
      if (take) taken.push_back(*waiter);
      waiter = take ? queue->second.erase(waiter) : waiter + 1;
    }
    queue = queue->second.empty() ? queues_.erase(queue) : std::next(queue);
  }
  std::sort(taken.begin(), taken.end(), [](const Waiter& a, const Waiter& b) {
    return std::pair(a.until, a.call->number) < std::pair(b.until, b.call->number);
  });
  std::vector<Call*> calls;
  for (const Waiter& waiter : taken) calls.push_back(waiter.call);
  return calls;
}

bool Model::Cancel(const Call* call) {
  auto queue = queues_.find(call->key);
  if (queue == queues_.end()) return false;
  const size_t removed = std::erase_if(queue->second, [&](const Waiter& waiter) { return waiter.call == call; });
  if (queue->second.empty()) queues_.erase(queue);
  return removed > 0;
}

void Model::Maintain(Time now) {
  for (auto& [name, key] : keys_) {
    if (key.open() && now >= key.forgotten_at()) key = KeyModel{};
  }
}

void Model::Learn(int64_t symbol, int64_t token) {
  for (auto& [name, key] : keys_) {
    if (key.token == symbol) key.token = token;
  }
}

// Rule 13.
void Model::Restart(Time last_alive, Time boot) {
  queues_.clear();
  draining_ = false;
  for (auto& [name, key] : keys_) {
    if (key.is == Is::kRunning && key.lease_end() > last_alive && key.lease_start < boot) key.lease_start = boot;
  }
}

size_t Model::CountOpen() const {
  return static_cast<size_t>(
      std::count_if(keys_.begin(), keys_.end(), [](const auto& entry) { return entry.second.open(); }));
}

size_t Model::CountWaiters() const {
  size_t count = 0;
  for (const auto& [key, queue] : queues_) count += queue.size();
  return count;
}

std::vector<Call*> Model::Waiters() const {
  std::vector<Call*> calls;
  for (const auto& [key, queue] : queues_) {
    for (const Waiter& waiter : queue) calls.push_back(waiter.call);
  }
  return calls;
}

std::string Model::CheckWaiters(Time now) const {
  for (const auto& [name, queue] : queues_) {
    const KeyModel& key = keys_.at(name);
    if (key.is == Is::kRunning && now < key.lease_end()) continue;
    return absl::StrCat(queue.size(), " wait for ", name.ns, "/", name.name, ", which nobody owns");
  }
  return "";
}

std::optional<Time> Model::NextDue() const {
  std::optional<Time> due;
  for (const auto& [name, queue] : queues_) {
    const Time lapse = keys_.at(name).lease_end();
    due = std::min(due.value_or(lapse), lapse);
    for (const Waiter& waiter : queue) due = std::min(*due, waiter.until);
  }
  return due;
}

}  // namespace semel::simulation
