#include "client/cpp/lease_keeper.h"

#include <algorithm>

#include "client/cpp/connection.h"
#include "semel/error.h"

namespace semel {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Bounds on how long one renewal may take before it is tried again: a third of the shortest lease in it, within these.
constexpr Duration kShortestTry = std::chrono::milliseconds(50);
constexpr Duration kLongestTry = std::chrono::seconds(5);
constexpr Duration kLongestPause = std::chrono::seconds(2);

Duration Scaled(Duration duration, double factor) {
  return Duration(static_cast<int64_t>(static_cast<double>(duration.count()) * factor));
}

}  // namespace

LeaseKeeper::LeaseKeeper(RenewAll renew_all) : renew_all_(std::move(renew_all)), random_(RandomSeed()) {}

LeaseKeeper::~LeaseKeeper() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    if (renewing_ != nullptr) renewing_->TryCancel();
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::shared_ptr<HeldLease> LeaseKeeper::Hold(HeldKey key, Duration length, SteadyTime granted) {
  std::lock_guard lock(mutex_);
  auto lease = std::make_shared<HeldLease>(next_id_++, std::move(key), length, granted);
  Schedule(*lease, NextRenewal(*lease, granted));
  if (!thread_.joinable()) thread_ = std::thread([this] { Work(); });
  changed_.notify_all();
  return lease;
}

void LeaseKeeper::ExpectEnd(HeldLease& lease) {
  std::lock_guard lock(mutex_);
  lease.end_expected_ = true;
}

void LeaseKeeper::Drop(HeldLease& lease) {
  std::lock_guard lock(mutex_);
  lease.dropped_ = true;
  Unschedule(lease);
}

void LeaseKeeper::Work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const Leases due = TakeDue(SteadyClock::now());
    if (!due.empty()) {
      RenewTogether(lock, due);
    } else if (schedule_.empty()) {
      changed_.wait(lock);
    } else {
      const SteadyTime next = schedule_.begin()->first.first;  // a copy: the entry may go while we wait
      changed_.wait_until(lock, next);
    }
  }
}

LeaseKeeper::Leases LeaseKeeper::TakeDue(SteadyTime now) {
  Leases due;
  while (!schedule_.empty() && schedule_.begin()->first.first <= now && due.size() < kMaxRenewalsAtOnce) {
    due.push_back(schedule_.begin()->second);
    Unschedule(*due.back());
  }
  return due;
}

void LeaseKeeper::RenewTogether(std::unique_lock<std::mutex>& lock, const Leases& due) {
  std::vector<HeldKey> requests;
  Duration shortest = kLongestTry * 3;
  for (const auto& lease : due) {
    requests.push_back(lease->key_);
    shortest = std::min(shortest, lease->length_);
  }
  grpc::ClientContext context;
  SetTimeout(context, std::clamp(shortest / 3, kShortestTry, kLongestTry));
  // Between renewals nobody may be waiting inside of gRPC, which then makes no progress with a broken connection: wait for it.
  context.set_wait_for_ready(true);
  // The server counts from when it answers, which is later: what we believe of a lease's end errs on the safe side.
  const SteadyTime sent = SteadyClock::now();

  renewing_ = &context;
  lock.unlock();
  const absl::StatusOr<Renewed> renewed = renew_all_(context, requests);
  lock.lock();
  renewing_ = nullptr;

  Leases lost;
  for (size_t i = 0; i < due.size(); ++i) {
    const absl::StatusOr<Duration> item = renewed.ok() ? (*renewed)[i] : absl::StatusOr<Duration>(renewed.status());
    if (!Apply(*due[i], item, sent)) lost.push_back(due[i]);
  }
  lock.unlock();  // the callbacks of others run in here
  for (const auto& lease : lost) lease->MarkLost();
  lock.lock();
}

bool LeaseKeeper::Apply(HeldLease& lease, const absl::StatusOr<Duration>& renewed, SteadyTime sent) {
  if (lease.dropped_) return true;
  if (renewed.ok()) {
    const bool in_time = sent < lease.ends_.load();
    lease.length_ = *renewed;
    lease.ends_ = sent + *renewed;
    Schedule(lease, NextRenewal(lease, sent));
    return in_time;
  }
  if (AttemptIsOver(renewed.status())) return lease.end_expected_;
  // Nobody may have taken over yet even when the lease went by: go on trying.
  Schedule(lease, NextTryAfterError(lease));
  return SteadyClock::now() < lease.ends_.load();
}

void LeaseKeeper::Schedule(HeldLease& lease, SteadyTime at) {
  lease.due_ = at;
  schedule_.emplace(std::pair(at, lease.id_), lease.shared_from_this());
}

void LeaseKeeper::Unschedule(HeldLease& lease) {
  if (!lease.due_) return;
  schedule_.erase({*lease.due_, lease.id_});
  lease.due_.reset();
}

LeaseKeeper::SteadyTime LeaseKeeper::NextRenewal(const HeldLease& lease, SteadyTime granted) {
  return granted + Scaled(lease.length_ / 3, UniformBetween(0.8, 1.0, random_));
}

// About ten tries before the lease is over, and one just when it is: a loss is noticed at once, not a pause later.
LeaseKeeper::SteadyTime LeaseKeeper::NextTryAfterError(const HeldLease& lease) {
  const SteadyTime now = SteadyClock::now();
  const SteadyTime ends = lease.ends_.load();
  const Duration pause = std::min(Scaled(lease.length_ / 15, UniformBetween(0.5, 1.5, random_)), kLongestPause);
  return now < ends ? std::min(now + pause, ends) : now + pause;
}

}  // namespace semel
