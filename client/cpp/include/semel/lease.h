// One ownership of a key that is kept alive for as long as this handle lives.
//
//   auto answer = client.Acquire({.key = "order/1017"});
//   if (!answer.ok()) return answer.status();
//   if (auto* lease = std::get_if<semel::Lease>(&*answer)) {
//     lease->OnLost([&] { shipment.Cancel(); });
//     return lease->Complete({.payload = shop.Place(order, lease->token())}).status();
//   }
//
// Client::Run is made of it and suffices where the work is one function. Use a Lease where the work spans several.

#ifndef SEMEL_LEASE_H_
#define SEMEL_LEASE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "semel/answer.h"
#include "semel/outcome.h"

namespace semel {

class Client;
struct CompleteRequest;

// Movable, not copyable; a moved-from Lease can only be destroyed or assigned to. May outlive its Client, whose connection it
// keeps open.
//
// Threads: lost, stop_token, Checkpoint, ReleaseIfDropped and the plain accessors may be called from all threads at once.
// OnLost, Complete, Fail, Release, moving and destroying are for one thread at a time, and moving and destroying only while no
// other call is inside.
class Lease {
 public:
  Lease(Lease&& other) noexcept;
  // As the destructor for the lease that was held here.
  Lease& operator=(Lease&& other) noexcept;
  // Ends what OnLost asked for. If the lease was not ended by Complete, Fail or Release, it is not renewed any more and is left to
  // lapse: the side effect may have happened, and only its owner could know. The next attempt is then told Previous::kAbandoned
  // (or the key is in doubt), after what is left of the lease. See ReleaseIfDropped for the other way.
  ~Lease();

  const std::string& namespace_name() const;
  const std::string& key() const;
  // Fencing token: hand it to what you write to, and let that refuse smaller ones (Kleppmann, "How to do distributed
  // locking", 2016). It is what stops a slow owner that lost its lease without noticing.
  int64_t token() const;
  // Of the attempt: 1 for the first one on the key.
  int number() const;
  // kAbandoned: an earlier attempt fell silent half way. Look whether its effect happened before doing it again.
  Previous previous() const;
  // The last checkpoint of earlier attempts; empty where there is none.
  const std::string& checkpoint() const;

  // True once another attempt took over, or once the lease went by without a renewal, so that another attempt may have
  // taken over. Never becomes false again. Stop working: do not begin what cannot be taken back. Complete is still worth a
  // call, as it is accepted while nobody else acquired the key.
  bool lost() const;
  // Fires when lost() becomes true. std::stop_callbacks on it run as OnLost says.
  std::stop_token stop_token() const;
  // Calls `callback` once, when lost() becomes true; now and on this thread if it is already. Replaces the one before it.
  //
  // It runs on the thread that notices the loss: mostly the one that keeps all leases of the Client alive, else one that is
  // inside of lost(), Checkpoint, Complete, Fail or Release. While it runs no other lease of the Client is renewed: keep it
  // short. It may call the Client and this lease's accessors; it must not throw, destroy the Client or end, move or destroy
  // this Lease. After a successful Complete, Fail or Release, after OnLost({}) and after the destructor it is not running and will
  // not run: these wait for it where it runs on another thread, so do not call them with a mutex in hand that it wants.
  void OnLost(std::function<void()> callback);

  // What becomes of the key when this Lease is destroyed without being ended. False, as it is at first: it is left to lapse. True:
  // it is released, which says "I did nothing, let another try now". For the time before the side effect begins, where an early
  // return or an exception need not keep others waiting; call ReleaseIfDropped(false) before the effect. A Checkpoint with
  // `effects_began` does that too. The destructor then calls the server, for at most ClientOptions::try_timeout; if that fails, and
  // where the lease was lost, it is left to lapse.
  void ReleaseIfDropped(bool release);

  // Saves `data` (at most 65,536 bytes) for the next attempt, should this one be abandoned or fail. Replaces the checkpoint
  // before it. With `effects_began`, the side effect counts as impossible to take back from here on: if this attempt falls
  // silent, the key is in doubt until somebody finds out, whatever the namespace's policy says; that stays true for this
  // attempt. Go on only if the answer is OK. Safe to call again after any error.
  // Errors: as Client::Checkpoint; TOKEN_STALE makes lost() true.
  absl::Status Checkpoint(std::string_view data, bool effects_began = false);

  // Reports that the effect happened, and what it left behind, and ends the lease. What the server refuses of it is left out and the
  // rest reported, so that the effect stays done: a `retention` that the namespace does not allow, a payload that is too large,
  // content type, attributes and payload where a field of the result is wrong. Completed::omitted and Completed::refused tell. Each
  // report has ClientOptions::complete_timeout. `retention` as CompleteRequest.
  // Errors: as Client::Complete. After kAborted (TOKEN_STALE), kNotFound and kFailedPrecondition the lease is over; after all
  // others it is still kept alive: call again, or drop it.
  absl::StatusOr<Completed> Complete(Result result, std::optional<Duration> retention = std::nullopt);
  // Reports that the effect did not happen. As Complete: what may be left out is the retention, message, details and retry_after.
  // Errors: as Complete; kInvalidArgument where Failure::reason is wrong.
  absl::StatusOr<Completed> Fail(Failure failure, std::optional<Duration> retention = std::nullopt);
  // Gives the key back: "I did nothing, let another try now". Errors and what follows them: as Complete.
  absl::Status Release();

  // True once Complete, Fail or Release ended it: nothing is renewed any more, and dropping it does nothing.
  bool ended() const;

 private:
  friend class Client;
  struct State;

  explicit Lease(std::unique_ptr<State> state);
  // `report` is then what was recorded.
  absl::StatusOr<Completed> Report(CompleteRequest& report);
  void Drop();

  std::unique_ptr<State> state_;  // null after a move
};

// What became of an Acquire: the lease, or what is recorded.
using AcquireAnswer = std::variant<Lease, Done, Failed, InProgress, InDoubt, Expired>;

}  // namespace semel

#endif  // SEMEL_LEASE_H_
