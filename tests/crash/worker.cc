#include "tests/crash/worker.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/support/requests.h"

namespace semel::crash {
namespace {

using Said = Testimony::Said;
using Unanswered = Testimony::Unanswered;

constexpr auto kContestedLease = std::chrono::milliseconds(40);

}  // namespace

// The server died with the call under way. Anything else that fails is a finding.
bool Worker::IsGone(const grpc::Status& status) const {
  // A call that reaches a server which stops is cancelled by gRPC itself: https://github.com/grpc/grpc/issues/41785
  const bool crossed_the_end =
      stopping_ && status.error_code() == grpc::StatusCode::CANCELLED && status.error_details().empty();
  const bool gone = status.error_code() == grpc::StatusCode::UNAVAILABLE || crossed_the_end;
  EXPECT_TRUE(gone) << status.error_code() << " " << status.error_message();
  return gone;
}

void Worker::Run(const support::Caller& caller, const std::function<void()>& acknowledged) {
  while (Chance(0.7) ? UseOwnKey(caller, acknowledged) : UseContestedKey(caller, acknowledged)) {
  }
}

// From nothing to an end, or to where the server dies: Begin, perhaps a checkpoint, then Complete, Release, or neither.
bool Worker::UseOwnKey(const support::Caller& caller, const std::function<void()>& acknowledged) {
  Testimony& testimony = testimonies_.emplace_back();
  testimony.key = absl::StrCat("worker-", id_, "-", next_key_++);
  testimony.begin = support::BeginOf(testimony.key);
  *testimony.begin.mutable_lease() = support::ToWire(absl::Hours(1));
  std::vector<Unanswered> calls = {Unanswered::kBegin};
  if (Chance(0.3)) calls.push_back(Unanswered::kCheckpoint);
  if (Chance(0.7)) {
    calls.push_back(Unanswered::kComplete);
  } else if (Chance(0.5)) {
    calls.push_back(Unanswered::kRelease);
  }
  for (const Unanswered call : calls) {
    if (!Step(caller, testimony, call)) return false;
    acknowledged();
  }
  return true;
}

bool Worker::Step(const support::Caller& caller, Testimony& testimony, Unanswered call) {
  testimony.unanswered = call;
  testimony.unanswered_bytes = Bytes();
  grpc::Status status;
  switch (call) {
    case Unanswered::kNothing: return true;
    case Unanswered::kBegin: {
      const auto begun = caller.Call(testimony.begin);
      status = begun.status;
      if (!status.ok()) break;
      EXPECT_TRUE(begun->has_acquired()) << begun->ShortDebugString();
      testimony.token = begun->acquired().token();
      testimony.said = Said::kBegun;
      break;
    }
    case Unanswered::kCheckpoint:
      status = caller.Call(support::CheckpointOf(testimony.key, testimony.token, testimony.unanswered_bytes)).status;
      if (!status.ok()) break;
      testimony.said = Said::kCheckpointed;
      testimony.checkpoint = testimony.unanswered_bytes;
      break;
    case Unanswered::kRelease:
      status = caller.Call(support::ReleaseOf(testimony.key, testimony.token)).status;
      if (status.ok()) testimony.said = Said::kReleased;
      break;
    case Unanswered::kComplete:
      status = caller.Call(support::ResultOf(testimony.key, testimony.token, testimony.unanswered_bytes)).status;
      if (!status.ok()) break;
      testimony.said = Said::kDone;
      testimony.payload = testimony.unanswered_bytes;
      break;
  }
  if (!status.ok()) {
    IsGone(status);
    return false;
  }
  testimony.unanswered = Unanswered::kNothing;
  return true;
}

// Takes a key that others want too; then gives it back, renews it, or falls silent and lets the lease lapse.
bool Worker::UseContestedKey(const support::Caller& caller, const std::function<void()>& acknowledged) {
  const size_t index = std::uniform_int_distribution<size_t>(0, contest_.size() - 1)(random_);
  v1::BeginRequest begin = support::BeginOf(Contest::KeyName(index));
  *begin.mutable_lease() = support::ToWire(absl::FromChrono(kContestedLease));
  const int64_t before = contest_.LastToken(index);
  const auto sent = std::chrono::steady_clock::now();
  const auto begun = caller.Call(begin);
  if (!begun.ok()) return !IsGone(begun.status);
  acknowledged();
  if (!begun->has_acquired()) return true;
  const int64_t token = begun->acquired().token();
  contest_.Acquired(index, before, token, sent, kContestedLease);
  if (Chance(0.3)) return true;  // falls silent

  contest_.GivesUp(index, token);
  grpc::Status status;
  if (Chance(0.5)) {
    status = caller.Call(support::ReleaseOf(begin.key(), token)).status;
  } else {
    v1::CompleteRequest failed = support::FailureOf(begin.key(), token);
    failed.mutable_failure()->set_retryable(true);
    status = caller.Call(failed).status;
  }
  // The lease is short: another worker may have taken over before we came to an end.
  if (status.ok() || status.error_code() == grpc::StatusCode::ABORTED ||
      status.error_code() == grpc::StatusCode::NOT_FOUND) {
    acknowledged();
    return true;
  }
  IsGone(status);
  return false;
}

// Mostly small, sometimes so large that it is kept apart from its record.
std::string Worker::Bytes() {
  const size_t size = Chance(0.1) ? 6000 : 20;
  return absl::StrCat(random_(), "-", std::string(size, static_cast<char>('a' + random_() % 26)));
}

}  // namespace semel::crash
