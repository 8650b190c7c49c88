#include "bench/traffic/traffic.h"

#include <cmath>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

namespace semel::bench {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLease(30'000);
constexpr milliseconds kShortLease(100);  // of owners that fall silent
constexpr milliseconds kNoWait(0);
constexpr milliseconds kWait(10'000);
constexpr milliseconds kWork(2);  // of an owner whose duplicates wait
constexpr int kDuplicates = 2;
constexpr size_t kMostRemembered = 1'000'000;  // later stories are not replayed
constexpr std::string_view kReason = "CARD_DECLINED";

void SetDuration(milliseconds value, google::protobuf::Duration* out) {
  out->set_seconds(value.count() / 1000);
  out->set_nanos(static_cast<int32_t>(value.count() % 1000) * 1'000'000);
}

std::string Describe(const grpc::Status& status, const google::protobuf::Message& response) {
  return status.ok() ? response.ShortDebugString() : absl::StrCat(status.error_code(), " ", status.error_message());
}

bool Replays(const v1::BeginResponse& response, const Story& story) {
  if (story.fate() == Fate::kFailed) return response.has_failed() && response.failed().failure().reason() == kReason;
  return response.has_done() && response.done().result().payload() == story.payload();
}

}  // namespace

Traffic::Traffic(Wire& wire, Tally& tally, std::string ns, const Shares& shares)
    : wire_(wire), tally_(tally), namespace_(std::move(ns)), shares_(shares) {
  std::random_device device;
  std::seed_seq seed{device(), device(), device(), device()};
  chance_.seed(seed);
  next_story_ = chance_();
}

void Traffic::StartCaller() {
  ++callers_;
  StartRound();
}

void Traffic::StartRound() {
  if (!silent_.empty() && silent_.front().lapsed <= SteadyClock::now()) {
    const Attempt silent = silent_.front().attempt;
    silent_.pop_front();
    return TakeOver(silent);
  }
  if (!settled_.empty() && OfThousand() < shares_.replays) return Replay();
  BeginFresh();
}

void Traffic::EndRound() {
  tally_.RoundEnded(SteadyClock::now());
  if (stopping_) {
    --callers_;
  } else {
    StartRound();
  }
}

bool Traffic::Check(bool holds, std::string_view what, const grpc::Status& status,
                    const google::protobuf::Message& response) {
  tally_.Checked(what);
  if (holds) return true;
  tally_.Error(std::string(what) + ": " + Describe(status, response));
  return false;
}

void Traffic::BeginFresh() {
  const Story story(next_story_++, shares_);
  if (story.fate() == Fate::kRaced) return Race(story);
  const milliseconds lease = story.fate() == Fate::kTakenOver ? kShortLease : kLease;
  wire_.Begin("Begin, fresh", BeginOf(story, lease, kNoWait), [this, story](const auto& begun) {
    const v1::Acquired& acquired = begun.response.acquired();
    const bool fresh = begun.status.ok() && begun.response.has_acquired() && acquired.attempt() == 1 &&
                       acquired.previous() == v1::PREVIOUS_NONE;
    if (!Check(fresh, "a fresh key is acquired", begun.status, begun.response)) return;
    Own({.story = story, .token = acquired.token()});
  });
}

// One of them owns the key, and all others are told what it stored.
void Traffic::Race(const Story& story) {
  struct Racers {
    int under_way = 1 + kDuplicates;
    bool owned = false;
  };
  auto race = std::make_shared<Racers>();
  const Next one_ended = [=, this] {
    if (--race->under_way == 0) Settle(story);
  };
  for (int i = 0; i < 1 + kDuplicates; ++i) {
    wire_.Begin("Begin, racing", BeginOf(story, kLease, kWait), [=, this](const auto& begun) {
      const bool owns = begun.status.ok() && begun.response.has_acquired();
      const v1::Acquired& acquired = begun.response.acquired();
      const bool right = owns ? acquired.attempt() == 1 && !std::exchange(race->owned, true)
                              : begun.status.ok() && Replays(begun.response, story);
      if (!Check(right, "of those that race one owns the key", begun.status, begun.response)) return;
      if (!owns) return one_ended();
      wire_.After(kWork, [=, this] { CompleteWithResult({.story = story, .token = acquired.token()}, one_ended); });
    });
  }
}

void Traffic::Own(const Attempt& attempt) {
  switch (attempt.story.fate()) {
    case Fate::kRaced:  // who comes first owns it, in Race
    case Fate::kResult: return CompleteWithResult(attempt, [=, this] { Settle(attempt.story); });
    case Fate::kContended: return LetDuplicatesWait(attempt);
    case Fate::kFailed: return FailForGood(attempt);
    case Fate::kRetried: return FailAndRetry(attempt);
    case Fate::kTakenOver: silent_.push_back({attempt, SteadyClock::now() + kShortLease}); return EndRound();
  }
}

void Traffic::LetDuplicatesWait(const Attempt& attempt) {
  auto under_way = std::make_shared<int>(1 + kDuplicates);
  const Next one_ended = [=, this] {
    if (--*under_way == 0) Settle(attempt.story);
  };
  for (int i = 0; i < kDuplicates; ++i) ExpectOutcome("Begin, waiting", attempt.story, kWait, one_ended);
  wire_.After(kWork, [=, this] { CompleteWithResult(attempt, one_ended); });
}

void Traffic::FailForGood(const Attempt& attempt) {
  Fail(attempt, false, [=, this] { Settle(attempt.story); });
}

void Traffic::FailAndRetry(const Attempt& attempt) {
  Fail(attempt, true, [=, this] {
    BeginNext("Begin, retry", attempt, v1::PREVIOUS_FAILED,
              [this](const Attempt& second) { CompleteWithResult(second, [=, this] { Settle(second.story); }); });
  });
}

void Traffic::TakeOver(const Attempt& silent) {
  BeginNext("Begin, takeover", silent, v1::PREVIOUS_ABANDONED, [this, silent](const Attempt& second) {
    CompleteWithResult(second, [=, this] { SendStaleComplete(silent); });
  });
}

// The first owner wakes up and does not know that it was taken over.
void Traffic::SendStaleComplete(const Attempt& silent) {
  wire_.Complete("Complete, stale", CompleteOf(silent), [=, this](const auto& completed) {
    const bool refused = completed.status.error_code() == grpc::StatusCode::ABORTED;
    if (Check(refused, "a stale token is refused", completed.status, completed.response)) Settle(silent.story);
  });
}

void Traffic::Replay() {
  const Story story = PickSettled();
  ExpectOutcome("Begin, replay", story, kNoWait, [this] { EndRound(); });
}

void Traffic::ExpectOutcome(std::string_view kind, const Story& story, milliseconds wait, Next next) {
  wire_.Begin(kind, BeginOf(story, kLease, wait), [=, this](const auto& begun) {
    const bool right = begun.status.ok() && Replays(begun.response, story);
    const std::string_view what =
        wait > kNoWait ? "a duplicate that waited is told the very bytes" : "a replay returns the very bytes";
    if (Check(right, what, begun.status, begun.response)) next();
  });
}

void Traffic::BeginNext(std::string_view kind, const Attempt& before, v1::Previous previous,
                        std::function<void(const Attempt&)> then) {
  // Should the lease still have a moment on the server, the wait ends when it lapses.
  wire_.Begin(kind, BeginOf(before.story, kLease, kWait), [=, this](const auto& begun) {
    const v1::Acquired& acquired = begun.response.acquired();
    const bool next = begun.status.ok() && begun.response.has_acquired() && acquired.attempt() == before.number + 1 &&
                      acquired.previous() == previous && acquired.token() > before.token;
    if (!Check(next, "the next attempt has a greater token", begun.status, begun.response)) return;
    then({.story = before.story, .token = acquired.token(), .number = acquired.attempt()});
  });
}

void Traffic::CompleteWithResult(const Attempt& attempt, Next next) {
  wire_.Complete("Complete", CompleteOf(attempt), [=, this](const auto& completed) {
    const bool done =
        completed.status.ok() && completed.response.state() == v1::STATE_DONE && !completed.response.already_applied();
    if (Check(done, "a result is stored", completed.status, completed.response)) next();
  });
}

void Traffic::Fail(const Attempt& attempt, bool retryable, Next next) {
  v1::CompleteRequest request;
  request.set_namespace_(namespace_);
  request.set_key(attempt.story.key());
  request.set_token(attempt.token);
  request.mutable_failure()->set_reason(std::string(kReason));
  request.mutable_failure()->set_retryable(retryable);
  wire_.Complete("Complete, failure", request, [=, this](const auto& completed) {
    const bool failed = completed.status.ok() && completed.response.state() == v1::STATE_FAILED;
    if (Check(failed, "a failure is stored", completed.status, completed.response)) next();
  });
}

void Traffic::Settle(const Story& story) {
  if (settled_.size() < kMostRemembered) settled_.push_back(story.number());
  EndRound();
}

// By Zipf's law with exponent 1: the n-th oldest is asked for a share of 1/n.
Story Traffic::PickSettled() {
  const double draw = std::uniform_real_distribution<double>(0, 1)(chance_);
  const auto rank = static_cast<size_t>(std::pow(static_cast<double>(settled_.size()), draw));
  return Story(settled_[std::min(rank, settled_.size()) - 1], shares_);
}

v1::BeginRequest Traffic::BeginOf(const Story& story, milliseconds lease, milliseconds wait) {
  v1::BeginRequest request;
  request.set_namespace_(namespace_);
  request.set_key(story.key());
  request.set_fingerprint(story.fingerprint());
  std::string& id = *request.mutable_attempt_id();
  id.resize(16);
  for (size_t i = 0; i < id.size(); i += 8) {
    const uint64_t word = chance_();
    std::memcpy(id.data() + i, &word, 8);
  }
  SetDuration(lease, request.mutable_lease());
  if (wait > kNoWait) SetDuration(wait, request.mutable_wait());
  return request;
}

v1::CompleteRequest Traffic::CompleteOf(const Attempt& attempt) {
  v1::CompleteRequest request;
  request.set_namespace_(namespace_);
  request.set_key(attempt.story.key());
  request.set_token(attempt.token);
  request.mutable_result()->set_payload(std::string(attempt.story.payload()));
  return request;
}

}  // namespace semel::bench
