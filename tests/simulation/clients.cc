#include "tests/simulation/clients.h"

#include <chrono>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace semel::simulation {
namespace {

using namespace std::chrono_literals;
using storage::Duration;

constexpr size_t kClients = 5;
constexpr size_t kKeysPerNamespace = 3;
constexpr size_t kBigPayload = 300;  // above what the simulated storages keep inline

}  // namespace

engine::PolicyTable SimulatedPolicies() {
  engine::Policy rerun;
  rerun.result_retention = 5s;
  rerun.key_retention = 20s;
  rerun.abandoned_retention = 60s;
  engine::Policy doubt = rerun;
  doubt.on_lapse = engine::LapsePolicy::kInDoubt;
  doubt.key_retention = 5s;
  engine::Policy tries = rerun;
  tries.max_attempts = 2;
  engine::Policy brief;
  brief.result_retention = 100ms;
  brief.key_retention = 300ms;
  brief.abandoned_retention = engine::kMinAbandonedRetention;
  return engine::PolicyTable(rerun, {{"brief", brief}, {"doubt", doubt}, {"tries", tries}});
}

Clients::Clients(const engine::PolicyTable& policies, Chance& chance)
    : policies_(policies), chance_(chance), memories_(kClients) {
  for (const char* ns : {"brief", "doubt", "rerun", "tries"}) {
    for (size_t i = 0; i < kKeysPerNamespace; ++i) keys_.push_back({.ns = ns, .name = absl::StrCat("key-", i)});
  }
}

std::unique_ptr<Call> Clients::Next(storage::Time now, const Call* near) {
  auto call = std::make_unique<Call>();
  call->number = ++calls_;
  call->key = near != nullptr ? near->key : chance_.Any(keys_);
  const auto owner = owners_.find(call->key);
  call->client = owner != owners_.end() && chance_.Percent(60) ? owner->second : chance_.Below(kClients);
  call->ns = &policies_.For(call->key.ns);
  call->request = MakeRequest(call->client, call->ns->policy(), memories_[call->client][call->key]);
  if (chance_.OneIn(20)) call->deadline = now + chance_.Among<Duration>({-1us, 0us, 1us, 500us, 3ms, 2s, 10min});
  call->caller_gone = chance_.OneIn(50);
  return call;
}

engine::Request Clients::MakeRequest(size_t client, const engine::Policy& policy, Memory& memory) {
  const uint64_t what = chance_.Below(100);
  if (what < 45) return MakeBegin(client, memory);
  if (what < 65) return MakeComplete(policy, memory);
  if (what < 73) {
    engine::Renew renew{.token = SomeToken(memory)};
    if (chance_.OneIn(2)) renew.lease = chance_.Among<Duration>({10ms, 200ms, 5s, 60s});
    return renew;
  }
  if (what < 81) return engine::Release{.token = SomeToken(memory)};
  if (what < 89) {
    return engine::Checkpoint{.token = SomeToken(memory),
                              .data = chance_.Among<const char*>({"", "a third", "half", "almost all"}),
                              .effects_began = chance_.OneIn(4)};
  }
  if (what < 93) return engine::Lookup{};
  if (what < 98) {
    engine::Resolve resolve;
    if (chance_.OneIn(2)) {
      // Often the outcome of before, as who had no answer sends it.
      const bool again = !std::holds_alternative<std::monostate>(memory.outcome) && chance_.OneIn(2);
      if (!again) memory.outcome = MakeOutcome();
      resolve.outcome = memory.outcome;
      resolve.retention = MakeRetention(policy);
    }
    resolve.outcome_digest = engine::DigestOf(resolve.outcome.value_or(storage::Outcome{}));
    if (chance_.OneIn(4)) resolve.attempt = static_cast<uint32_t>(1 + chance_.Below(3));
    return resolve;
  }
  return engine::Delete{};
}

engine::Begin Clients::MakeBegin(size_t client, Memory& memory) {
  const bool retry = memory.attempt_id != storage::AttemptId{} && chance_.Percent(40);
  if (!retry) {
    memory.attempt_id[0] = static_cast<uint8_t>('A' + client);
    const uint64_t number = ++attempts_;
    std::memcpy(&memory.attempt_id[8], &number, sizeof number);
  }
  if (!retry || chance_.OneIn(8))
    memory.fingerprint = chance_.Among<const char*>({"", "", "red", "red", "red", "blue"});
  engine::Begin begin{.fingerprint = memory.fingerprint, .attempt_id = memory.attempt_id};
  begin.lease = chance_.Among<Duration>({10ms, 100ms, 1s, 30s});
  if (chance_.Percent(40)) begin.wait = chance_.Among<Duration>({5ms, 500ms, 20s, 5min});
  begin.owner = absl::StrCat("client-", client);
  return begin;
}

engine::Complete Clients::MakeComplete(const engine::Policy& policy, Memory& memory) {
  const bool again = !std::holds_alternative<std::monostate>(memory.outcome) && chance_.Percent(50);
  if (!again) memory.outcome = MakeOutcome();
  return {.token = SomeToken(memory),
          .outcome = memory.outcome,
          .outcome_digest = engine::DigestOf(memory.outcome),
          .retention = MakeRetention(policy)};
}

storage::Outcome Clients::MakeOutcome() {
  if (chance_.Percent(55)) {
    storage::Result result;
    result.omitted = chance_.OneIn(10);
    if (!result.omitted) result.payload = absl::StrCat("result-", chance_.Below(1000));
    if (!result.omitted && chance_.OneIn(3)) result.payload.resize(kBigPayload, '.');
    result.payload_size = result.payload.size();
    if (chance_.OneIn(2)) result.content_type = "text/plain";
    if (chance_.OneIn(4)) result.attributes = {{"http-status", "201"}};
    return result;
  }
  storage::Failure failure{.reason = chance_.Among<const char*>({"BUSY", "DECLINED"}), .message = "no"};
  failure.retryable = chance_.Percent(60);
  if (failure.retryable) failure.retry_after = chance_.Among<Duration>({0us, 1ms, 2s, 10s});
  return failure;
}

Duration Clients::MakeRetention(const engine::Policy& policy) {
  return chance_.OneIn(3) ? chance_.Among<Duration>({1ms, 50ms, 1s, 40s}) : policy.result_retention;
}

// Mostly the newest that the client knows; now and then an old one, one of another key, or one that was never handed out.
int64_t Clients::SomeToken(const Memory& memory) {
  if (memory.tokens.empty() || chance_.OneIn(12)) return chance_.Among<int64_t>({1, last_token_, last_token_ - 1});
  if (chance_.OneIn(5)) return chance_.Any(memory.tokens);
  return memory.tokens.back();
}

void Clients::Hear(const Call& call) {
  const auto* acquired = std::get_if<engine::Acquired>(&*call.answer);
  if (acquired == nullptr) return;
  last_token_ = acquired->token;
  owners_[call.key] = call.client;
  std::vector<int64_t>& tokens = memories_[call.client][call.key].tokens;
  if (!tokens.empty() && tokens.back() == acquired->token) return;
  tokens.push_back(acquired->token);
  if (tokens.size() > 4) tokens.erase(tokens.begin());
}

}  // namespace semel::simulation
