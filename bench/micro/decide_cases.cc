// server/engine/decide.h: the rules alone, one decision a step.

#include <optional>
#include <utility>

#include "bench/micro/case.h"
#include "bench/micro/samples.h"
#include "server/engine/decide.h"

namespace semel::bench {
namespace {

using namespace std::chrono_literals;
using engine::Decision;
using engine::Policy;
using engine::Request;
using storage::Record;

enum class Writes { kNothing, kRecord };

// Decides `request` over `record`, `age` after the attempt began, and expects a reply of the type Reply.
template <class Reply>
Case Decides(std::string name, std::optional<Record> record, Request request, Writes writes, storage::Duration age = 2s,
             Policy policy = {}) {
  auto prepare = [=]() -> Step {
    auto decide = [record, request, policy, now = kStart + age] {
      return engine::Decide(record ? &*record : nullptr, request,
                            {.now = now, .fresh_token = storage::Micros(now), .policy = policy});
    };
    const Decision decision = decide();
    Expect(std::holds_alternative<Reply>(decision.reply), name.c_str());
    Expect(decision.write.has_value() == (writes == Writes::kRecord), name.c_str());
    return [decide] { Keep(decide()); };
  };
  return {.name = "decide/" + name, .prepare = std::move(prepare)};
}

Record FailedRecord(bool retryable) {
  return SettledRecord(storage::State::kFailed,
                       storage::Failure{.reason = "CARD_DECLINED",
                                        .message = "the bank said no",
                                        .retryable = retryable,
                                        .retry_after = retryable ? storage::Duration(1s) : storage::Duration(0)});
}

Record InDoubtRecord() {
  Record record = OpenRecord();
  record.state = storage::State::kInDoubt;
  record.effects_began = true;
  return record;
}

engine::Begin OtherContent() {
  engine::Begin begin = SampleBegin('b');
  begin.fingerprint[0] = 'x';
  return begin;
}

Policy InDoubtPolicy() {
  Policy policy;
  policy.on_lapse = engine::LapsePolicy::kInDoubt;
  return policy;
}

void AddBegins(Cases& cases) {
  const engine::Begin alice = SampleBegin('a'), bob = SampleBegin('b');
  cases.push_back(Decides<engine::Acquired>("begin/fresh", std::nullopt, alice, Writes::kRecord));
  cases.push_back(Decides<engine::Acquired>("begin/same_attempt_again", OpenRecord(), alice, Writes::kRecord));
  cases.push_back(Decides<engine::InProgress>("begin/in_progress", OpenRecord(), bob, Writes::kNothing));
  cases.push_back(Decides<engine::Acquired>("begin/takeover", OpenRecord(), bob, Writes::kRecord, 1min));
  cases.push_back(
      Decides<engine::InDoubt>("begin/lapse_in_doubt", OpenRecord(), bob, Writes::kRecord, 1min, InDoubtPolicy()));
  cases.push_back(Decides<engine::InDoubt>("begin/in_doubt", InDoubtRecord(), bob, Writes::kNothing));
  cases.push_back(Decides<engine::Done>("begin/replay", DoneRecord(), bob, Writes::kNothing));
  cases.push_back(Decides<engine::Expired>("begin/expired", DoneRecord(), bob, Writes::kNothing, 48h));
  cases.push_back(Decides<engine::Acquired>("begin/forgotten", DoneRecord(), bob, Writes::kRecord, 24h * 30));
  cases.push_back(Decides<engine::Failed>("begin/failed_final", FailedRecord(false), bob, Writes::kNothing));
  cases.push_back(Decides<engine::Acquired>("begin/failed_retry", FailedRecord(true), bob, Writes::kRecord));
  cases.push_back(Decides<engine::Refusal>("begin/mismatch", DoneRecord(), OtherContent(), Writes::kNothing));
}

void AddOwnersCalls(Cases& cases) {
  cases.push_back(Decides<engine::Completed>("complete/result", OpenRecord(), SampleComplete(), Writes::kRecord));
  cases.push_back(Decides<engine::Completed>("complete/again", DoneRecord(), SampleComplete(), Writes::kNothing));
  cases.push_back(
      Decides<engine::Refusal>("complete/stale_token", OpenRecord(), SampleComplete(kToken - 1), Writes::kNothing));
  cases.push_back(
      Decides<engine::Renewed>("renew", OpenRecord(), engine::Renew{.token = kToken, .lease = 30s}, Writes::kRecord));
  cases.push_back(Decides<engine::Checkpointed>("checkpoint/1KB", OpenRecord(),
                                                engine::Checkpoint{.token = kToken, .data = std::string(1024, 'c')},
                                                Writes::kRecord));
  cases.push_back(
      Decides<engine::Released>("release", OpenRecord(), engine::Release{.token = kToken}, Writes::kRecord));
  cases.push_back(Decides<engine::Found>("lookup/done", DoneRecord(), engine::Lookup{}, Writes::kNothing));
}

}  // namespace

void AddDecideCases(Cases& cases) {
  AddBegins(cases);
  AddOwnersCalls(cases);
}

}  // namespace semel::bench
