#include "server/engine/batch.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace semel::engine {
namespace {

size_t OpenBytes(const storage::Record& record) {
  return record.fingerprint.size() + record.owner.size() + record.checkpoint.size();
}

}  // namespace

Time LastMomentToAnswer(Time deadline, Time now) {
  if (deadline == Time::max()) return deadline;
  const Duration left = deadline - now;
  const Duration way_back =
      std::clamp<Duration>(left / 10, std::chrono::milliseconds(1), std::chrono::milliseconds(100));
  return deadline - way_back - left / 100;
}

Refusal TakenBack() { return {.reason = Reason::kCancelled, .message = "the caller took it back before a decision"}; }

Refusal Unreadable() {
  return {.reason = Reason::kStorageFailed,
          .message = "what is stored for this key cannot be read; nothing changed, other keys are served"};
}

namespace {

Refusal TooMuchReplayed() {
  return {.reason = Reason::kOverloaded,
          .message = "too many large results are asked for at once: try again in a moment",
          .metadata = {{"limit", "replayed bytes"}, {"value", absl::StrCat(kMaxReplayedBytes)}}};
}

}  // namespace

Batch::Batch(storage::Storage& storage, Waiters& waiters, SilentOwners& silent_owners, const Limits& limits,
             EngineStats& stats, int64_t& last_token, bool draining)
    : storage_(storage),
      waiters_(waiters),
      silent_owners_(silent_owners),
      limits_(limits),
      stats_(stats),
      last_token_(last_token),
      draining_(draining),
      now_(storage.clock().Now()) {}

absl::Status Batch::Load(absl::Span<Operation* const> operations, absl::Span<const Key> woken) {
  overlay_.reserve(operations.size() + woken.size());
  answers_.reserve(operations.size());
  std::vector<const Key*> keys;
  keys.reserve(operations.size() + woken.size());
  for (const Operation* operation : operations) {
    if (overlay_.try_emplace(operation->key).second) keys.push_back(&operation->key);
  }
  for (const Key& key : woken) {
    if (overlay_.try_emplace(key).second) keys.push_back(&key);
  }
  if (keys.empty()) return absl::OkStatus();

  std::vector<std::optional<storage::Record>> records;
  if (absl::Status status = storage_.Load(keys, records); !status.ok()) return status;
  for (size_t i = 0; i < keys.size(); ++i) {
    Slot& slot = overlay_.at(*keys[i]);
    if (records[i]) {
      slot.loaded_version = records[i]->version;
      slot.loaded_lease = LeaseOf(*records[i]);
    }
    slot.record = std::move(records[i]);
  }
  return absl::OkStatus();
}

bool Batch::NobodyHears(const Operation& operation) const {
  return operation.caller_gone || operation.deadline <= now_;
}

void Batch::Serve(Operation* operation) {
  if (NobodyHears(*operation)) return SayTooLate(operation);
  if (draining_ && std::holds_alternative<Begin>(operation->request)) {
    return Say(operation, Refusal{.reason = Reason::kDraining, .message = "this server is shutting down: try again"});
  }
  // Whoever waits has been here longer.
  if (std::holds_alternative<Begin>(operation->request)) WakeWaiters(operation->key);
  const bool had_waiters = waiters_.Waiting(operation->key);
  Reply reply = DecideOver(*operation);
  const auto* in_progress = std::get_if<InProgress>(&reply);
  if (in_progress == nullptr || !Park(operation, *in_progress)) Say(operation, std::move(reply));
  if (had_waiters && overlay_.at(operation->key).dirty) WakeWaiters(operation->key);
}

void Batch::ServeNow(Operation* operation) {
  if (NobodyHears(*operation)) return SayTooLate(operation);
  operation->FollowPolicies();
  Say(operation, DecideOver(*operation));
  if (overlay_.at(operation->key).dirty) WakeWaiters(operation->key);
}

void Batch::WakeWaiters(const Key& key) {
  while (Operation* waiter = waiters_.Front(key)) {
    // Due at once: the next batch goes on.
    if (woken_bytes_ > kMaxWokenBytes || replayed_bytes_ > kMaxReplayedBytes) return waiters_.SetLapse(key, now_);
    if (NobodyHears(*waiter)) {
      waiters_.Remove(waiter);
      SayTooLate(waiter);
      continue;
    }
    waiter->FollowPolicies();
    Reply reply = DecideOver(*waiter);
    if (const auto* done = std::get_if<Done>(&reply)) woken_bytes_ += done->result.payload.size();
    if (const auto* in_progress = std::get_if<InProgress>(&reply)) {
      waiters_.SetLapse(key, now_ + in_progress->lease_remaining);
      return;  // whoever waits behind would hear the same
    }
    waiters_.Remove(waiter);
    Say(waiter, std::move(reply));
  }
}

Reply Batch::DecideOver(Operation& operation) {
  Slot& slot = overlay_.at(operation.key);
  const Context context{
      .now = now_, .fresh_token = std::max(Micros(now_), last_token_ + 1), .policy = operation.ns->policy()};
  Decision decision = Decide(slot.record ? &*slot.record : nullptr, operation.request, context);
  if (!decision.write) {
    return slot.record ? WithPayload(operation, *slot.record, std::move(decision.reply)) : std::move(decision.reply);
  }
  if (std::optional<Refusal> refusal = RefuseToGrow(slot, *decision.write)) return *std::move(refusal);
  last_token_ = std::max(last_token_, decision.write->token);
  slot.record = std::move(decision.write);
  slot.dirty = true;
  return std::move(decision.reply);
}

