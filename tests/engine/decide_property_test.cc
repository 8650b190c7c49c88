// What holds for every record, request and moment. The seed is printed with a failure; SEMEL_TEST_SEED repeats it.

#include <algorithm>
#include <cstdlib>
#include <random>

#include "gtest/gtest.h"
#include "storage/record_codec.h"
#include "tests/engine/decide_table.h"
#include "tests/engine/describe.h"

namespace semel::engine {
namespace {

using namespace std::chrono_literals;

constexpr int kRounds = 40'000;

uint64_t Seed() {
  const char* given = std::getenv("SEMEL_TEST_SEED");
  return given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

// Small ranges on purpose, so that equal tokens, equal ids and equal instants are frequent.
class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  int Below(int n) { return static_cast<int>(random_() % static_cast<uint64_t>(n)); }
  bool Coin() { return Below(2) == 0; }
  Duration Span(int seconds) {
    return std::max(Duration(0), std::chrono::seconds(Below(seconds)) + Duration(Below(3) - 1));
  }
  Time Instant() { return kStart + Span(60); }
  int64_t Token() { return 1 + Below(4); }
  std::string Word() { return std::string(Coin() ? "" : Coin() ? "x" : "y"); }
  AttemptId AnyId() { return Id(static_cast<char>('A' + Below(3))); }

  Outcome AnyOutcome() {
    if (Coin()) return storage::Result{.payload = Word()};
    bool retryable = Coin();
    return storage::Failure{
        .reason = "R", .retryable = retryable, .retry_after = retryable ? Span(20) + 1us : Duration(0)};
  }

  Situation AnySituation() {
    Situation given{.name = "random", .now = Instant()};
    given.policy.on_lapse = Coin() ? LapsePolicy::kRerun : LapsePolicy::kInDoubt;
    given.policy.max_attempts = static_cast<uint32_t>(Below(4));
    given.policy.key_retention = Span(60) + 1us;
    given.policy.abandoned_retention = Span(60) + 1us;
    given.policy.result_retention = Span(30) + 1us;
    if (Below(10) == 0) return given;
    Record r{
        .state = static_cast<State>(1 + Below(5)), .token = Token(), .attempt = static_cast<uint32_t>(1 + Below(4))};
    r.create_time = kStart - Span(60);
    r.fingerprint = Word();
    r.checkpoint = Word();
    r.owner = Word();
    r.previous = static_cast<Previous>(Below(4));
    if (storage::IsOpen(r)) {
      r.attempt_id = AnyId();
      r.lease_start = given.now - Span(30);
      r.lease = Span(30) + 1us;
      r.abandoned_retention = Span(30) + 1us;
      r.effects_began = Coin();
    } else {
      r.complete_time = given.now - Span(30);
      r.result_expire_time = r.complete_time + Span(30) + 1us;
      r.key_expire_time = r.result_expire_time + Span(30) + 1us;
      r.outcome_digest = static_cast<uint64_t>(Below(2));
      do {
        if (r.state != State::kVacant) r.outcome = AnyOutcome();
      } while (r.state != State::kVacant &&
               std::holds_alternative<storage::Result>(r.outcome) != (r.state == State::kDone));
    }
    given.record = r;
    return given;
  }

  Request AnyRequest() {
    switch (Below(8)) {
      case 0: return Complete{Token(), AnyOutcome(), static_cast<uint64_t>(Below(2)), Span(30) + 1us};
      case 1: return Lookup{};
      case 2: return Renew{.token = Token(), .lease = Coin() ? std::optional<Duration>(Span(30) + 1us) : std::nullopt};
      case 3: return Release{.token = Token()};
      case 4: return Checkpoint{.token = Token(), .data = Word(), .effects_began = Coin()};
      case 5:
        return Coin() ? Resolve{.outcome = AnyOutcome(), .outcome_digest = 1, .retention = 1h}
                      : Resolve{.outcome_digest = DigestOf(Outcome{})};
      case 6: return Delete{};
      default:
        return Begin{
            .fingerprint = Word(), .attempt_id = AnyId(), .lease = Span(30) + 1us, .owner = Coin() ? "bob" : ""};
    }
  }

 private:
  std::mt19937_64 random_;
};

// The token that a call of an owner carries.
std::optional<int64_t> OwnersToken(const Request& request) {
  if (auto* r = std::get_if<Complete>(&request)) return r->token;
  if (auto* r = std::get_if<Renew>(&request)) return r->token;
  if (auto* r = std::get_if<Release>(&request)) return r->token;
  if (auto* r = std::get_if<Checkpoint>(&request)) return r->token;
  return std::nullopt;
}

template <typename Check>
void ForMany(Check check) {
  uint64_t seed = Seed();
  Generator generator(seed);
  for (int round = 0; round < kRounds && !testing::Test::HasFailure(); ++round) {
    Situation given = generator.AnySituation();
    Request request = generator.AnyRequest();
    Decision decision = Decide(given, request);
    SCOPED_TRACE("SEMEL_TEST_SEED=" + std::to_string(seed) + " round " + std::to_string(round) + "\n  given   " +
                 Describe(given.record) + "\n  now     " + Describe(given.now) + "\n  request " + Describe(request) +
                 "\n  reply   " + Describe(decision.reply) + "\n  write   " + Describe(decision.write));
    check(given, request, decision);
  }
}

TEST(DecideProperty, ARefusalWritesNothingAndSaysWhy) {
  ForMany([](const Situation&, const Request&, const Decision& decision) {
    auto* refusal = std::get_if<Refusal>(&decision.reply);
    if (!refusal) return;
    EXPECT_FALSE(decision.write);
    EXPECT_NE(refusal->message, "");
  });
}

TEST(DecideProperty, LookupWritesNothing) {
  ForMany([](const Situation&, const Request& request, const Decision& decision) {
    if (std::holds_alternative<Lookup>(request)) {
      EXPECT_FALSE(decision.write);
    }
  });
}

TEST(DecideProperty, TokensNeverGoBack) {
  ForMany([](const Situation& given, const Request&, const Decision& decision) {
    if (decision.write && given.record) {
      EXPECT_GE(decision.write->token, given.record->token);
    }
  });
}

TEST(DecideProperty, ANewAttemptHasAGreaterTokenThanAllBefore) {
  ForMany([](const Situation& given, const Request& request, const Decision& decision) {
    auto* acquired = std::get_if<Acquired>(&decision.reply);
    if (!acquired) return;
    ASSERT_TRUE(decision.write) << "ownership that is not on disk";
    EXPECT_EQ(decision.write->state, State::kInProgress);
    EXPECT_EQ(decision.write->token, acquired->token);
    EXPECT_EQ(decision.write->attempt, acquired->attempt);
    EXPECT_EQ(decision.write->attempt_id, std::get<Begin>(request).attempt_id);
    EXPECT_EQ(decision.write->lease, acquired->lease);
    EXPECT_EQ(decision.write->lease_start, given.now);
    bool me_again = !IsForgotten(given) && storage::IsOpen(*given.record) &&
                    given.record->attempt_id == std::get<Begin>(request).attempt_id;
    if (me_again) {
      EXPECT_EQ(acquired->token, given.record->token);
      EXPECT_EQ(acquired->attempt, given.record->attempt);
    } else {
      EXPECT_GE(acquired->token, kFreshToken);
      if (given.record) {
        EXPECT_GT(acquired->token, given.record->token);
      }
      EXPECT_EQ(acquired->attempt, IsForgotten(given) ? 1 : given.record->attempt + 1);
      EXPECT_FALSE(decision.write->effects_began);
    }
  });
}

TEST(DecideProperty, AStaleTokenTouchesNothing) {
  ForMany([](const Situation& given, const Request& request, const Decision& decision) {
    std::optional<int64_t> token = OwnersToken(request);
    if (!token || (given.record && *token == given.record->token)) return;
    EXPECT_FALSE(decision.write);
    EXPECT_TRUE(std::holds_alternative<Refusal>(decision.reply) || std::holds_alternative<Released>(decision.reply));
  });
}

TEST(DecideProperty, ALiveLeaseHasOneOwner) {
  ForMany([](const Situation& given, const Request& request, const Decision& decision) {
    auto* begin = std::get_if<Begin>(&request);
    bool live =
        given.record && given.record->state == State::kInProgress && given.now < storage::LeaseEnd(*given.record);
    if (begin && live && begin->attempt_id != given.record->attempt_id) {
      EXPECT_FALSE(decision.write);
    }
  });
}

TEST(DecideProperty, AStoredOutcomeIsNeverReplacedByAnother) {
  ForMany([](const Situation& given, const Request& request, const Decision& decision) {
    if (IsForgotten(given) || storage::IsOpen(*given.record) || IsVacant(given) || !decision.write) return;
    if (std::holds_alternative<Delete>(request)) return;
    ASSERT_TRUE(std::holds_alternative<Begin>(request));
    ASSERT_EQ(given.record->state, State::kFailed);
    EXPECT_TRUE(std::get<storage::Failure>(given.record->outcome).retryable);
  });
}

TEST(DecideProperty, WhatIsForgottenIsAsGoodAsAbsent) {
  ForMany([](const Situation& given, const Request& request, const Decision& decision) {
    if (!IsForgotten(given)) return;
    Situation absent = given;
    absent.record.reset();
    Decision expected = Decide(absent, request);
    EXPECT_EQ(Describe(decision.reply), Describe(expected.reply));
    EXPECT_EQ(Describe(decision.write), Describe(expected.write));
  });
}

// Compaction strips an outcome some time after its retention: nobody may be able to tell whether it already has (rule 11).
TEST(DecideProperty, WhatMayBeStrippedMakesNoDifference) {
  ForMany([](const Situation& given, const Request& request, const Decision& decision) {
    if (!given.record || storage::IsOpen(*given.record) || given.now < given.record->result_expire_time) return;
    Situation stripped = given;
    storage::StripOutcome(*stripped.record);
    Decision later = Decide(stripped, request);
    EXPECT_EQ(Describe(later.reply), Describe(decision.reply));
    EXPECT_EQ(Describe(later.write), Describe(decision.write));
  });
}

// A caller whose answer was lost sends the same again and is told the same.
TEST(DecideProperty, EveryCallMayBeRepeatedAtOnce) {
  ForMany([](const Situation& given, const Request& request, const Decision& decision) {
    Situation after = given;
    if (decision.write) after.record = decision.write;
    Decision again = Decide(after, request);
    if (std::holds_alternative<Deleted>(decision.reply)) return;
    if (std::holds_alternative<Resolved>(decision.reply)) {
      Resolved expected = std::get<Resolved>(decision.reply);
      expected.already_applied = true;
      EXPECT_EQ(Describe(again.reply), Describe(Reply(expected)));
      EXPECT_FALSE(again.write);
    } else if (auto* completed = std::get_if<Completed>(&decision.reply)) {
      ASSERT_TRUE(std::holds_alternative<Completed>(again.reply)) << Describe(again.reply);
      EXPECT_TRUE(std::get<Completed>(again.reply).already_applied);
      EXPECT_EQ(std::get<Completed>(again.reply).state, completed->state);
      EXPECT_EQ(std::get<Completed>(again.reply).expire_time, completed->expire_time);
      EXPECT_FALSE(again.write);
    } else {
      EXPECT_EQ(Describe(again.reply), Describe(decision.reply));
      if (again.write) {
        EXPECT_EQ(Describe(again.write), Describe(after.record));
      }
    }
  });
}

TEST(DecideProperty, SameInputSameDecision) {
  ForMany([](const Situation& given, const Request& request, const Decision& decision) {
    Decision again = Decide(given, request);
    EXPECT_EQ(Describe(again.reply), Describe(decision.reply));
    EXPECT_EQ(again.write, decision.write);
  });
}

}  // namespace
}  // namespace semel::engine
