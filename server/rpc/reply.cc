#include "server/rpc/reply.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>

#include "server/rpc/wire_time.h"

namespace semel::rpc {
namespace {

using engine::Duration;
using engine::Refusal;
using rpc::ToWire;  // of durations and times

// When another attempt holds a key, asking again much later than its lease makes no sense, and asking all the time neither.
constexpr Duration kSoonestRetry = std::chrono::milliseconds(50);
constexpr Duration kLatestRetry = std::chrono::seconds(5);

v1::Previous ToWire(storage::Previous previous) {
  switch (previous) {
    case storage::Previous::kNone: return v1::PREVIOUS_NONE;
    case storage::Previous::kAbandoned: return v1::PREVIOUS_ABANDONED;
    case storage::Previous::kFailed: return v1::PREVIOUS_FAILED;
    case storage::Previous::kReleased: return v1::PREVIOUS_RELEASED;
  }
  return v1::PREVIOUS_UNSPECIFIED;
}

}  // namespace

v1::State StateToWire(engine::VisibleState state) {
  switch (state) {
    case engine::VisibleState::kInProgress: return v1::STATE_IN_PROGRESS;
    case engine::VisibleState::kInDoubt: return v1::STATE_IN_DOUBT;
    case engine::VisibleState::kDone: return v1::STATE_DONE;
    case engine::VisibleState::kFailed: return v1::STATE_FAILED;
    case engine::VisibleState::kExpired: return v1::STATE_EXPIRED;
  }
  return v1::STATE_UNSPECIFIED;
}

namespace {

void ToWire(storage::Result result, v1::Result* wire) {
  wire->set_payload(std::move(result.payload));
  wire->set_content_type(std::move(result.content_type));
  for (auto& [name, value] : result.attributes) (*wire->mutable_attributes())[name] = std::move(value);
  wire->set_omitted(result.omitted);
  wire->set_payload_size(static_cast<int64_t>(result.payload_size));
  wire->set_payload_left_out(result.payload_detached);
}

void ToWire(storage::Failure failure, v1::Failure* wire) {
  wire->set_reason(std::move(failure.reason));
  wire->set_message(std::move(failure.message));
  wire->set_details(std::move(failure.details));
  wire->set_retryable(failure.retryable);
  if (failure.retryable) ToWire(failure.retry_after, wire->mutable_retry_after());
}

// One overload for each alternative that a Begin can be answered with.
struct BeginAnswer {
  v1::BeginResponse& wire;

