#include "tests/simulation/simulation.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"

namespace semel::simulation {
namespace {

using namespace std::chrono_literals;
using storage::Duration;
using storage::Key;
using storage::Time;

constexpr size_t kAnsweredKept = 64;
constexpr int kStepsBetweenFullChecks = 100;

engine::Limits SomeLimits(Chance& chance) {
  engine::Limits limits;
  limits.max_waiters = chance.Among<size_t>({3, 8, 1000});
  limits.max_waiters_per_key = chance.Among<size_t>({2, 5, 1000});
  limits.max_open_keys = chance.Among<size_t>({8, 1000, 1000});
  return limits;
}

}  // namespace

Simulation::Simulation(uint64_t seed, Machine& machine)
    : machine_(machine),
      chance_(seed),
      policies_(SimulatedPolicies()),
      limits_(SomeLimits(chance_)),
      clients_(policies_, chance_),
      model_(limits_) {}

std::string Simulation::Run(int64_t steps) {
  Start();
  while (step_ < steps && !failed()) {
    ++step_;
    Step();
    if (!failed() && step_ % kStepsBetweenFullChecks == 0) CheckEveryKey();
  }
  if (!failed()) EndWaits();
  if (!failed()) KillAndStart();
  committer_.reset();
  if (storage_ != nullptr) machine_.Kill();
  return failure_;
}

void Simulation::Step() {
  const uint64_t what = chance_.Below(1000);
  if (what < 700) return RunBatch();
  if (what < 920) return LetTimePass();
  if (what < 950) return CancelWaiter();
  if (what < 985) return Maintain();
  if (what < 989) return StopAndStart();
  if (what < 993) return KillAndStart();
  if (what < 997) return LoseBatchAndStart();
  return FailStorageAndStart();
}

void Simulation::RunBatch(bool replies_arrive) {
  const std::vector<Call*> calls = MakeCalls();
  const std::vector<Model::Verdict> verdicts = model_.Run(Now(), calls);
  committer_->Run(std::vector<engine::Operation*>(calls.begin(), calls.end()));
  Judge(verdicts, calls, replies_arrive);
}

std::vector<Call*> Simulation::MakeCalls() {
  std::vector<Call*> calls;
  const size_t count = 1 + chance_.Below(6);
  const bool one_key = chance_.OneIn(3);
  std::shared_ptr<Call::Budget> budget;
  if (chance_.OneIn(8)) {
    const auto bytes = chance_.Among<size_t>({0, 50, 400, 1000});
    budget = std::make_shared<Call::Budget>(Call::Budget{.real = bytes, .model = bytes});
  }
  while (calls.size() < count) {
    std::unique_ptr<Call> call = clients_.Next(Now(), one_key && !calls.empty() ? calls.front() : nullptr);
    if (budget != nullptr) {
      call->budget = budget;
      call->payload_budget = &budget->real;
      if (auto* begin = std::get_if<engine::Begin>(&call->request)) begin->wait = Duration(0);
    }
    calls.push_back(call.get());
    calls_[calls.back()] = std::move(call);
  }
  return calls;
}

// Keeps an answered call for a while, so that a second answer is noticed.
void Simulation::Forget(Call& call) {
  auto found = calls_.find(&call);
  answered_.push_back(std::move(found->second));
  calls_.erase(found);
  if (answered_.size() <= kAnsweredKept) return;
  if (answered_.front()->finished > 1) Fail(answered_.front()->key, "a call was answered twice");
  answered_.pop_front();
}

// Mostly a little; or to an instant at which something changes, or the last before it, or the first after it.
void Simulation::LetTimePass() {
  const uint64_t what = chance_.Below(100);
  if (what < 40) {
    machine_.time.Advance(chance_.UpTo(200ms));
  } else if (what < 52) {
    machine_.time.Advance(chance_.UpTo(30s));
  } else if (what < 54) {
    machine_.time.Advance(chance_.UpTo(5min));
  } else if (what < 64) {
    if (const std::optional<Time> due = committer_->NextDue()) AdvanceTo(*due);
  } else {
    const KeyModel& key = model_.Get(chance_.Any(clients_.keys()));
    const auto* failure = std::get_if<storage::Failure>(&key.stored);
    const Time retry = key.completed + (failure != nullptr ? failure->retry_after : Duration(0));
    const Time edge = chance_.Among({key.lease_end(), key.forgotten_at(), key.replayed_until, retry});
    if (edge < Now() + 5min) AdvanceTo(edge + chance_.Among<Duration>({-1us, 0us, 0us, 1us}));
  }
  if (!chance_.Percent(80)) return;
  const std::vector<Model::Verdict> verdicts = model_.Run(Now(), {});
  committer_->Run({});
  Judge(verdicts, {}, /*replies_arrive=*/true);
}

void Simulation::AdvanceTo(Time instant) {
  if (instant > Now()) machine_.time.Advance(instant - Now());
}

void Simulation::CancelWaiter() {
  if (!answered_.empty() && committer_->Cancel(answered_.back().get())) {
    return Fail(answered_.back()->key, "a call was taken back that had been answered");
  }
  std::vector<Call*> waiters = model_.Waiters();
  if (waiters.empty()) return;
  Call* call = chance_.Any(waiters);
  model_.Cancel(call);
  if (!committer_->Cancel(call)) return Fail(call->key, "a waiter could not be taken back");
  history_.Note(step_, Now(), "a waiter was cancelled");
  calls_.erase(call);
  CheckWaiters();
}

// Housekeeping, and what storage does at moments of its own: compactions do not wait for the journal to be trimmed.
void Simulation::Maintain() {
  if (chance_.OneIn(2)) {
    model_.Maintain(Now());
    if (absl::Status status = committer_->Maintain(); !status.ok()) {
      return Fail(absl::StrCat("Maintain: ", status.ToString()));
    }
    if (storage_->clock().MustMark(Now())) return Fail("space was given back at an instant that no mark covers");
  }
  if (!storage_->clock().MustMark(Now())) {
    if (absl::Status status = machine_.Stir(chance_); !status.ok()) {
      return Fail(absl::StrCat("stirring: ", status.ToString()));
    }
  }
  CheckEveryKey();
}

// Time alone ends every wait.
void Simulation::EndWaits() {
  while (const std::optional<Time> due = committer_->NextDue()) {
    if (failed()) return;
    AdvanceTo(*due);
    const std::vector<Model::Verdict> verdicts = model_.Run(Now(), {});
    committer_->Run({});
    Judge(verdicts, {}, /*replies_arrive=*/true);
  }
  if (stats_->waiters.value() != 0 || !calls_.empty()) Fail("somebody waits for ever");
}

void Simulation::Fail(const Key& key, const std::string& what) {
  if (failed()) return;
  failure_ = absl::StrCat("step ", step_, key.name.empty() ? "" : absl::StrCat(", key ", key.ns, "/", key.name), ": ",
                          what, "\nwhat led to it:\n", history_.Tell(key));
}

}  // namespace semel::simulation
