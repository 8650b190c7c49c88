#include "server/engine/committer.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>
#include <vector>

#include "server/engine/batch.h"
#include "server/engine/decide.h"
#include "server/engine/tally.h"

namespace semel::engine {
namespace {

constexpr int64_t kNothingDue = std::numeric_limits<int64_t>::max();

// The cause stands in the log: it may name files, which are not the callers' business.
Refusal StorageFailed() {
  return {.reason = Reason::kStorageFailed,
          .message = "storage failed; nothing is promised until this server restarts and reads back what is on disk"};
}

Refusal NotACursor() {
  return {.reason = Reason::kFieldInvalid,
          .message = "page_token: not one of this listing: begin again without",
          .metadata = {{"field", "page_token"}},
          .violations = {{"page_token", "not one of this listing: begin again without"}}};
}

}  // namespace

Committer::Committer(storage::Storage& storage, const PolicyTable& policies, Limits limits, EngineStats& stats)
    : storage_(storage),
      policies_(policies),
      limits_(limits),
      stats_(stats),
      waiters_(limits),
      silent_owners_(policies),
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
      silent_owners_.Replace(key.ns, std::nullopt, LeaseOf(next ? *next : record));
      if (next) honoured.push_back({std::move(key), record.version, *std::move(next)});
    }
    scan.cursor = page->next_cursor;
  } while (!scan.cursor.empty());
  // One commit, because its clock mark declares this process alive: a lease left out would seem to have lapsed before.
  stats_.leases_honoured.Add(honoured.size());
  return storage_.Commit(honoured, clock.Now()).status();
}

Committer::Answers Committer::Decide(absl::Span<Operation* const> operations) {
  stats_.queue_depth.Add(static_cast<int64_t>(operations.size()));
  absl::MutexLock lock(&mutex_);
  stats_.queue_depth.Add(-static_cast<int64_t>(operations.size()));
  return RunLocked(waiters_.TakeTimedOut(storage_.clock().Now()), operations);
}

void Committer::Drain() {
  Answers answers;
  {
    absl::MutexLock lock(&mutex_);
    draining_ = true;
    answers = RunLocked(waiters_.TakeAll(), {});
  }
  Give(std::move(answers));
}

std::vector<Batch::Answer> Committer::RunLocked(absl::Span<Operation* const> overdue,
                                                absl::Span<Operation* const> arrived) {
  const std::vector<Key> lapsed = waiters_.LapsedKeys(storage_.clock().Now());
  const Work work{.arrived = arrived, .lapsed = lapsed, .overdue = overdue};
  stats_.batch_size.Observe(overdue.size() + arrived.size());
  std::vector<Batch::Answer> answers;
  RunWork(work, answers);
  for (const Batch::Answer& answer : answers) TallyAnswer(*answer.operation, answer.reply, stats_);
  PublishWaiters();
  return answers;
}

void Committer::RunWork(const Work& work, std::vector<Batch::Answer>& answers) {
  Batch batch(storage_, waiters_, silent_owners_, limits_, stats_, last_token_, draining_);
  std::vector<Operation*> operations(work.arrived.begin(), work.arrived.end());
  operations.insert(operations.end(), work.overdue.begin(), work.overdue.end());
  if (absl::Status status = batch.Load(operations, work.lapsed); !status.ok()) {
    if (!storage_.Health().ok()) return FailAll(work, answers);
    return work.size() > 1 ? RunOneByOne(work, answers) : RefuseUnreadable(work, status, answers);
  }
  // What arrived comes first: an owner whose Complete was held up by us must not lose its key to those who wait for it.
  for (Operation* operation : work.arrived) batch.Serve(operation);
  for (const Key& key : work.lapsed) batch.WakeWaiters(key);
  for (Operation* operation : work.overdue) batch.ServeNow(operation);
  const absl::Status status = batch.Commit();
  std::vector<Batch::Answer> said = status.ok() ? batch.TakeAnswers() : batch.TakeAnswers(StorageFailed());
  std::move(said.begin(), said.end(), std::back_inserter(answers));
  if (!status.ok()) FailAll({}, answers);
}

// One of the records is damaged: the others must not suffer for it. As bbolt's trySolo.
void Committer::RunOneByOne(const Work& work, std::vector<Batch::Answer>& answers) {
  for (size_t i = 0; i < work.arrived.size(); ++i) RunWork({.arrived = work.arrived.subspan(i, 1)}, answers);
  for (size_t i = 0; i < work.lapsed.size(); ++i) RunWork({.lapsed = work.lapsed.subspan(i, 1)}, answers);
  for (size_t i = 0; i < work.overdue.size(); ++i) RunWork({.overdue = work.overdue.subspan(i, 1)}, answers);
}

