// Keeps all live leases of one Client alive, on one thread, however many there are.
//
// A lease is renewed when a third of it has passed (less up to a fifth of that third, so that leases which began together
// drift apart); those that are due together share one BatchRenew. A failed renewal is tried again several times before the
// lease is over. The lease counts as lost when the server says so, or when it went by without a renewal: somebody
// may have taken over then.

#ifndef SEMEL_CLIENT_CPP_LEASE_KEEPER_H_
#define SEMEL_CLIENT_CPP_LEASE_KEEPER_H_

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cpp/held_lease.h"
#include "client/cpp/randomness.h"
#include "grpcpp/client_context.h"
#include "semel/outcome.h"

namespace semel {

// Thread-safe.
class LeaseKeeper {
 public:
  using SteadyTime = HeldLease::SteadyTime;
  using Renewed = std::vector<absl::StatusOr<Duration>>;
  // Makes one try under the given context, whose deadline is set; answers the granted lengths, in order.
  using RenewAll = std::function<absl::StatusOr<Renewed>(grpc::ClientContext&, const std::vector<HeldKey>&)>;

  // As many as one batch may carry.
  static constexpr size_t kMaxRenewalsAtOnce = 1000;

  explicit LeaseKeeper(RenewAll renew_all);
  // Cancels a renewal that is under way and joins the thread. Leases that are still held are left to lapse.
  ~LeaseKeeper();

  // Holds on to a lease of `length` that was granted at `granted` until it is dropped.
  std::shared_ptr<HeldLease> Hold(HeldKey key, Duration length, SteadyTime granted);
  // The work is over and its outcome is being reported: go on renewing, but "not in progress" is no longer a loss.
  void ExpectEnd(HeldLease& lease);
  // Returns at once; a renewal that is under way is ignored.
  void Drop(HeldLease& lease);

 private:
  using Leases = std::vector<std::shared_ptr<HeldLease>>;

  void Work();
  Leases TakeDue(SteadyTime now);
  void RenewTogether(std::unique_lock<std::mutex>& lock, const Leases& due);
  // False where the lease may have been lost.
  bool Apply(HeldLease& lease, const absl::StatusOr<Duration>& renewed, SteadyTime sent);
  void Schedule(HeldLease& lease, SteadyTime at);
  void Unschedule(HeldLease& lease);
  SteadyTime NextRenewal(const HeldLease& lease, SteadyTime granted);
  SteadyTime NextTryAfterError(const HeldLease& lease);

  // Constant after construction.
  const RenewAll renew_all_;

  // Guarded by mutex_.
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  uint64_t next_id_ = 0;
  std::map<std::pair<SteadyTime, uint64_t>, std::shared_ptr<HeldLease>> schedule_;  // by when it is due
  grpc::ClientContext* renewing_ = nullptr;                                         // the call that is under way
  JitterSource random_;
  std::thread thread_;  // started by the first lease: a Client that only looks up needs none
};

}  // namespace semel

#endif  // SEMEL_CLIENT_CPP_LEASE_KEEPER_H_
