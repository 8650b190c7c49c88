#include "tests/engine/situations.h"

#include "tests/engine/describe.h"

namespace semel::engine {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

Record Owned() {
  return Record{.state = State::kInProgress,
                .token = kAliceToken,
                .attempt = 1,
                .version = 9,
                .create_time = kStart,
                .fingerprint = "fp",
                .owner = "alice",
                .checkpoint = "half",
                .previous = Previous::kNone,
                .attempt_id = Id('A'),
                .lease_start = kStart,
                .lease = 30s,
                .abandoned_retention = days(30)};
}

Record Settled(State state) {
  Record record = Owned();
  record.state = state;
  record.checkpoint.clear();
  record.attempt_id = {};
  record.lease_start = {};
  record.lease = {};
  record.abandoned_retention = {};
  record.complete_time = kStart + 20s;
  record.result_expire_time = kStart + 20s + days(1);
  record.key_expire_time = kStart + 20s + days(7);
  record.outcome_digest = kDigest;
  return record;
}

Record DoneRecord() {
  Record record = Settled(State::kDone);
  record.outcome = storage::Result{.payload = "ok", .payload_size = 2};
  return record;
}

Record FailedRecord(bool retryable) {
  Record record = Settled(State::kFailed);
  if (retryable) record.checkpoint = "half";
  record.outcome = storage::Failure{.reason = retryable ? "BUSY" : "DECLINED",
                                    .retryable = retryable,
                                    .retry_after = retryable ? Duration(10min) : Duration(0)};
  return record;
}

Record VacantRecord(Previous previous) {
  Record record{.state = State::kVacant, .token = kAliceToken, .attempt = 1, .version = 9, .create_time = kStart};
  record.previous = previous;
  record.key_expire_time = kStart + 15s + days(7);
  return record;
}

Situation With(std::string name, Record record, Duration at) {
  return {std::move(name), std::move(record), kStart + at, {}};
}

}  // namespace

AttemptId Id(char letter) {
  AttemptId id;
  id.fill(static_cast<uint8_t>(letter));
  return id;
}

Situation Situation::But(const std::function<void(Record&)>& change) const {
  Situation changed = *this;
  change(*changed.record);
  return changed;
}

Situation Situation::At(Duration since_start) const {
  Situation changed = *this;
  changed.now = kStart + since_start;
  return changed;
}

Situation Situation::Under(const std::function<void(Policy&)>& change) const {
  Situation changed = *this;
  change(changed.policy);
  return changed;
}

bool IsForgotten(const Situation& situation) {
  return !situation.record || situation.now >= storage::ForgetTime(*situation.record);
}

bool IsVacant(const Situation& situation) {
  return !IsForgotten(situation) && situation.record->state == State::kVacant;
}

namespace given {

Situation Absent() { return {"Absent", std::nullopt, kStart, {}}; }
Situation ForgottenOpenNow() { return With("ForgottenOpenNow", Owned(), 30s + days(30)); }
Situation ForgottenInDoubtNow() {
  Situation found = With("ForgottenInDoubtNow", Owned(), 30s + days(30));
  found.record->state = State::kInDoubt;
  return found;
}
Situation ForgottenDoneNow() { return With("ForgottenDoneNow", DoneRecord(), 20s + days(7)); }
Situation Deleted() {
  Situation found = With("Deleted", VacantRecord(Previous::kNone), 1min);
  found.record->attempt = 0;
  found.record->key_expire_time = found.now;
  return found;
}

Situation Live() { return With("Live", Owned(), 10s); }
Situation LiveLastMoment() { return With("LiveLastMoment", Owned(), 30s - 1us); }
Situation LiveEffectsBegan() {
  Situation found = With("LiveEffectsBegan", Owned(), 10s);
  found.record->effects_began = true;
  return found;
}
Situation LapsedNow() { return With("LapsedNow", Owned(), 30s); }
Situation LapsedInDoubtNow() {
  Situation found = With("LapsedInDoubtNow", Owned(), 30s);
  found.policy.on_lapse = LapsePolicy::kInDoubt;
  return found;
}
Situation LapsedEffectsNow() {
  Situation found = With("LapsedEffectsNow", Owned(), 30s);
  found.record->effects_began = true;
  return found;
}

Situation InDoubt() {
  Situation found = With("InDoubt", Owned(), 40s);
  found.record->state = State::kInDoubt;
  return found;
}
Situation InDoubtEffects() {
  Situation found = With("InDoubtEffects", Owned(), 40s);
  found.record->state = State::kInDoubt;
  found.record->effects_began = true;
  return found;
}

Situation Done() { return With("Done", DoneRecord(), 1min); }
Situation DoneLastMoment() { return With("DoneLastMoment", DoneRecord(), 20s + days(1) - 1us); }
Situation DoneExpiredNow() { return With("DoneExpiredNow", DoneRecord(), 20s + days(1)); }
Situation FailedFinal() { return With("FailedFinal", FailedRecord(false), 1min); }
Situation FailedFinalExpiredNow() { return With("FailedFinalExpiredNow", FailedRecord(false), 20s + days(1)); }
Situation FailedEarly() { return With("FailedEarly", FailedRecord(true), 1min); }
Situation FailedEarlyExpired() {
  Situation found = With("FailedEarlyExpired", FailedRecord(true), 1min);
  found.record->result_expire_time = kStart + 30s;
  return found;
}
Situation FailedDueNow() { return With("FailedDueNow", FailedRecord(true), 20s + 10min); }
Situation FailedDueExpired() { return With("FailedDueExpired", FailedRecord(true), 20s + days(1)); }

Situation VacantReleased() { return With("VacantReleased", VacantRecord(Previous::kReleased), 1min); }
Situation VacantAbandoned() {
  Situation found = With("VacantAbandoned", VacantRecord(Previous::kAbandoned), 1min);
  found.record->attempt = 2;
  found.record->checkpoint = "half";
  found.record->fingerprint = "fp";
  return found;
}

}  // namespace given

const std::vector<Situation>& AllSituations() {
  static const auto* const all = new std::vector<Situation>{given::Absent(),
                                                            given::ForgottenOpenNow(),
                                                            given::ForgottenInDoubtNow(),
                                                            given::ForgottenDoneNow(),
                                                            given::Deleted(),
                                                            given::Live(),
                                                            given::LiveLastMoment(),
                                                            given::LiveEffectsBegan(),
                                                            given::LapsedNow(),
                                                            given::LapsedInDoubtNow(),
                                                            given::LapsedEffectsNow(),
                                                            given::InDoubt(),
                                                            given::InDoubtEffects(),
                                                            given::Done(),
                                                            given::DoneLastMoment(),
                                                            given::DoneExpiredNow(),
                                                            given::FailedFinal(),
                                                            given::FailedFinalExpiredNow(),
                                                            given::FailedEarly(),
                                                            given::FailedEarlyExpired(),
                                                            given::FailedDueNow(),
                                                            given::FailedDueExpired(),
                                                            given::VacantReleased(),
                                                            given::VacantAbandoned()};
  return *all;
}

}  // namespace semel::engine
