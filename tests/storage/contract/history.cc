// A long pseudo-random history of commits, conflicts, restarts, compactions and jumping clocks, held against a map of
// what was committed last.

#include <map>

#include "storage/record_codec.h"
#include "tests/storage/sample_records.h"
#include "tests/storage/storage_contract.h"

namespace semel::storage {
namespace {

constexpr int kKeys = 16;
constexpr int kSteps = 3000;

class History {
 public:
  explicit History(StorageContract& world) : world_(world) {}

  void Step() {
    if (random_.OneIn(100)) world_.time().StepWall(std::chrono::minutes(random_.Below(120)) - std::chrono::hours(1));
    world_.time().Advance(
        std::chrono::milliseconds(random_.OneIn(50) ? random_.Below(7'200'000) : random_.Below(1000)));
    if (random_.OneIn(10)) {
      EXPECT_TRUE(world_.storage().Maintain(world_.Now()).ok());
    }
    if (random_.OneIn(60)) world_.Compact();
    if (random_.OneIn(60)) RestartAndCompare();
    CommitSome();
  }

  void CompareAll() {
    size_t in_progress = 0;
    size_t in_doubt = 0;
    for (const auto& [key, expected] : model_) {
      Compare(key, expected);
      in_progress += expected.state == State::kInProgress;
      in_doubt += expected.state == State::kInDoubt;
    }
    EXPECT_EQ(world_.storage().Open().in_progress, in_progress);
    EXPECT_EQ(world_.storage().Open().in_doubt, in_doubt);
    EXPECT_EQ(world_.ScanAll({.open_only = true, .limit = 3}).size(), in_progress + in_doubt);
    for (const auto& [key, record] : world_.ScanAll({.limit = 5})) EXPECT_EQ(record, world_.Load(key)) << key;
  }

 private:
  void RestartAndCompare() {
    const Time before = world_.Now();
    ASSERT_TRUE(world_.TryCommit({}).ok());
    world_.Reopen();
    ASSERT_GT(world_.Now(), before);
    CompareAll();
  }

  void CommitSome() {
    std::map<Key, Record> next;
    for (uint64_t count = random_.Below(4); count > 0; --count) {
      const Key key{"ns" + std::to_string(random_.Below(2)), std::to_string(random_.Below(kKeys))};
      next[key] = Successor(key);
    }
    std::vector<Mutation> mutations;
    for (const auto& [key, record] : next) mutations.push_back({key, world_.VersionOf(key), record});
    if (!mutations.empty() && random_.OneIn(8)) {
      uint64_t& version = mutations[random_.Below(mutations.size())].expected_version;
      version = version == 0 ? uint64_t{1} << 62 : random_.OneIn(2) ? 0 : version + 1;
      ASSERT_EQ(world_.TryCommit(mutations).code(), absl::StatusCode::kAborted);
    } else {
      const absl::Status status = world_.TryCommit(mutations);
      ASSERT_TRUE(status.ok()) << status;
      for (const auto& [key, record] : next) model_[key] = record;
    }
    for (const auto& [key, record] : next) {
      if (model_.contains(key)) Compare(key, model_.at(key));
    }
  }

  // What the engine might write next: an attempt keeps its token to its end, a new one has a greater token.
  Record Successor(const Key& key) {
    const Time now = world_.Now();
    auto current = model_.find(key);
    if (current == model_.end() || (!IsOpen(current->second) && !random_.OneIn(5))) {
      return Varied(InProgressRecord(world_.NextToken(), now));
    }
    const int64_t token = current->second.token;
    if (!IsOpen(current->second)) {
      Record deleted = VacantRecord(token, now);
      deleted.key_expire_time = now;
      return deleted;
    }
    switch (random_.Below(6)) {
      case 0: return Varied(InProgressRecord(token, now));
      case 1: return Varied(InDoubtRecord(token, now));
      case 2: return Varied(VacantRecord(token, now));
      case 3: return Varied(FailedRecord(token, now, random_.OneIn(2)));
      default: return Varied(DoneRecord(token, now, random_.Bytes(random_.OneIn(4) ? 20'000 : 100)));
    }
  }

  Record Varied(Record record) {
    record.attempt = static_cast<uint32_t>(random_.Below(100));
    record.owner = random_.Bytes(40);
    if (!IsOpen(record) && record.state != State::kVacant) {
      record.result_expire_time = record.complete_time + std::chrono::minutes(1 + random_.Below(90));
      record.key_expire_time = record.result_expire_time + std::chrono::minutes(random_.Below(90));
    }
    return record;
  }

  void Compare(const Key& key, Record expected) {
    std::optional<Record> record = world_.LoadWhole(key);
    const bool settled = !IsOpen(expected);
    if (settled && world_.Now() >= expected.key_expire_time && !record) return;
    ASSERT_TRUE(record) << key << " lost " << expected;
    if (settled && world_.Now() >= expected.result_expire_time && record->outcome != expected.outcome) {
      StripOutcome(expected);
      if (auto* result = std::get_if<Result>(&record->outcome); result && result->payload_detached) {
        record->outcome = std::monostate{};  // its payload went before the record was stripped
      }
    }
    ASSERT_EQ(*record, expected) << key;
  }

  StorageContract& world_;
  Generator random_;
  std::map<Key, Record> model_;
};

TEST_P(StorageContract, ALongHistoryEndsInWhatWasCommittedLast) {
  History history(*this);
  for (int step = 0; step < kSteps && !HasFatalFailure(); ++step) {
    SCOPED_TRACE(step);
    history.Step();
  }
  history.CompareAll();
}

}  // namespace
}  // namespace semel::storage
