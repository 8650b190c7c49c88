#include "server/engine/committer.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "server/engine/batch.h"
#include "server/engine/decide.h"
#include "server/engine/tally.h"

namespace semel::engine {
namespace {

constexpr int64_t kNothingDue = std::numeric_limits<int64_t>::max();

Refusal StorageFailed(const absl::Status& status) {
  return {.reason = Reason::kStorageFailed,
          .message = "storage failed; nothing is promised until this server restarts and reads back what is on disk",
          .metadata = {{"cause", std::string(status.message())}}};
}

}  // namespace

Committer::Committer(storage::Storage& storage, Limits limits, EngineStats& stats)
    : storage_(storage),
      limits_(limits),
      stats_(stats),
      waiters_(limits),
      // The clock starts above every token that was ever handed out, because marks cover tokens.
      last_token_(Micros(storage.clock().boot_time())),
      next_due_(kNothingDue) {}

absl::Status Committer::Start() {
  absl::MutexLock lock(&mutex_);
  const storage::Clock& clock = storage_.clock();
  std::vector<storage::Mutation> honoured;
  storage::ScanRequest scan{.open_only = true};
  do {
    absl::StatusOr<storage::ScanPage> page = storage_.Scan(scan);
    if (!page.ok()) return page.status();
    for (auto& [key, record] : page->records) {
      std::optional<Record> next = HonourLease(record, clock.last_alive(), clock.boot_time());
      if (next) honoured.push_back({std::move(key), record.version, *std::move(next)});
    }
    scan.cursor = page->next_cursor;
  } while (!scan.cursor.empty());
  // One commit, because its clock mark declares this process alive: a lease left out would seem to have lapsed before.
  stats_.leases_honoured.Add(honoured.size());
  return storage_.Commit(honoured, clock.Now()).status();
}

void Committer::Run(absl::Span<Operation* const> operations) {
  stats_.queue_depth.Add(static_cast<int64_t>(operations.size()));
  std::vector<Batch::Answer> answers;
  {
    absl::MutexLock lock(&mutex_);
    stats_.queue_depth.Add(-static_cast<int64_t>(operations.size()));
    answers = RunLocked(waiters_.TakeTimedOut(storage_.clock().Now()), operations);
  }
  Finish(std::move(answers));
}

void Committer::Drain() {
  std::vector<Batch::Answer> answers;
  {
    absl::MutexLock lock(&mutex_);
    draining_ = true;
    answers = RunLocked(waiters_.TakeAll(), {});
  }
  Finish(std::move(answers));
}

std::vector<Batch::Answer> Committer::RunLocked(absl::Span<Operation* const> overdue,
                                                absl::Span<Operation* const> operations) {
  Batch batch(storage_, waiters_, limits_, stats_, last_token_, draining_);
  std::vector<Operation*> undecided(overdue.begin(), overdue.end());
  undecided.insert(undecided.end(), operations.begin(), operations.end());
  const std::vector<Key> lapsed = waiters_.LapsedKeys(batch.now());

  absl::Status status = batch.Load(undecided, lapsed);
  if (status.ok()) {
    undecided.clear();
    for (Operation* operation : overdue) batch.ServeNow(operation);
    for (const Key& key : lapsed) batch.WakeWaiters(key);
    for (Operation* operation : operations) batch.Serve(operation);
    stats_.batch_size.Observe(overdue.size() + operations.size());
    status = batch.Commit();
  }
  std::vector<Batch::Answer> answers = status.ok() ? batch.TakeAnswers() : FailAll(batch, undecided, status);
  for (const Batch::Answer& answer : answers) TallyAnswer(*answer.operation, answer.reply, stats_);
  PublishWaiters();
  return answers;
}

void Committer::PublishWaiters() {
  stats_.waiters.Set(static_cast<int64_t>(waiters_.size()));
  const std::optional<Time> due = waiters_.NextDue();
  next_due_.store(due ? Micros(*due) : kNothingDue, std::memory_order_relaxed);
}

// Storage errors are final, so nobody is left waiting for something that will not come (rule 17).
std::vector<Batch::Answer> Committer::FailAll(Batch& batch, absl::Span<Operation* const> undecided,
                                              const absl::Status& status) {
  stats_.storage_failures.Add();
  const Refusal refusal = StorageFailed(status);
  std::vector<Batch::Answer> answers = batch.TakeAnswers(refusal);
  for (Operation* operation : undecided) answers.push_back({operation, refusal});
  for (Operation* operation : waiters_.TakeAll()) answers.push_back({operation, refusal});
  return answers;
}

void Committer::Finish(std::vector<Batch::Answer> answers) {
  for (Batch::Answer& answer : answers) answer.operation->Finish(std::move(answer.reply));
}

std::optional<Time> Committer::NextDue() const {
  const int64_t due = next_due_.load(std::memory_order_relaxed);
  return due == kNothingDue ? std::nullopt : std::optional(storage::FromMicros(due));
}

bool Committer::Cancel(Operation* operation) {
  absl::MutexLock lock(&mutex_);
  const bool removed = waiters_.Remove(operation);
  PublishWaiters();
  return removed;
}

absl::Status Committer::Maintain() {
  absl::MutexLock lock(&mutex_);
  const Time now = storage_.clock().Now();
  if (absl::Status status = ForgetAbandoned(now); !status.ok()) return status;
  // What is reclaimed at this instant must not come back into its time because the wall clock is set back before a restart.
  if (absl::Status status = storage_.Commit({}, now).status(); !status.ok()) return status;
  return storage_.Maintain(now);
}

// One page a call, going round: abandoned keys past their time count as absent already, this only frees their memory.
absl::Status Committer::ForgetAbandoned(Time now) {
  absl::StatusOr<storage::ScanPage> page = storage_.Scan({.open_only = true, .cursor = sweep_cursor_});
  if (!page.ok()) return page.status();
  sweep_cursor_ = page->next_cursor;
  std::vector<storage::Mutation> mutations;
  for (auto& [key, record] : page->records) {
    if (now < storage::ForgetTime(record)) continue;
    mutations.push_back({std::move(key), record.version, Forgotten(record, now)});
  }
  if (mutations.empty()) return absl::OkStatus();
  return storage_.Commit(mutations, now).status();
}

}  // namespace semel::engine
