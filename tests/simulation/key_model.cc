#include "tests/simulation/key_model.h"

#include <algorithm>
#include <variant>

namespace semel::simulation {
namespace {

using engine::Reason;

Reply Refused(Reason reason) { return engine::Refusal{.reason = reason}; }

class Call {
 public:
  Call(KeyModel& key, const Policy& policy, Time now, int64_t new_token, bool& changed)
      : key_(key), policy_(policy), now_(now), new_token_(new_token), changed_(changed) {}

  Reply operator()(const engine::Begin& begin) {
    if (key_.is == Is::kAbsent) return NewAttempt(begin, Previous::kNone);
    const bool both_have_one = !begin.fingerprint.empty() && !key_.fingerprint.empty();
    if (both_have_one && begin.fingerprint != key_.fingerprint) return Refused(Reason::kFingerprintMismatch);
    const bool same_attempt = begin.attempt_id == key_.attempt_id;
    switch (key_.is) {
      case Is::kAbsent: break;
      case Is::kRunning:
        if (same_attempt && !(Lapsed() && key_.effects_began)) return SameAttempt(begin);
        if (!Lapsed()) {
          return engine::InProgress{
              .owner = key_.owner, .attempt = key_.attempt, .lease_remaining = key_.lease_end() - now_};
        }
        if (!SilenceMeansDoubt()) return NewAttempt(begin, Previous::kAbandoned);
        changed_ = true;
        key_.is = Is::kInDoubt;
        return Doubt();
      case Is::kInDoubt:
        if (same_attempt && !key_.effects_began) return SameAttempt(begin);
        return Doubt();
      case Is::kDone:
        if (now_ >= key_.replayed_until) return engine::Expired{.complete_time = key_.completed};
        return engine::Done{.result = std::get<storage::Result>(key_.stored),
                            .complete_time = key_.completed,
                            .expire_time = key_.replayed_until};
      case Is::kFailed: return BeginAfterFailure(begin);
      case Is::kVacant: return NewAttempt(begin, key_.previous);
    }
    return {};
  }

  Reply operator()(const engine::Complete& complete) {
    if (Nothing()) return Refused(Reason::kKeyNotFound);
    if (key_.token != complete.token) return Refused(Reason::kTokenStale);
    if (!key_.open()) {
      if (complete.outcome != key_.asked) return Refused(Reason::kOutcomeConflict);
      return engine::Completed{.state = StoredState(),
                               .expire_time = key_.replayed_until,
                               .already_applied = true,
                               .made_final = MadeFinal()};
    }
    Settle(complete.outcome, complete.retention);
    return engine::Completed{.state = StoredState(), .expire_time = key_.replayed_until, .made_final = MadeFinal()};
  }

  Reply operator()(const engine::Renew& renew) {
    if (auto refusal = RefuseOwner(renew.token)) return *refusal;
    changed_ = true;
    key_.lease_start = now_;
    if (renew.lease) key_.lease = *renew.lease;
    return engine::Renewed{.lease = key_.lease};
  }

  Reply operator()(const engine::Checkpoint& checkpoint) {
    if (auto refusal = RefuseOwner(checkpoint.token)) return *refusal;
    changed_ = true;
    key_.checkpoint = checkpoint.data;
    if (checkpoint.effects_began) key_.effects_began = true;
    return engine::Checkpointed{.lease_remaining = Lapsed() ? Duration(0) : key_.lease_end() - now_};
  }

  Reply operator()(const engine::Release& release) {
    if (key_.is == Is::kAbsent) return engine::Released{};
    if (key_.token != release.token) return Refused(Reason::kTokenStale);
    if (key_.is == Is::kVacant) return engine::Released{};
    if (!key_.open()) return Refused(Reason::kNotInProgress);
    const KeyModel before = key_;
    Vacate();
    if (before.previous == Previous::kAbandoned) {
      key_.previous = Previous::kAbandoned;
      key_.fingerprint = before.fingerprint;
      key_.checkpoint = before.checkpoint;
    }
    if (before.previous != Previous::kNone) key_.checkpoint = before.checkpoint;
    return engine::Released{};
  }