void Committer::RefuseUnreadable(const Work& work, const absl::Status& why, std::vector<Batch::Answer>& answers) {
  stats_.storage_failures.Add();
  const size_t answered = answers.size();
  for (Operation* operation : work.arrived) answers.push_back({operation, Unreadable()});
  for (Operation* operation : work.overdue) answers.push_back({operation, Unreadable()});
  for (const Key& key : work.lapsed) {
    while (Operation* waiter = waiters_.Front(key)) {
      waiters_.Remove(waiter);
      answers.push_back({waiter, Unreadable()});
    }
  }
  stats_.unreadable.Add(why, answers.size() - answered);
}

// A failed write is final, so nobody is left waiting for something that will not come (rule 17).
void Committer::FailAll(const Work& work, std::vector<Batch::Answer>& answers) {
  stats_.storage_failures.Add();
  const Refusal refusal = StorageFailed();
  for (Operation* operation : work.arrived) answers.push_back({operation, refusal});
  for (Operation* operation : work.overdue) answers.push_back({operation, refusal});
  for (Operation* operation : waiters_.TakeAll()) answers.push_back({operation, refusal});
}

void Committer::PublishWaiters() {
  stats_.waiters.Set(static_cast<int64_t>(waiters_.size()));
  const std::optional<Time> due = waiters_.NextDue();
  next_due_.store(due ? Micros(*due) : kNothingDue, std::memory_order_relaxed);
}

void Committer::Give(Answers answers) {
  std::vector<Outbox*> filled;
  for (Batch::Answer& answer : answers) {
    if (Outbox* outbox = answer.operation->Finish(std::move(answer.reply))) filled.push_back(outbox);
  }
  for (Outbox* outbox : filled) outbox->Send();
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

std::variant<ListPage, Refusal> Committer::List(const ListRequest& request) {
  ListPage page{.next_cursor = request.cursor};
  size_t slices = 0;
  do {
    if (std::optional<Refusal> refusal = ListSlice(request, page)) return *std::move(refusal);
  } while (!page.next_cursor.empty() && page.keys.size() < request.limit && ++slices < kMaxListSlices);
  return page;
}

std::optional<Refusal> Committer::ListSlice(const ListRequest& request, ListPage& page) {
  const size_t room = request.limit - page.keys.size();
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<storage::ScanPage> scanned = storage_.Scan(SliceOf(request, page.next_cursor, room));
  if (absl::IsInvalidArgument(scanned.status())) return NotACursor();
  if (!scanned.ok()) {
    stats_.storage_failures.Add();
    if (!storage_.Health().ok()) return StorageFailed();
    stats_.unreadable.Add(scanned.status());
    return Unreadable();
  }
  // What callers are told of an instant is covered by a clock mark, as in a batch.
  const Time now = storage_.clock().Now();
  if (storage_.clock().MustMark(now) && !storage_.Commit({}, now).ok()) return StorageFailed();
  page.next_cursor = scanned->next_cursor;
  AddMatching(request, policies_, now, *std::move(scanned), page);
  return std::nullopt;
}

storage::OpenStats Committer::Open() const {
  storage::OpenStats open = storage_.Open();
  // Read one after the other, while keys come and go.
  const size_t silent = std::min(silent_owners_.in_doubt(), open.in_progress);
  open.in_progress -= silent;
  open.in_doubt += silent;
  return open;
}

absl::Status Committer::Maintain() {
  absl::MutexLock lock(&mutex_);
  const Time now = storage_.clock().Now();
  silent_owners_.Look(now);
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
  std::vector<std::optional<Lease>> leases;  // of the keys in `mutations`
  for (auto& [key, record] : page->records) {
    if (now < storage::ForgetTime(record)) continue;
    leases.push_back(LeaseOf(record));
    mutations.push_back({std::move(key), record.version, Forgotten(record, now)});
  }
  if (mutations.empty()) return absl::OkStatus();
  if (absl::Status status = storage_.Commit(mutations, now).status(); !status.ok()) return status;
  for (size_t i = 0; i < mutations.size(); ++i) {
    silent_owners_.Replace(mutations[i].key.ns, leases[i], std::nullopt);
  }
  return absl::OkStatus();
}

}  // namespace semel::engine
