// Group commit: turns all that waits into replies with one load, one decision each, and one synced write.
//
//   Committer committer(storage, policies, limits, stats);
//   committer.Start();                     // honours the leases that a restart interrupted
//   committer.Run(operations);             // every operation is finished, or parked
//   if (committer.NextDue() <= now) committer.Run({});
//
// Order within a batch is arrival order, over an overlay of what is decided but not yet written, so two requests for one
// key see each other (rule 18). No reply leaves before the commit that it rests on succeeded; after a failed one nothing
// is ever promised again (rule 17). Modelled on LevelDB's DBImpl::Write and etcd raft's Ready.

#ifndef SEMEL_SERVER_ENGINE_COMMITTER_H_
#define SEMEL_SERVER_ENGINE_COMMITTER_H_

#include <atomic>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "server/engine/batch.h"
#include "server/engine/limits.h"
#include "server/engine/listing.h"
#include "server/engine/operation.h"
#include "server/engine/policy_table.h"
#include "server/engine/silent_owners.h"
#include "server/engine/stats.h"
#include "server/engine/waiters.h"
#include "storage/storage.h"

namespace semel::engine {

// Thread-safe. Batches run one at a time; a thread that arrives meanwhile waits, and so its operations gather.
class Committer {
 public:
  // `storage`, `policies` and `stats` must outlive the committer.
  Committer(storage::Storage& storage, const PolicyTable& policies, Limits limits, EngineStats& stats);

  // Once, before anything else: gives every lease that was live when the process before this one was last heard of its
  // full length again, in one atomic commit (rule 13).
  [[nodiscard]] absl::Status Start();

  using Answers = std::vector<Batch::Answer>;

  // Decides `operations`, wakes waiters, and returns the answers that are known: on disk, and to be given. Without operations: only
  // what is due.
  [[nodiscard]] Answers Decide(absl::Span<Operation* const> operations);
  // Finishes the operations. From any thread.
  static void Give(Answers answers);
  // Both.
  void Run(absl::Span<Operation* const> operations) { Give(Decide(operations)); }

  // When Run should be called even if nothing arrives; nullopt while nobody waits.
  std::optional<Time> NextDue() const;

  // Takes a parked operation back: its caller has gone. False: it is not parked, it is finished in its turn. Waits for a batch that
  // is being decided.
  bool Cancel(Operation* operation);

  // From now on nothing begins: waiters are answered in_progress, Begins are refused with DRAINING. Owners may still finish.
  void Drain();

  // Forgets abandoned keys past their time, counts those whose owner fell silent, and lets storage do its housekeeping. Every few
  // seconds.
  [[nodiscard]] absl::Status Maintain();

  // A page of keys, as they stand at this instant. Reads a slice at a time, and lets what waits go first in between.
  std::variant<ListPage, Refusal> List(const ListRequest& request);

  // The open keys as Lookup would show them: in doubt are those too whose lease has lapsed into it and that nobody has asked about,
  // as of the last Maintain. From any thread, and never waits: it can be told while the disk hangs.
  storage::OpenStats Open() const;

  Time Now() const { return storage_.clock().Now(); }
  const EngineStats& stats() const { return stats_; }

 private:
  // What one batch is made of: operations that arrived, keys whose lease has lapsed, waiters that may not wait any longer.
  struct Work {
    absl::Span<Operation* const> arrived;
    absl::Span<const Key> lapsed;
    absl::Span<Operation* const> overdue;

    size_t size() const { return arrived.size() + lapsed.size() + overdue.size(); }
  };

  // Returns what to say once the lock is gone.
  std::vector<Batch::Answer> RunLocked(absl::Span<Operation* const> overdue, absl::Span<Operation* const> arrived)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RunWork(const Work& work, std::vector<Batch::Answer>& answers) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RunOneByOne(const Work& work, std::vector<Batch::Answer>& answers) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RefuseUnreadable(const Work& work, const absl::Status& why, std::vector<Batch::Answer>& answers)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FailAll(const Work& work, std::vector<Batch::Answer>& answers) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PublishWaiters() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);  // for those who look without the lock
  std::optional<Refusal> ListSlice(const ListRequest& request, ListPage& page) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status ForgetAbandoned(Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Constant after construction.
  storage::Storage& storage_;
  const PolicyTable& policies_;
  const Limits limits_;
  EngineStats& stats_;

  mutable absl::Mutex mutex_;
  Waiters waiters_ ABSL_GUARDED_BY(mutex_);
  SilentOwners silent_owners_;  // changed with mutex_ held; what it counts in doubt is read without
  int64_t last_token_ ABSL_GUARDED_BY(mutex_) = 0;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  std::string sweep_cursor_ ABSL_GUARDED_BY(mutex_);
  std::atomic<int64_t> next_due_;  // copy of waiters_.NextDue() that is read without the lock; max: nothing is due
};

}  // namespace semel::engine

#endif  // SEMEL_SERVER_ENGINE_COMMITTER_H_