  Reply operator()(const engine::Lookup&) {
    if (Nothing()) return engine::NotFound{};
    engine::Found found;
    found.record.token = key_.token;
    found.record.attempt = key_.attempt;
    found.record.fingerprint = key_.fingerprint;
    found.record.checkpoint = key_.checkpoint;
    found.record.owner = key_.owner;
    found.record.previous = key_.previous;
    found.record.create_time = key_.first_begun;
    found.state = Visible();
    if (key_.open()) {
      if (!Lapsed() && key_.is == Is::kRunning) found.lease_remaining = key_.lease_end() - now_;
      return found;
    }
    found.record.complete_time = key_.completed;
    found.record.result_expire_time = key_.replayed_until;
    found.record.key_expire_time = key_.remembered_until;
    if (now_ < key_.replayed_until) found.record.outcome = key_.stored;
    return found;
  }

  Reply operator()(const engine::Resolve& resolve) {
    if (key_.is == Is::kAbsent) return Refused(Reason::kKeyNotFound);
    if (resolve.attempt != 0 && resolve.attempt != key_.attempt) return Refused(Reason::kNotInDoubt);
    if (key_.is == Is::kVacant && !key_.freed_by_operator) return Refused(Reason::kKeyNotFound);
    if (!key_.open()) return ResolveAgain(resolve);
    if (!InDoubt()) return Refused(Reason::kNotInDoubt);
    if (resolve.outcome) {
      Settle(*resolve.outcome, resolve.retention);
      return engine::Resolved{.state = StoredState(), .expire_time = key_.replayed_until};
    }
    Vacate();
    key_.freed_by_operator = true;
    return engine::Resolved{};
  }

  Reply operator()(const engine::Delete&) {
    if (Nothing()) return Refused(Reason::kKeyNotFound);
    const engine::VisibleState state = Visible();
    changed_ = true;
    key_ = KeyModel{};
    return engine::Deleted{.state = state};
  }

 private:
  bool Nothing() const { return key_.is == Is::kAbsent || key_.is == Is::kVacant; }
  bool Lapsed() const { return now_ >= key_.lease_end(); }
  bool SilenceMeansDoubt() const { return key_.effects_began || policy_.on_lapse == engine::LapsePolicy::kInDoubt; }
  bool InDoubt() const {
    return key_.is == Is::kInDoubt || (key_.is == Is::kRunning && Lapsed() && SilenceMeansDoubt());
  }
  bool MayRunAgain() const {
    const auto* failure = std::get_if<storage::Failure>(&key_.stored);
    return failure != nullptr && failure->retryable;
  }
  engine::VisibleState Visible() const {
    if (key_.open()) return InDoubt() ? engine::VisibleState::kInDoubt : engine::VisibleState::kInProgress;
    if (now_ >= key_.replayed_until && !MayRunAgain()) return engine::VisibleState::kExpired;
    return key_.is == Is::kDone ? engine::VisibleState::kDone : engine::VisibleState::kFailed;
  }
  Reply ResolveAgain(const engine::Resolve& resolve) const {
    const bool same = key_.is == Is::kVacant ? !resolve.outcome : resolve.outcome == key_.asked;
    if (!same) return Refused(Reason::kOutcomeConflict);
    if (key_.is == Is::kVacant) return engine::Resolved{.already_applied = true};
    return engine::Resolved{.state = StoredState(), .expire_time = key_.replayed_until, .already_applied = true};
  }
  storage::State StoredState() const { return key_.is == Is::kDone ? storage::State::kDone : storage::State::kFailed; }

  bool MadeFinal() const {
    const auto* asked = std::get_if<storage::Failure>(&key_.asked);
    const auto* stored = std::get_if<storage::Failure>(&key_.stored);
    return asked != nullptr && asked->retryable && stored != nullptr && !stored->retryable &&
           now_ < key_.replayed_until;
  }

  std::optional<Reply> RefuseOwner(int64_t token) const {
    if (Nothing()) return Refused(Reason::kKeyNotFound);
    if (key_.token != token) return Refused(Reason::kTokenStale);
    if (key_.is != Is::kRunning) return Refused(Reason::kNotInProgress);
    return std::nullopt;
  }

