#include "tests/engine/committer_fixture.h"

namespace semel::engine {
namespace {

PolicyTable Policies() {
  Policy doubt;
  doubt.on_lapse = LapsePolicy::kInDoubt;
  return PolicyTable({}, {{"doubt", doubt}});
}

}  // namespace

CommitterTest::CommitterTest() : policies_(Policies()) { StartProcess(); }

void CommitterTest::StartProcess(Limits limits) {
  EndProcess();
  storage_ = std::make_unique<storage::MemoryStorage>(time_, disk_);
  stats_ = std::make_unique<EngineStats>();
  committer_ = std::make_unique<Committer>(*storage_, policies_, limits, *stats_);
  const absl::Status status = committer_->Start();
  ASSERT_TRUE(status.ok()) << status;
}

void CommitterTest::EndProcess() {
  committer_.reset();
  storage_.reset();
}

TestOperation* CommitterTest::Make(Request request, std::string name, std::string ns) {
  operations_.push_back(std::make_unique<TestOperation>());
  TestOperation* operation = operations_.back().get();
  operation->key = {.ns = std::move(ns), .name = std::move(name)};
  operation->ns = &policies_.For(operation->key.ns);
  operation->request = std::move(request);
  return operation;
}

Begin CommitterTest::BeginBy(char who, Duration wait, Duration lease) {
  Begin begin{.lease = lease, .wait = wait, .owner = std::string(1, who)};
  begin.attempt_id.fill(static_cast<uint8_t>(who));
  return begin;
}

Complete CommitterTest::CompleteWith(int64_t token, std::string payload) {
  const uint64_t size = payload.size();
  Complete complete{.token = token, .outcome = storage::Result{.payload = std::move(payload), .payload_size = size}};
  complete.outcome_digest = DigestOf(complete.outcome);
  complete.retention = 24h;
  return complete;
}

void CommitterTest::Run(const std::vector<TestOperation*>& operations) {
  committer_->Run(std::vector<Operation*>(operations.begin(), operations.end()));
}

TestOperation* CommitterTest::RunOne(Request request, std::string name, std::string ns) {
  TestOperation* operation = Make(std::move(request), std::move(name), std::move(ns));
  Run({operation});
  return operation;
}

int64_t CommitterTest::Acquire(char who, std::string name, std::string ns) {
  const TestOperation* begin = RunOne(BeginBy(who), std::move(name), std::move(ns));
  EXPECT_TRUE(begin->Is<Acquired>()) << begin->said();
  return begin->Is<Acquired>() ? begin->As<Acquired>().token : 0;
}

void CommitterTest::RunWhatIsDue() {
  const std::optional<Time> due = committer_->NextDue();
  ASSERT_TRUE(due.has_value());
  if (*due > Now()) Advance(*due - Now());
  Run({});
}

}  // namespace semel::engine
