#include "semel/lease.h"

#include <atomic>
#include <chrono>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cpp/client_core.h"
#include "client/cpp/error_details.h"
#include "client/cpp/lesser_report.h"
#include "semel/client.h"
#include "semel/error.h"

namespace semel {
namespace {

using SteadyClock = std::chrono::steady_clock;

}  // namespace

struct Lease::State {
  State(const std::shared_ptr<ClientCore>& core, const HeldKey& held_key, Acquired acquired_as,
        SteadyClock::time_point granted)
      : client(core),
        key(held_key),
        acquired(std::move(acquired_as)),
        held(core->keeper->Hold(held_key, acquired.lease, granted)) {}

  // Ends the renewals, and OnLost with them.
  void End() {
    ended = true;
    client.core_->keeper->Drop(*held);
    on_lost.reset();
  }

  // What the server's answer to a call says about the lease.
  void Note(const absl::Status& status) {
    if (DetailsOf(status).reason == reason::kTokenStale) held->MarkLost();
  }

  CallOptions options(Duration timeout) const { return {.namespace_name = key.namespace_name, .timeout = timeout}; }

  // Constant after construction.
  Client client;  // a face of its own, on the same core: keeps the connection and the keeper for as long as the lease
  const HeldKey key;
  const Acquired acquired;
  const std::shared_ptr<HeldLease> held;

  std::atomic<bool> release_if_dropped = false;
  // Of the one thread that ends it.
  bool ended = false;
  std::optional<std::stop_callback<std::function<void()>>> on_lost;
};

Lease::Lease(std::unique_ptr<State> state) : state_(std::move(state)) {}
Lease::Lease(Lease&& other) noexcept = default;

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  Drop();
  state_ = std::move(other.state_);
  return *this;
}

Lease::~Lease() { Drop(); }

void Lease::Drop() {
  if (!state_ || state_->ended) return;
  const bool release = state_->release_if_dropped && !lost();
  if (release) {
    state_->client.core_->keeper->ExpectEnd(*state_->held);
    // A failed release leaves the lease to lapse, which is what would have happened without it.
    (void)state_->client.Release(key(), token(), state_->options(state_->client.options().try_timeout));
  }
  state_->End();
}

const std::string& Lease::namespace_name() const { return state_->key.namespace_name; }
const std::string& Lease::key() const { return state_->key.key; }
int64_t Lease::token() const { return state_->acquired.token; }
int Lease::number() const { return state_->acquired.attempt; }
Previous Lease::previous() const { return state_->acquired.previous; }
const std::string& Lease::checkpoint() const { return state_->acquired.checkpoint; }
bool Lease::lost() const { return state_->held->Lost(); }
std::stop_token Lease::stop_token() const { return state_->held->stop_token(); }
bool Lease::ended() const { return state_->ended; }
void Lease::ReleaseIfDropped(bool release) { state_->release_if_dropped = release; }

void Lease::OnLost(std::function<void()> callback) {
  state_->on_lost.reset();
  if (callback && !state_->ended) state_->on_lost.emplace(stop_token(), std::move(callback));
}

absl::Status Lease::Checkpoint(std::string_view data, bool effects_began) {
  // Before the call: a lost reply does not tell whether effects may begin.
  if (effects_began) state_->release_if_dropped = false;
  const absl::Status status =
      state_->client
          .Checkpoint(key(), token(), data, effects_began, state_->options(state_->client.options().call_timeout))
          .status();
  state_->Note(status);
  return status;
}

absl::StatusOr<Completed> Lease::Complete(Result result, std::optional<Duration> retention) {
  CompleteRequest report{.key = key(), .token = token(), .outcome = std::move(result), .retention = retention};
  return Report(report);
}

absl::StatusOr<Completed> Lease::Fail(Failure failure, std::optional<Duration> retention) {
  CompleteRequest report{.key = key(), .token = token(), .outcome = std::move(failure), .retention = retention};
  return Report(report);
}

absl::StatusOr<Completed> Lease::Report(CompleteRequest& report) {
  // From here on "not in progress" is no loss, and the key is not for others to have as if nothing had been done.
  state_->client.core_->keeper->ExpectEnd(*state_->held);
  state_->release_if_dropped = false;
  const CallOptions options = state_->options(state_->client.options().complete_timeout);
  absl::StatusOr<Completed> completed =
      CompleteOrLess(report, [&](const CompleteRequest& request) { return state_->client.Complete(request, options); });
  state_->Note(completed.status());
  if (completed.ok() || AttemptIsOver(completed.status())) state_->End();
  return completed;
}

absl::Status Lease::Release() {
  state_->client.core_->keeper->ExpectEnd(*state_->held);
  const absl::Status status =
      state_->client.Release(key(), token(), state_->options(state_->client.options().call_timeout));
  state_->Note(status);
  if (status.ok() || AttemptIsOver(status)) state_->End();
  return status;
}

absl::StatusOr<AcquireAnswer> Client::Acquire(const BeginRequest& request, const CallOptions& options) {
  SteadyTime granted;
  absl::StatusOr<BeginAnswer> answer = BeginNoting(request, options, granted);
  if (!answer.ok()) return answer.status();
  return std::visit(
      [&](auto& told) -> absl::StatusOr<AcquireAnswer> {
        if constexpr (std::is_same_v<std::decay_t<decltype(told)>, Acquired>) {
          return Hold(request.key, std::move(told), granted, options);
        } else {
          return AcquireAnswer(std::move(told));
        }
      },
      *answer);
}

absl::StatusOr<AcquireAnswer> Client::Hold(const std::string& key, Acquired acquired, SteadyTime granted,
                                           const CallOptions& options) {
  if (SteadyClock::now() - granted > acquired.lease / 3) {
    // The server waited, the answer was long on its way, or this process was stopped: make sure of the lease before the work.
    granted = SteadyClock::now();
    absl::StatusOr<Duration> renewed = Renew({.key = key, .token = acquired.token}, options);
    if (!renewed.ok()) return renewed.status();
    acquired.lease = *renewed;
  }
  const HeldKey held{.namespace_name = core_->NamespaceOf(options), .key = key, .token = acquired.token};
  return AcquireAnswer(Lease(std::make_unique<Lease::State>(core_, held, std::move(acquired), granted)));
}

}  // namespace semel
