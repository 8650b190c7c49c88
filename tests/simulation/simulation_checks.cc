// What is compared after every step.

#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/engine/describe.h"
#include "tests/simulation/agreement.h"
#include "tests/simulation/simulation.h"

namespace semel::simulation {

using storage::Key;
using storage::Record;
using storage::State;

// `verdicts` are the calls that must have been answered by this step, and how; no other may have been.
void Simulation::Judge(const std::vector<Model::Verdict>& verdicts, const std::vector<Call*>& calls,
                       bool replies_arrive) {
  std::set<Key> keys;
  for (const Call* call : calls) {
    keys.insert(call->key);
    if (call->finished == 0) history_.Note(step_, Now(), *call);
  }
  drawn_.clear();
  for (const Model::Verdict& verdict : verdicts) {
    keys.insert(verdict.call->key);
    history_.Note(step_, Now(), *verdict.call);
    JudgeAnswer(verdict);
    if (failed()) return;
    if (replies_arrive && !chance_.OneIn(10)) clients_.Hear(*verdict.call);
    ++answers_;
    coverage_.Note(*verdict.call->answer);
    Forget(*verdict.call);
  }
  last_told_ = Now();
  CheckWaiters();
  if (std::string wrong = model_.CheckWaiters(Now()); !wrong.empty()) Fail(wrong);
  for (const Key& key : keys) CheckKey(key);
}

void Simulation::JudgeAnswer(const Model::Verdict& verdict) {
  const Call& call = *verdict.call;
  if (call.finished != 1) {
    return Fail(call.key, absl::StrCat("call ", call.number, " was answered ", call.finished,
                                       " times instead of once, with\n  ", engine::Describe(verdict.reply)));
  }
  Reply expected = verdict.reply;
  if (!FillInToken(call, expected)) return;
  if (std::string difference = Disagreement(expected, *call.answer); !difference.empty()) {
    return Fail(call.key, absl::StrCat("call ", call.number, " (", engine::Describe(call.request), "): ", difference));
  }
  if (std::string broken = ledger_.Note(call, *call.answer, Now()); !broken.empty()) {
    Fail(call.key, absl::StrCat("call ", call.number, " (", engine::Describe(call.request), "): ", broken));
  }
}

// Where the model only says that a token was drawn: the one that the answer tells, if it may be that.
bool Simulation::FillInToken(const Call& call, Reply& expected) {
  auto* acquired = std::get_if<engine::Acquired>(&expected);
  auto* found = std::get_if<engine::Found>(&expected);
  int64_t* token = acquired != nullptr ? &acquired->token : found != nullptr ? &found->record.token : nullptr;
  if (token == nullptr || *token >= 0) return true;
  const auto* told = std::get_if<engine::Acquired>(&*call.answer);
  if (told != nullptr && !drawn_.contains(*token)) {
    if (told->token <= ledger_.HighestToken(call.key)) {
      Fail(call.key, absl::StrCat("the token of a new attempt is ", told->token, ", but there was ",
                                  ledger_.HighestToken(call.key)));
      return false;
    }
    drawn_[*token] = told->token;
    model_.Learn(*token, told->token);
  }
  if (drawn_.contains(*token)) *token = drawn_[*token];
  return true;
}

void Simulation::CheckWaiters() {
  const size_t waiting = model_.CountWaiters();
  if (calls_.size() != waiting || stats_->waiters.value() != static_cast<int64_t>(waiting)) {
    Fail(absl::StrCat(waiting, " should wait, but ", calls_.size(), " have no answer and ", stats_->waiters.value(),
                      " are counted"));
  }
  for (const auto& [call, owned] : calls_) {
    if (call->finished != 0) Fail(call->key, absl::StrCat("call ", call->number, " was answered, but should wait"));
  }
  const std::optional<storage::Time> due = committer_->NextDue();
  const std::optional<storage::Time> expected = model_.NextDue();
  const bool both_overdue = due && expected && *due <= Now() && *expected <= Now();
  if (due != expected && !both_overdue) {
    Fail(absl::StrCat("something falls due at ", expected ? engine::Describe(*expected) : "no time",
                      ", but the committer says at ", due ? engine::Describe(*due) : "no time"));
  }
}

void Simulation::CheckKey(const Key& key) {
  const Key* const keys[] = {&key};
  std::vector<std::optional<Record>> records;
  if (absl::Status status = storage_->Load(keys, records); !status.ok()) {
    return Fail(key, absl::StrCat("Load: ", status.ToString()));
  }
  CheckRecord(key, std::move(records.front()));
}

void Simulation::CheckRecord(const Key& key, const std::optional<Record>& record) {
  const std::optional<Record> whole = WithPayload(*storage_, key, record);
  if (std::string difference = Disagreement(model_.Get(key), whole, Now()); !difference.empty()) Fail(key, difference);
}

std::optional<Record> Simulation::WithPayload(storage::Storage& storage, const Key& key, std::optional<Record> record) {
  storage::Result* result = record ? std::get_if<storage::Result>(&record->outcome) : nullptr;
  if (result == nullptr || !result->payload_detached || storage.clock().Now() >= record->result_expire_time) {
    return record;
  }
  absl::StatusOr<std::string> payload = storage.LoadPayload(key, *record);
  if (!payload.ok()) {
    Fail(key, absl::StrCat("LoadPayload: ", payload.status().ToString()));
    return record;
  }
  result->payload = *std::move(payload);
  result->payload_detached = false;
  return record;
}

void Simulation::CheckEveryKey() {
  for (const Key& key : clients_.keys()) CheckKey(key);
  CheckScan(/*open_only=*/false);
  CheckScan(/*open_only=*/true);
  if (storage_->Open().keys() != model_.CountOpen()) {
    Fail(absl::StrCat(storage_->Open().keys(), " keys are counted as open, but ", model_.CountOpen(), " are"));
  }
}

void Simulation::CheckScan(bool open_only) {
  std::set<Key> listed;
  storage::ScanRequest scan{.open_only = open_only, .limit = chance_.Among<size_t>({1, 3, 1000})};
  do {
    absl::StatusOr<storage::ScanPage> page = storage_->Scan(scan);
    if (!page.ok()) return Fail(absl::StrCat("Scan: ", page.status().ToString()));
    for (auto& [key, record] : page->records) {
      if (!listed.insert(key).second) Fail(key, "a scan lists the key twice");
      if (record.state == State::kVacant) Fail(key, "a scan lists a key that was vacated");
      if (open_only && !storage::IsOpen(record)) Fail(key, "a scan of open keys lists a settled one");
      CheckRecord(key, std::move(record));
    }
    scan.cursor = page->next_cursor;
  } while (!scan.cursor.empty() && !failed());

  for (const auto& [name, key] : model_.keys()) {
    const bool expected = open_only ? key.open() : key.is != Is::kAbsent && key.is != Is::kVacant;
    if (expected && Now() < key.forgotten_at() && !listed.contains(name)) Fail(name, "a scan does not list the key");
  }
}

}  // namespace semel::simulation
