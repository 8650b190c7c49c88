// The ways in which a process ends, and what the next one must find.

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/simulation/agreement.h"
#include "tests/simulation/simulation.h"

namespace semel::simulation {

using namespace std::chrono_literals;
using storage::Duration;
using storage::Key;

namespace {

bool IsStorageFailed(const Call& call) {
  const auto* refusal = call.answer ? std::get_if<engine::Refusal>(&*call.answer) : nullptr;
  return refusal != nullptr && refusal->reason == engine::Reason::kStorageFailed;
}

}  // namespace

void Simulation::Start() {
  absl::StatusOr<storage::Storage*> started = machine_.Start();
  if (started.ok() && maybe_) FindOutcome(**started);
  // Now and then a process ends before it could do anything: the next one must not take that one's start for its own.
  if (started.ok() && chance_.OneIn(4)) {
    machine_.Kill();
    machine_.time.Advance(chance_.UpTo(40s));
    started = machine_.Start();
  }
  if (!started.ok()) {
    storage_ = nullptr;
    return Fail(absl::StrCat("the storage does not start: ", started.status().ToString()));
  }
  storage_ = *started;
  CheckClock();
  stats_ = std::make_unique<engine::EngineStats>();
  committer_ = std::make_unique<engine::Committer>(*storage_, policies_, limits_, *stats_);
  if (absl::Status status = committer_->Start(); !status.ok()) return Fail(absl::StrCat("Start: ", status.ToString()));
  const storage::Clock& clock = storage_->clock();
  model_.Restart(clock.last_alive(), clock.boot_time());
  ledger_.Restart(clock.last_alive(), ended_, clock.boot_time());
  history_.Note(step_, Now(), "a process starts");
  CheckEveryKey();
}

// A commit failed, and is on the disk as a whole or not at all: CheckEveryKey finds what is neither. Nobody was told the
// tokens that it drew.
void Simulation::FindOutcome(storage::Storage& storage) {
  bool written = maybe_->CountOpen() == storage.Open().keys();
  for (const Key& key : clients_.keys()) {
    const Key* const keys[] = {&key};
    std::vector<std::optional<storage::Record>> records;
    if (!storage.Load(keys, records).ok()) return Fail(key, "the key cannot be loaded");
    const std::optional<storage::Record> record = WithPayload(storage, key, std::move(records.front()));
    const int64_t symbol = maybe_->Get(key).token;
    if (symbol < 0 && record && record->token > ledger_.HighestToken(key)) maybe_->Learn(symbol, record->token);
    KeyModel expected = maybe_->Get(key);
    // As of the end of the process, since which its retention may have ended.
    if (record && storage.clock().Now() >= expected.replayed_until) expected.stored = record->outcome;
    written = written && Disagreement(expected, record, ended_).empty();
  }
  if (written) model_ = *std::move(maybe_);
  maybe_.reset();
  history_.Note(step_, ended_, written ? "what failed is on the disk" : "what failed is not on the disk");
}

// Rule 13: no instant is ever told twice, and how long the process before lived is known to within a step of the mark.
void Simulation::CheckClock() {
  const storage::Clock& clock = storage_->clock();
  constexpr Duration kTokensAhead = 10ms;  // tokens are drawn ahead of time, one microsecond each
  if (clock.boot_time() <= last_told_) Fail("the clock of a new process starts at an instant that was told before");
  if (clock.last_alive() > ended_) Fail("the process before is said to have lived longer than it did");
  if (clock.last_alive() < last_told_ - storage::Clock::kStep - kTokensAhead) {
    Fail("the process before lived for longer than is known");
  }
}

// SIGTERM: waiters are answered, nothing begins any more, owners may still finish.
void Simulation::StopAndStart() {
  history_.Note(step_, Now(), "the process is drained");
  const std::vector<Model::Verdict> verdicts = model_.Drain(Now());
  committer_->Drain();
  Judge(verdicts, {}, /*replies_arrive=*/true);
  for (uint64_t batches = chance_.Below(3); batches > 0 && !failed(); --batches) RunBatch();
  if (failed()) return;
  EndProcess();
  machine_.Stop();
  BeDown();
  Start();
}

void Simulation::KillAndStart() {
  if (chance_.OneIn(2)) RunBatch(/*replies_arrive=*/false);
  if (failed()) return;
  history_.Note(step_, Now(), "the process is killed");
  EndProcess();
  machine_.Kill();
  BeDown();
  Start();
}

// Killed in the middle of a batch, before any of it was written.
void Simulation::LoseBatchAndStart() {
  machine_.Remember();
  const std::vector<Call*> calls = MakeCalls();
  committer_->Run(std::vector<engine::Operation*>(calls.begin(), calls.end()));
  history_.Note(step_, Now(), "the process is killed before a batch was written");
  EndProcess();
  machine_.KillAsRemembered();
  BeDown();
  Start();
}

// Rule 17: after a commit that failed nothing is promised, and only a restart finds out what is on the disk.
void Simulation::FailStorageAndStart() {
  if (!machine_.FailNextCommit(/*written=*/chance_.OneIn(2))) return KillAndStart();
  while (!maybe_) {  // until a batch has something to write
    const std::vector<Call*> calls = MakeCalls();
    Model after = model_;
    const std::vector<Model::Verdict> verdicts = after.Run(Now(), calls);
    committer_->Run(std::vector<engine::Operation*>(calls.begin(), calls.end()));
    if (IsStorageFailed(*calls.front())) {
      for (const Model::Verdict& verdict : verdicts) ledger_.Uncertain(verdict.call->key);
      maybe_ = std::move(after);
      CheckEverythingFails();
    } else {
      model_ = std::move(after);
      Judge(verdicts, calls, /*replies_arrive=*/true);
    }
    if (failed()) return;
  }
  history_.Note(step_, Now(), "a commit failed");
  EndProcess();
  machine_.Kill();
  Start();
}

// Everybody hears of it at once: those of the batch, those who wait, and those who come later.
void Simulation::CheckEverythingFails() {
  MakeCalls();
  std::vector<engine::Operation*> later;
  for (const auto& [call, owned] : calls_) {
    if (call->finished == 0) later.push_back(owned.get());
  }
  if (stats_->waiters.value() != 0 || committer_->NextDue()) Fail("somebody waits on a storage that failed");
  committer_->Run(later);
  for (const auto& [call, owned] : calls_) {
    if (call->finished == 1 && IsStorageFailed(*call)) continue;
    Fail(call->key, absl::StrCat("storage failed, but call ", call->number, " was answered ", call->finished,
                                 " times, or something else"));
  }
}

// Whoever waited for an answer gets none.
void Simulation::EndProcess() {
  ended_ = Now();
  was_marked_ = !storage_->clock().MustMark(ended_);
  calls_.clear();
  answered_.clear();
  committer_.reset();
}

// Time passes, and the wall clock may be set to another; but not back to before an instant at which a compaction may have
// taken something away that no mark covers: that is what the slack of reclaiming is for, and it is not as long as time jumps.
void Simulation::BeDown() {
  machine_.time.Advance(chance_.UpTo(2min));
  if (!chance_.OneIn(4)) return;
  machine_.time.StepWall(was_marked_ && chance_.OneIn(2) ? -chance_.UpTo(1h) : chance_.UpTo(1h));
}

}  // namespace semel::simulation