// Replies that show a stored result carry its payload, which storage may keep apart. Read here, before anything that this
// batch decides later for the same key can remove it.
Reply Batch::WithPayload(const Operation& operation, const storage::Record& record, Reply reply) {
  storage::Result* result = nullptr;
  auto* found = std::get_if<Found>(&reply);
  if (auto* done = std::get_if<Done>(&reply)) result = &done->result;
  if (found != nullptr) result = std::get_if<storage::Result>(&found->record.outcome);
  if (result == nullptr) return reply;
  if (size_t* budget = operation.payload_budget) {
    if (result->payload_size > *budget) {
      result->payload.clear();
      result->payload_detached = true;
      return reply;
    }
    *budget -= result->payload_size;
  }
  if (!result->payload_detached) return reply;
  if (replayed_bytes_ > kMaxReplayedBytes) return TooMuchReplayed();
  replayed_bytes_ += result->payload_size;

  absl::StatusOr<std::string> payload = storage_.LoadPayload(operation.key, record);
  if (payload.ok()) {
    result->payload = *std::move(payload);
    result->payload_detached = false;
    return reply;
  }
  if (!absl::IsNotFound(payload.status())) {
    stats_.storage_failures.Add();
    stats_.unreadable.Add(payload.status());
    return Unreadable();
  }
  // Its retention ended between this batch's time and now.
  if (found == nullptr) return Expired{.complete_time = record.complete_time};
  found->state = VisibleState::kExpired;
  found->record.outcome = std::monostate{};
  return reply;
}

// The open set lives in memory, so what opens a key or lets one grow is refused past a bound. What closes one never is.
std::optional<Refusal> Batch::RefuseToGrow(const Slot& slot, const storage::Record& next) {
  if (!IsOpen(next)) return std::nullopt;
  const bool was_open = slot.record && IsOpen(*slot.record);
  const size_t bytes_before = was_open ? OpenBytes(*slot.record) : 0;
  const size_t bytes_after = OpenBytes(next);
  const size_t added_bytes = bytes_after > bytes_before ? bytes_after - bytes_before : 0;
  const storage::OpenStats open = storage_.Open();
  const char* bound = nullptr;
  size_t limit = 0;
  if (!was_open && open.keys() + opened_keys_ >= limits_.max_open_keys) {
    bound = "max_open_keys";
    limit = limits_.max_open_keys;
  } else if (added_bytes > 0 && open.bytes + opened_bytes_ + added_bytes > limits_.max_open_bytes) {
    bound = "max_open_bytes";
    limit = limits_.max_open_bytes;
  }
  if (bound != nullptr) {
    return Refusal{.reason = Reason::kOverloaded,
                   .message = absl::StrCat("too much is in progress or in doubt (", bound, " = ", limit,
                                           "): let owners finish, resolve keys in doubt, or raise the limit"),
                   .metadata = {{"limit", bound}, {"value", absl::StrCat(limit)}}};
  }
  opened_keys_ += was_open ? 0 : 1;
  opened_bytes_ += added_bytes;
  return std::nullopt;
}

bool Batch::Park(Operation* operation, const InProgress& reply) {
  const auto* begin = std::get_if<Begin>(&operation->request);
  if (begin == nullptr || begin->wait <= Duration::zero()) return false;
  const Time until = std::min(now_ + begin->wait, LastMomentToAnswer(operation->deadline, now_));
  if (until <= now_) return false;
  if (!waiters_.Park(operation, until)) {
    stats_.refused_waits.Add();
    return false;
  }
  waiters_.SetLapse(operation->key, now_ + reply.lease_remaining);
  return true;
}

// Nothing is decided for a caller that has given up: a lease would lapse for nobody.
void Batch::SayTooLate(Operation* operation) {
  stats_.dropped_past_deadline.Add();
  if (operation->caller_gone) return Say(operation, TakenBack());
  Say(operation, Refusal{.reason = Reason::kDeadlineExceeded, .message = "the caller gave up before a decision"});
}

void Batch::Say(Operation* operation, Reply reply) { answers_.push_back({operation, std::move(reply)}); }

absl::Status Batch::Commit() {
  std::vector<storage::Mutation> mutations;
  std::vector<std::optional<Lease>> leases_before;  // of the keys in `mutations`
  const auto dirty =
      std::count_if(overlay_.begin(), overlay_.end(), [](const auto& each) { return each.second.dirty; });
  mutations.reserve(dirty);
  leases_before.reserve(dirty);
  for (auto& [key, slot] : overlay_) {
    if (!slot.dirty) continue;
    leases_before.push_back(slot.loaded_lease);
    mutations.push_back({.key = key, .expected_version = slot.loaded_version, .record = std::move(*slot.record)});
  }
  if (mutations.empty() && !storage_.clock().MustMark(now_)) return absl::OkStatus();
  const absl::StatusOr<storage::CommitTimes> times = storage_.Commit(mutations, now_);
  if (!times.ok()) return times.status();
  for (size_t i = 0; i < mutations.size(); ++i) {
    silent_owners_.Replace(mutations[i].key.ns, leases_before[i], LeaseOf(mutations[i].record));
  }
  stats_.commits.Add();
  stats_.commit_micros.Observe((times->write + times->sync).count());
  stats_.sync_micros.Observe(times->sync.count());
  return absl::OkStatus();
}

std::vector<Batch::Answer> Batch::TakeAnswers(const Refusal& instead) {
  for (Answer& answer : answers_) answer.reply = instead;
  return std::move(answers_);
}

}  // namespace semel::engine
