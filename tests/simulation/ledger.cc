#include "tests/simulation/ledger.h"

#include <algorithm>
#include <variant>

#include "absl/strings/str_cat.h"

namespace semel::simulation {

using engine::Reason;

class Ledger::Entry {
 public:
  Entry(Page& page, const Call& call, Time now) : page_(page), call_(call), policy_(call.ns->policy()), now_(now) {}

  std::string operator()(const engine::Acquired& reply) {
    const auto& begin = std::get<engine::Begin>(call_.request);
    std::optional<Owner>& owner = page_.owner;
    if (owner && owner->token == reply.token) {
      if (owner->attempt_id != begin.attempt_id) return "two attempts got the same token";
    } else {
      const bool grew = page_.certain ? reply.token > page_.highest_token : reply.token >= page_.highest_token;
      if (!grew) return absl::StrCat("a token did not grow: ", reply.token, " after ", page_.highest_token);
      if (owner && now_ < owner->until) {
        return owner->attempt_id == begin.attempt_id ? "an attempt that is live got a second token"
                                                     : "the key has two live owners";
      }
      if (owner && owner->silence_means_doubt && now_ < owner->until + policy_.abandoned_retention) {
        return "an attempt whose silence means doubt was taken over";
      }
      if (Remembered() && !(page_.settled->runs_again && now_ >= *page_.settled->runs_again)) {
        return "a finished key came back to life";
      }
    }
    const bool doubt = policy_.on_lapse == engine::LapsePolicy::kInDoubt;
    const bool effects_began = owner && owner->token == reply.token && owner->silence_means_doubt;
    owner = Owner{.token = reply.token,
                  .attempt_id = begin.attempt_id,
                  .lease = reply.lease,
                  .until = now_ + reply.lease,
                  .until_maybe = now_ + reply.lease,
                  .attempt = reply.attempt,
                  .silence_means_doubt = doubt || effects_began};
    page_.settled.reset();
    page_.certain = true;
    page_.highest_token = reply.token;
    return "";
  }

  std::string operator()(const engine::Done& reply) {
    if (!page_.certain) return "";
    if (!Heard()) return "a result was replayed that nobody completed, or that is past its time";
    const auto* result = std::get_if<storage::Result>(&page_.settled->outcome);
    const bool same = result != nullptr && (reply.result.payload_detached || result->payload == reply.result.payload);
    return same ? "" : "the result replayed is not the one that was completed";
  }
  std::string operator()(const engine::Failed& reply) {
    if (!page_.certain) return "";
    if (!Remembered()) return "a failure was replayed that nobody completed, or that is past its time";
    const auto* failure = std::get_if<storage::Failure>(&page_.settled->outcome);
    const bool same = failure != nullptr && (!Heard() || failure->reason == reply.failure.reason);
    return same ? "" : "the failure replayed is not the one that was completed";
  }
  std::string operator()(const engine::Expired&) {
    return !page_.certain || (Remembered() && !Heard()) ? "" : "a key is called expired that is not";
  }
  std::string operator()(const engine::InProgress&) {
    return !page_.certain || MaybeOwned() ? "" : "a key is called in progress that has no live owner";
  }
  std::string operator()(const engine::InDoubt&) {
    return !page_.certain || (page_.owner && !Owned()) ? "" : "a key is called in doubt that was not abandoned";
  }

  std::string operator()(const engine::Completed& reply) {
    const auto& complete = std::get<engine::Complete>(call_.request);
    if (reply.already_applied) {
      if (!page_.certain) return "";
      const bool known = page_.settled && page_.settled->token == complete.token &&
                         page_.settled->outcome == complete.outcome && page_.settled->heard_until == reply.expire_time;
      return known ? "" : "an outcome is called already applied that was not";
    }
    if (page_.certain && !IsOwner(complete.token)) return "a stale token completed the key";
    if (reply.expire_time != now_ + complete.retention) return "the outcome expires at another time than was asked for";
    Settle(complete.token, complete.outcome, complete.retention);
    return "";
  }
  std::string operator()(const engine::Renewed& reply) {
    const int64_t token = std::get<engine::Renew>(call_.request).token;
    if (!page_.certain) return "";
    if (!IsOwner(token)) return "a stale token renewed the lease";
    page_.owner->lease = reply.lease;
    page_.owner->until = page_.owner->until_maybe = now_ + reply.lease;
    return "";
  }
  std::string operator()(const engine::Checkpointed&) {
    const auto& checkpoint = std::get<engine::Checkpoint>(call_.request);
    if (!page_.certain) return "";
    if (!IsOwner(checkpoint.token)) return "a stale token saved a checkpoint";
    if (checkpoint.effects_began) page_.owner->silence_means_doubt = true;
    return "";
  }
  std::string operator()(const engine::Released&) {
    const int64_t token = std::get<engine::Release>(call_.request).token;
    if (!page_.certain) return "";
    if (Remembered()) return "a finished key was released";
    if (Owned() && !IsOwner(token)) return "a stale token released the key";
    if (IsOwner(token)) page_.owner.reset();
    return "";
  }