  Reply Doubt() const {
    return engine::InDoubt{.owner = key_.owner, .since = key_.lease_end(), .checkpoint = key_.checkpoint};
  }

  Reply BeginAfterFailure(const engine::Begin& begin) {
    storage::Failure failure = std::get<storage::Failure>(key_.stored);
    const bool texts_are_gone = now_ >= key_.replayed_until;
    if (!failure.retryable) {
      if (texts_are_gone) return engine::Expired{.complete_time = key_.completed};
      return engine::Failed{.failure = failure, .retry_after = std::nullopt, .attempt = key_.attempt};
    }
    const Time due = key_.completed + failure.retry_after;
    if (now_ >= due) return NewAttempt(begin, Previous::kFailed);
    if (texts_are_gone) failure = {.retryable = true, .retry_after = failure.retry_after};
    return engine::Failed{.failure = failure, .retry_after = due - now_, .attempt = key_.attempt};
  }

  Reply Owner() const {
    return engine::Acquired{.token = key_.token,
                            .attempt = key_.attempt,
                            .lease = key_.lease,
                            .previous = key_.previous,
                            .checkpoint = key_.checkpoint};
  }

  Reply NewAttempt(const engine::Begin& begin, Previous previous) {
    changed_ = true;
    KeyModel next{.is = Is::kRunning, .token = new_token_, .attempt = key_.attempt + 1, .previous = previous};
    next.fingerprint = begin.fingerprint.empty() ? key_.fingerprint : begin.fingerprint;
    next.checkpoint = key_.checkpoint;
    next.owner = begin.owner;
    next.first_begun = key_.is == Is::kAbsent ? now_ : key_.first_begun;
    next.attempt_id = begin.attempt_id;
    next.lease_start = now_;
    next.lease = begin.lease;
    next.abandoned_retention = policy_.abandoned_retention;
    key_ = next;
    return Owner();
  }

  Reply SameAttempt(const engine::Begin& begin) {
    changed_ = true;
    key_.is = Is::kRunning;
    key_.lease_start = now_;
    key_.lease = begin.lease;
    return Owner();
  }

  // Ends the attempt: what every settled key keeps.
  void End(Is is) {
    changed_ = true;
    KeyModel ended{.is = is, .token = key_.token, .attempt = key_.attempt};
    ended.fingerprint = key_.fingerprint;
    ended.owner = key_.owner;
    ended.previous = key_.previous;
    ended.first_begun = key_.first_begun;
    ended.completed = now_;
    key_ = ended;
  }

  void Settle(const Outcome& outcome, Duration retention) {
    const std::string checkpoint = key_.checkpoint;
    End(std::holds_alternative<storage::Result>(outcome) ? Is::kDone : Is::kFailed);
    key_.asked = outcome;
    key_.stored = outcome;
    key_.replayed_until = now_ + retention;
    key_.remembered_until = now_ + std::max(retention, policy_.key_retention);
    auto* failure = std::get_if<storage::Failure>(&key_.stored);
    if (failure == nullptr || !failure->retryable) return;
    if (policy_.max_attempts > 0 && key_.attempt >= policy_.max_attempts) {
      failure->retryable = false;
      failure->retry_after = Duration(0);
    } else {
      key_.checkpoint = checkpoint;
    }
  }

  void Vacate() {
    End(Is::kVacant);
    key_.fingerprint.clear();
    key_.previous = Previous::kReleased;
    key_.replayed_until = now_;
    key_.remembered_until = now_ + policy_.key_retention;
  }

  KeyModel& key_;
  const Policy& policy_;
  const Time now_;
  const int64_t new_token_;
  bool& changed_;
};

}  // namespace

Reply Answer(KeyModel& key, const Request& request, const Policy& policy, Time now, int64_t new_token, bool& changed) {
  changed = false;
  KeyModel at_hand = key.is != Is::kAbsent && now >= key.forgotten_at() ? KeyModel{} : key;
  Reply reply = std::visit(Call(at_hand, policy, now, new_token, changed), request);
  if (changed) key = at_hand;
  return reply;
}

}  // namespace semel::simulation
