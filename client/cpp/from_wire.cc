#include "client/cpp/from_wire.h"

#include <limits>
#include <utility>

namespace semel {
namespace {

std::optional<Previous> ToPrevious(v1::Previous previous) {
  switch (previous) {
    case v1::PREVIOUS_NONE: return Previous::kNone;
    case v1::PREVIOUS_ABANDONED: return Previous::kAbandoned;
    case v1::PREVIOUS_FAILED: return Previous::kFailed;
    case v1::PREVIOUS_RELEASED: return Previous::kReleased;
    case v1::PREVIOUS_UNSPECIFIED:
    default: return std::nullopt;  // proto3 enums are open
  }
}

Result ToResult(const v1::Result& wire) {
  Result result{.payload = wire.payload(), .content_type = wire.content_type()};
  result.attributes.insert(wire.attributes().begin(), wire.attributes().end());
  result.omitted = wire.omitted();
  result.payload_size = wire.payload_size();
  result.payload_left_out = wire.payload_left_out();
  return result;
}

Failure ToFailure(const v1::Failure& wire) {
  return {.reason = wire.reason(),
          .message = wire.message(),
          .details = wire.details(),
          .retryable = wire.retryable(),
          .retry_after = ToDuration(wire.retry_after()),
          .details_left_out = wire.details_left_out()};
}

absl::StatusOr<BeginAnswer> ToAcquired(const v1::Acquired& wire) {
  const std::optional<Previous> previous = ToPrevious(wire.previous());
  if (!previous) return NotUnderstood("a `previous`");
  return Acquired{.token = wire.token(),
                  .attempt = wire.attempt(),
                  .lease = ToDuration(wire.lease()),
                  .previous = *previous,
                  .checkpoint = wire.checkpoint(),
                  .checkpoint_left_out = wire.checkpoint_left_out()};
}

Failed ToFailed(const v1::Failed& wire) {
  Failed failed{.failure = ToFailure(wire.failure()), .attempt = wire.attempt()};
  if (wire.has_retry_after()) failed.retry_after = ToDuration(wire.retry_after());
  return failed;
}

InProgress ToInProgress(const v1::InProgress& wire) {
  return {.owner = wire.owner(),
          .attempt = wire.attempt(),
          .lease_remaining = ToDuration(wire.lease_remaining()),
          .retry_after = ToDuration(wire.retry_after())};
}

InDoubt ToInDoubt(const v1::InDoubt& wire) {
  return {.owner = wire.owner(),
          .since = ToTime(wire.since()),
          .checkpoint = wire.checkpoint(),
          .checkpoint_left_out = wire.checkpoint_left_out()};
}

std::optional<Time> OptionalTime(bool present, const google::protobuf::Timestamp& timestamp) {
  return present ? std::optional<Time>(ToTime(timestamp)) : std::nullopt;
}

}  // namespace

absl::Status NotUnderstood(std::string_view what) {
  return absl::InternalError(std::string("the server's answer has ") + std::string(what) +
                             " that this client does not know: is the client older than the server?");
}

std::optional<State> ToState(v1::State state) {
  switch (state) {
    case v1::STATE_IN_PROGRESS: return State::kInProgress;
    case v1::STATE_IN_DOUBT: return State::kInDoubt;
    case v1::STATE_DONE: return State::kDone;
    case v1::STATE_FAILED: return State::kFailed;
    case v1::STATE_EXPIRED: return State::kExpired;
    case v1::STATE_UNSPECIFIED:
    default: return std::nullopt;
  }
}

Duration ToDuration(const google::protobuf::Duration& duration) {
  constexpr int64_t kLimit = std::numeric_limits<int64_t>::max() / 1'000'000'000 - 1;
  if (duration.seconds() > kLimit) return Duration::max();
  if (duration.seconds() < -kLimit) return Duration::min();
  return std::chrono::seconds(duration.seconds()) + Duration(duration.nanos());
}

Time ToTime(const google::protobuf::Timestamp& timestamp) {
  google::protobuf::Duration since_epoch;
  since_epoch.set_seconds(timestamp.seconds());
  since_epoch.set_nanos(timestamp.nanos());
  return Time(std::chrono::duration_cast<Time::duration>(ToDuration(since_epoch)));
}

absl::StatusOr<BeginAnswer> ToBeginAnswer(const v1::BeginResponse& response) {
  switch (response.answer_case()) {
    case v1::BeginResponse::kAcquired: return ToAcquired(response.acquired());
    case v1::BeginResponse::kDone:
      return Done{.result = ToResult(response.done().result()),
                  .complete_time = ToTime(response.done().complete_time()),
                  .expire_time = ToTime(response.done().expire_time())};
    case v1::BeginResponse::kFailed: return ToFailed(response.failed());
    case v1::BeginResponse::kInProgress: return ToInProgress(response.in_progress());
    case v1::BeginResponse::kInDoubt: return ToInDoubt(response.in_doubt());
    case v1::BeginResponse::kExpired: return Expired{.complete_time = ToTime(response.expired().complete_time())};
    case v1::BeginResponse::ANSWER_NOT_SET: break;
  }
  return NotUnderstood("an answer to Begin");
}

absl::StatusOr<Completed> ToCompleted(const v1::CompleteResponse& response) {
  const std::optional<State> state = ToState(response.state());
  if (!state) return NotUnderstood("a state");
  return Completed{.state = *state,
                   .expire_time = ToTime(response.expire_time()),
                   .already_applied = response.already_applied(),
                   .made_final = response.made_final()};
}

absl::StatusOr<std::optional<Record>> ToRecord(const v1::LookupResponse& response) {
  if (!response.has_record()) return std::nullopt;
  return ToRecord(response.record());
}

absl::StatusOr<Record> ToRecord(const v1::Record& wire) {
  const std::optional<State> state = ToState(wire.state());
  const std::optional<Previous> previous = ToPrevious(wire.previous());
  if (!state) return NotUnderstood("a state");
  if (!previous) return NotUnderstood("a `previous`");
  Record record{.state = *state,
                .attempt = wire.attempt(),
                .owner = wire.owner(),
                .fingerprint = wire.fingerprint(),
                .create_time = ToTime(wire.create_time()),
                .lease_remaining = ToDuration(wire.lease_remaining()),
                .effects_began = wire.effects_began(),
                .checkpoint = wire.checkpoint(),
                .previous = *previous,
                .in_doubt_since = OptionalTime(wire.has_in_doubt_since(), wire.in_doubt_since()),
                .complete_time = OptionalTime(wire.has_complete_time(), wire.complete_time()),
                .expire_time = OptionalTime(wire.has_expire_time(), wire.expire_time()),
                .forget_time = ToTime(wire.forget_time())};
  if (wire.has_result()) record.outcome = ToResult(wire.result());
  if (wire.has_failure()) record.outcome = ToFailure(wire.failure());
  return record;
}

}  // namespace semel
