// The working state of one batch: what was loaded, what was decided, what will be said. Lives for one Committer::Decide.

#ifndef SEMEL_SERVER_ENGINE_BATCH_H_
#define SEMEL_SERVER_ENGINE_BATCH_H_

#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "server/engine/decide.h"
#include "server/engine/limits.h"
#include "server/engine/operation.h"
#include "server/engine/silent_owners.h"
#include "server/engine/stats.h"
#include "server/engine/waiters.h"
#include "storage/storage.h"

namespace semel::engine {

// A waiter is answered a little before its caller gives up, so that the answer arrives. And gRPC's core tells us no more than
// three digits of how long a caller is patient, rounded up: up to a hundredth too much.
Time LastMomentToAnswer(Time deadline, Time now);

// What is said to a caller that no longer waits for a decision.
Refusal TakenBack();

// What is said of a key whose record or payload is damaged. Names neither the key nor a file: it may reach others.
Refusal Unreadable();

class Batch {
 public:
  struct Answer {
    Operation* operation = nullptr;
    Reply reply;
  };

  Batch(storage::Storage& storage, Waiters& waiters, SilentOwners& silent_owners, const Limits& limits,
        EngineStats& stats, int64_t& last_token, bool draining);

  Time now() const { return now_; }  // sampled once, the same for every decision of the batch

  // Load: reads every key that the batch will touch, at once.
  [[nodiscard]] absl::Status Load(absl::Span<Operation* const> operations, absl::Span<const Key> woken);

  // Decide: in the order of the calls, over the overlay.
  void Serve(Operation* operation);     // may park it
  void ServeNow(Operation* operation);  // never parks: its wait is over
  void WakeWaiters(const Key& key);     // lets those who wait for the key decide again, the longest waiting first

  // Commit: one synced write, or none when nothing changed.
  [[nodiscard]] absl::Status Commit();

  // After Commit succeeded: what to say. The same with `instead` in the place of every reply: after it failed.
  std::vector<Answer> TakeAnswers() { return std::move(answers_); }
  std::vector<Answer> TakeAnswers(const Refusal& instead);

 private:
  struct Slot {
    std::optional<storage::Record> record;
    uint64_t loaded_version = 0;
    std::optional<Lease> loaded_lease;
    bool dirty = false;
  };

  Reply DecideOver(Operation& operation);
  Reply WithPayload(const Operation& operation, const storage::Record& record, Reply reply);
  std::optional<Refusal> RefuseToGrow(const Slot& slot, const storage::Record& next);
  bool Park(Operation* operation, const InProgress& reply);
  void Say(Operation* operation, Reply reply);
  bool NobodyHears(const Operation& operation) const;
  void SayTooLate(Operation* operation);

  storage::Storage& storage_;
  Waiters& waiters_;
  SilentOwners& silent_owners_;
  const Limits& limits_;
  EngineStats& stats_;
  int64_t& last_token_;
  const bool draining_;
  const Time now_;

  absl::flat_hash_map<Key, Slot> overlay_;
  std::vector<Answer> answers_;
  size_t woken_bytes_ = 0;     // of payload, handed to waiters by this batch
  size_t replayed_bytes_ = 0;  // of payload read apart, to anyone
  size_t opened_keys_ = 0;     // by this batch, on top of what storage counts
  size_t opened_bytes_ = 0;
};

}  // namespace semel::engine

#endif  // SEMEL_SERVER_ENGINE_BATCH_H_