  std::optional<Refusal> operator()(engine::Acquired& acquired) const {
    auto* to = wire.mutable_acquired();
    to->set_token(acquired.token);
    to->set_attempt(static_cast<int32_t>(acquired.attempt));
    ToWire(acquired.lease, to->mutable_lease());
    to->set_previous(ToWire(acquired.previous));
    to->set_checkpoint(std::move(acquired.checkpoint));
    return std::nullopt;
  }
  std::optional<Refusal> operator()(engine::Done& done) const {
    auto* to = wire.mutable_done();
    ToWire(std::move(done.result), to->mutable_result());
    ToWire(done.complete_time, to->mutable_complete_time());
    ToWire(done.expire_time, to->mutable_expire_time());
    return std::nullopt;
  }
  std::optional<Refusal> operator()(engine::Failed& failed) const {
    auto* to = wire.mutable_failed();
    ToWire(std::move(failed.failure), to->mutable_failure());
    if (failed.retry_after) ToWire(*failed.retry_after, to->mutable_retry_after());
    to->set_attempt(static_cast<int32_t>(failed.attempt));
    return std::nullopt;
  }
  std::optional<Refusal> operator()(engine::InProgress& in_progress) const {
    auto* to = wire.mutable_in_progress();
    to->set_owner(std::move(in_progress.owner));
    to->set_attempt(static_cast<int32_t>(in_progress.attempt));
    ToWire(in_progress.lease_remaining, to->mutable_lease_remaining());
    ToWire(std::clamp(in_progress.lease_remaining, kSoonestRetry, kLatestRetry), to->mutable_retry_after());
    return std::nullopt;
  }
  std::optional<Refusal> operator()(engine::InDoubt& in_doubt) const {
    auto* to = wire.mutable_in_doubt();
    to->set_owner(std::move(in_doubt.owner));
    ToWire(in_doubt.since, to->mutable_since());
    to->set_checkpoint(std::move(in_doubt.checkpoint));
    return std::nullopt;
  }
  std::optional<Refusal> operator()(engine::Expired& expired) const {
    ToWire(expired.complete_time, wire.mutable_expired()->mutable_complete_time());
    return std::nullopt;
  }
  std::optional<Refusal> operator()(Refusal& refusal) const { return std::move(refusal); }
  template <class Other>
  std::optional<Refusal> operator()(Other&) const {
    std::abort();  // Decide answers a Begin with the alternatives above only
  }
};

void OpenFieldsToWire(const engine::Found& found, v1::Record* wire) {
  const storage::Record& record = found.record;
  wire->set_effects_began(record.effects_began);
  if (record.state == storage::State::kInDoubt || found.state == engine::VisibleState::kInDoubt) {
    ToWire(LeaseEnd(record), wire->mutable_in_doubt_since());
  } else {
    ToWire(found.lease_remaining, wire->mutable_lease_remaining());
  }
}

void SettledFieldsToWire(engine::Found& found, v1::Record* wire) {
  ToWire(found.record.complete_time, wire->mutable_complete_time());
  if (found.state != engine::VisibleState::kExpired) {
    ToWire(found.record.result_expire_time, wire->mutable_expire_time());
  }
  if (auto* result = std::get_if<storage::Result>(&found.record.outcome)) {
    ToWire(std::move(*result), wire->mutable_result());
  } else if (auto* failure = std::get_if<storage::Failure>(&found.record.outcome)) {
    ToWire(std::move(*failure), wire->mutable_failure());
  }
}

}  // namespace

void RecordToWire(engine::Found found, v1::Record* wire) {
  storage::Record& record = found.record;
  wire->set_state(StateToWire(found.state));
  wire->set_attempt(static_cast<int32_t>(record.attempt));
  wire->set_owner(std::move(record.owner));
  wire->set_fingerprint(std::move(record.fingerprint));
  ToWire(record.create_time, wire->mutable_create_time());
  ToWire(ForgetTime(record), wire->mutable_forget_time());
  wire->set_previous(ToWire(record.previous));
  wire->set_checkpoint(std::move(record.checkpoint));
  IsOpen(record) ? OpenFieldsToWire(found, wire) : SettledFieldsToWire(found, wire);
}

namespace {

// The alternative that the call answers with, or the refusal instead.
template <class Expected, class Fill>
std::optional<Refusal> Expect(engine::Reply& reply, Fill fill) {
  if (auto* refusal = std::get_if<Refusal>(&reply)) return std::move(*refusal);
  fill(std::get<Expected>(reply));
  return std::nullopt;
}

}  // namespace

std::optional<Refusal> ToResponse(engine::Reply reply, v1::BeginResponse& wire) {
  return std::visit(BeginAnswer{wire}, reply);
}

std::optional<Refusal> ToResponse(engine::Reply reply, v1::CompleteResponse& wire) {
  return Expect<engine::Completed>(reply, [&](const engine::Completed& completed) {
    wire.set_state(completed.state == storage::State::kDone ? v1::STATE_DONE : v1::STATE_FAILED);
    ToWire(completed.expire_time, wire.mutable_expire_time());
    wire.set_already_applied(completed.already_applied);
    wire.set_made_final(completed.made_final);
  });
}

std::optional<Refusal> ToResponse(engine::Reply reply, v1::LookupResponse& wire) {
  if (std::holds_alternative<engine::NotFound>(reply)) return std::nullopt;
  return Expect<engine::Found>(reply,
                               [&](engine::Found& found) { RecordToWire(std::move(found), wire.mutable_record()); });
}

std::optional<Refusal> ToResponse(engine::Reply reply, v1::RenewResponse& wire) {
  return Expect<engine::Renewed>(reply,
                                 [&](const engine::Renewed& renewed) { ToWire(renewed.lease, wire.mutable_lease()); });
}

std::optional<Refusal> ToResponse(engine::Reply reply, v1::ReleaseResponse&) {
  return Expect<engine::Released>(reply, [](const engine::Released&) {});
}

std::optional<Refusal> ToResponse(engine::Reply reply, v1::CheckpointResponse& wire) {
  return Expect<engine::Checkpointed>(reply, [&](const engine::Checkpointed& checkpointed) {
    ToWire(checkpointed.lease_remaining, wire.mutable_lease_remaining());
  });
}

void LeaveOutWhatLookupFetches(v1::BeginResponse& wire) {
  switch (wire.answer_case()) {
    case v1::BeginResponse::kAcquired:
      wire.mutable_acquired()->set_checkpoint_left_out(!wire.acquired().checkpoint().empty());
      wire.mutable_acquired()->clear_checkpoint();
      break;
    case v1::BeginResponse::kDone: {
      v1::Result* result = wire.mutable_done()->mutable_result();
      result->set_payload_left_out(result->payload_left_out() || !result->payload().empty());
      result->clear_payload();
      break;
    }
    case v1::BeginResponse::kFailed: {
      v1::Failure* failure = wire.mutable_failed()->mutable_failure();
      failure->set_details_left_out(!failure->details().empty());
      failure->clear_details();
      break;
    }
    case v1::BeginResponse::kInDoubt:
      wire.mutable_in_doubt()->set_checkpoint_left_out(!wire.in_doubt().checkpoint().empty());
      wire.mutable_in_doubt()->clear_checkpoint();
      break;
    case v1::BeginResponse::kInProgress:
    case v1::BeginResponse::kExpired:
    case v1::BeginResponse::ANSWER_NOT_SET: break;
  }
}

}  // namespace semel::rpc