  std::string operator()(const engine::Resolved& reply) {
    const auto& resolve = std::get<engine::Resolve>(call_.request);
    if (reply.already_applied) {
      if (!page_.certain) return "";
      const bool known = resolve.outcome ? page_.settled && page_.settled->outcome == *resolve.outcome &&
                                               page_.settled->heard_until == reply.expire_time
                                         : !page_.owner && !page_.settled;
      return known ? "" : "a key is called resolved already that was not";
    }
    if (page_.certain && (!page_.owner || Owned())) return "a key was resolved that is not in doubt";
    const int64_t token = page_.owner ? page_.owner->token : page_.highest_token;
    const bool certain = page_.certain;
    if (resolve.outcome) {
      Settle(token, *resolve.outcome, resolve.retention);
    } else {
      Clear();
    }
    page_.certain = certain || !resolve.outcome;  // whose token it was is known only if the owner was
    return "";
  }
  std::string operator()(const engine::Deleted&) {
    Clear();
    return "";
  }

  std::string operator()(const engine::Found& reply) {
    if (!page_.certain) return "";
    switch (reply.state) {
      case engine::VisibleState::kInProgress:
      case engine::VisibleState::kInDoubt: return IsOwner(reply.record.token) ? "" : "an owner is shown who is none";
      case engine::VisibleState::kDone: return Heard() ? "" : "a result is shown that is not there";
      case engine::VisibleState::kFailed: return Remembered() ? "" : "a failure is shown that is not there";
      case engine::VisibleState::kExpired:
        return Remembered() && !Heard() ? "" : "a key is shown as expired that is not";
    }
    return "";
  }
  std::string operator()(const engine::NotFound&) { return LostIfKnown(); }

  std::string operator()(const engine::Refusal& refusal) {
    if (refusal.reason == Reason::kKeyNotFound) return LostIfKnown();
    if (refusal.reason != Reason::kTokenStale || !page_.certain || !Owned()) return "";
    const bool was_owner = std::visit([&](const auto& request) { return Refuses(request); }, call_.request);
    return was_owner ? "the live owner was called stale" : "";
  }

 private:
  template <typename T>
  bool Refuses(const T& request) const {
    if constexpr (requires { request.token; }) return IsOwner(request.token);
    return false;
  }

  bool IsOwner(int64_t token) const { return page_.owner && page_.owner->token == token; }
  bool Owned() const { return page_.owner && now_ < page_.owner->until; }
  bool MaybeOwned() const { return page_.owner && now_ < page_.owner->until_maybe; }
  bool Heard() const { return page_.settled && now_ < page_.settled->heard_until; }
  bool Remembered() const { return page_.settled && now_ < page_.settled->remembered_until; }

  std::string LostIfKnown() const {
    if (!page_.certain) return "";
    if (Owned()) return "a key with a live owner is lost";
    return Remembered() ? "a finished key is lost" : "";
  }

  void Clear() {
    page_.owner.reset();
    page_.settled.reset();
    page_.certain = true;
  }

  void Settle(int64_t token, const Outcome& outcome, Duration retention) {
    Settled settled{.token = token, .outcome = outcome, .heard_until = now_ + retention};
    settled.remembered_until = now_ + std::max(retention, policy_.key_retention);
    const auto* failure = std::get_if<storage::Failure>(&outcome);
    const bool last = policy_.max_attempts > 0 && page_.owner && page_.owner->attempt >= policy_.max_attempts;
    if (failure != nullptr && failure->retryable && !last) settled.runs_again = now_ + failure->retry_after;
    Clear();
    page_.settled = settled;
  }

  Page& page_;
  const Call& call_;
  const Policy& policy_;
  const Time now_;
};

std::string Ledger::Note(const Call& call, const Reply& reply, Time now) {
  return std::visit(Entry(pages_[call.key], call, now), reply);
}

void Ledger::Restart(Time last_alive, Time end, Time boot) {
  for (auto& [key, page] : pages_) {
    if (!page.owner) continue;
    Owner& owner = *page.owner;
    if (owner.until_maybe > last_alive) owner.until_maybe = boot + owner.lease;
    if (owner.until > end) owner.until = boot + owner.lease;
  }
}

}  // namespace semel::simulation
