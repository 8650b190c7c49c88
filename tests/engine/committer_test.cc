// Group commit: order within a batch, what is written and when, and what everybody hears when storage fails.

#include "server/engine/committer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/engine/committer_fixture.h"

namespace semel::engine {
namespace {

TEST_F(CommitterTest, ABatchIsDecidedInOrderOfArrival) {
  TestOperation* alice = Make(BeginBy('A'));
  TestOperation* bob = Make(BeginBy('B'));
  TestOperation* alice_again = Make(BeginBy('A'));
  Run({alice, bob, alice_again});
  EXPECT_TRUE(alice->Is<Acquired>());
  EXPECT_EQ(bob->said(), "in_progress owner=A attempt=1 remaining=30s");
  EXPECT_EQ(alice_again->said(), alice->said()) << "rule 18: it sees the first one, and rule 3: the same token";
}

TEST_F(CommitterTest, ABatchAnswersAsTheSameRequestsOneByOneWould) {
  const int64_t token = Acquire('A');
  TestOperation* complete = Make(CompleteWith(token, "one"));
  TestOperation* again = Make(CompleteWith(token, "one"));
  TestOperation* other = Make(CompleteWith(token, "two"));
  TestOperation* begin = Make(BeginBy('B'));
  TestOperation* deleted = Make(Delete{});
  TestOperation* fresh = Make(BeginBy('C'));
  TestOperation* stale = Make(CompleteWith(token, "one"));
  Run({complete, again, other, begin, deleted, fresh, stale});
  EXPECT_EQ(complete->said(), "completed DONE expires=@1d");
  EXPECT_EQ(again->said(), "completed DONE expires=@1d already_applied");
  EXPECT_EQ(other->said(), "refused OUTCOME_CONFLICT");
  EXPECT_EQ(begin->said(), "done result=one completed=@0s expires=@1d");
  EXPECT_EQ(deleted->said(), "deleted DONE");
  ASSERT_TRUE(fresh->Is<Acquired>());
  EXPECT_GT(fresh->As<Acquired>().token, token);
  EXPECT_EQ(stale->said(), "refused TOKEN_STALE");
}

TEST_F(CommitterTest, ABatchIsOneCommit) {
  const uint64_t before = stats_->commits.value();
  std::vector<TestOperation*> batch;
  for (int i = 0; i < 100; ++i) batch.push_back(Make(BeginBy('A'), "order-" + std::to_string(i)));
  Run(batch);
  EXPECT_EQ(stats_->commits.value(), before + 1);
  for (const TestOperation* begin : batch) EXPECT_TRUE(begin->Is<Acquired>());
}

// Sees, when it is sent, which of its operations are answered.
class WatchingOutbox final : public Outbox {
 public:
  explicit WatchingOutbox(std::vector<TestOperation*> operations) : operations_(std::move(operations)) {}
  void Send() override {
    ++sent;
    for (const TestOperation* operation : operations_) answered += operation->waits() ? 0 : 1;
  }

  int sent = 0;
  int answered = 0;

 private:
  const std::vector<TestOperation*> operations_;
};

TEST_F(CommitterTest, AnOutboxIsSentWhenAllOfItsBatchIsAnswered) {
  TestOperation* first = Make(BeginBy('A'), "order-1");
  TestOperation* second = Make(BeginBy('A'), "order-2");
  TestOperation* third = Make(BeginBy('A'), "order-3");
  WatchingOutbox outbox({first, second, third});
  second->outbox = &outbox;
  Run({first, second, third});
  EXPECT_EQ(outbox.sent, 1);
  EXPECT_EQ(outbox.answered, 3);
}

TEST_F(CommitterTest, NothingIsCommittedWhereNothingChanges) {
  Acquire('A');
  const uint64_t before = stats_->commits.value();
  RunOne(Lookup{});
  RunOne(BeginBy('B'));
  RunOne(CompleteWith(1));
  Run({});
  EXPECT_EQ(stats_->commits.value(), before);
  // But an instant that callers were told of is covered by a clock mark, whatever they asked for.
  Advance(1h);
  RunOne(Lookup{});
  EXPECT_EQ(stats_->commits.value(), before + 1);
}

TEST_F(CommitterTest, TokensOfABatchDifferAndGrowAcrossRestarts) {
  TestOperation* one = Make(BeginBy('A'), "order-1");
  TestOperation* two = Make(BeginBy('A'), "order-2");
  Run({one, two});
  EXPECT_LT(one->As<Acquired>().token, two->As<Acquired>().token);
  time_.StepWall(-1h);
  StartProcess();
  EXPECT_GT(Acquire('B', "order-3"), two->As<Acquired>().token);
}

TEST_F(CommitterTest, WhoseCallerIsGoneIsNotDecided) {
  TestOperation* late = Make(BeginBy('A'));
  late->deadline = Now();
  TestOperation* gone = Make(BeginBy('A'));
  gone->caller_gone = true;
  TestOperation* in_time = Make(BeginBy('B'));
  in_time->deadline = Now() + 1us;
  Run({late, gone, in_time});
  EXPECT_EQ(late->said(), "refused DEADLINE_EXCEEDED");
  EXPECT_EQ(gone->said(), "refused CANCELLED");
  EXPECT_TRUE(in_time->Is<Acquired>()) << "nobody owned the key";
  EXPECT_EQ(stats_->dropped_past_deadline.value(), 2);
}

TEST_F(CommitterTest, PayloadsAreLeftOutBeyondTheBudgetOfABatchCall) {
  Run({Make(BeginBy('A'), "small"), Make(BeginBy('A'), "large"), Make(BeginBy('A'), "detached")});
  for (const auto& [name, bytes] : {std::pair("small", 10), std::pair("large", 4000), std::pair("detached", 5000)}) {
    const int64_t token = RunOne(BeginBy('A'), name)->As<Acquired>().token;
    RunOne(CompleteWith(token, std::string(static_cast<size_t>(bytes), 'x')), name);
  }
  size_t budget = 5000;
  std::vector<TestOperation*> batch = {Make(BeginBy('B'), "large"), Make(BeginBy('B'), "detached"),
                                       Make(Lookup{}, "small"), Make(BeginBy('B'), "small")};
  for (TestOperation* operation : batch) operation->payload_budget = &budget;
  Run(batch);
  EXPECT_EQ(batch[0]->As<Done>().result.payload.size(), 4000);
  EXPECT_EQ(batch[1]->As<Done>().result.payload, "") << "rule 19";
  EXPECT_EQ(batch[1]->As<Done>().result.payload_size, 5000) << "its size is told";
  EXPECT_TRUE(batch[1]->As<Done>().result.payload_detached);
  EXPECT_EQ(std::get<storage::Result>(batch[2]->As<Found>().record.outcome).payload.size(), 10)
      << "what fits still comes";
  EXPECT_EQ(batch[3]->As<Done>().result.payload.size(), 10);
  EXPECT_EQ(budget, 5000 - 4000 - 10 - 10);
  EXPECT_EQ(RunOne(Lookup{}, "detached")->said(), "found DONE attempt=1 result=" + std::string(5000, 'x'));
}

// Rule 17.
class StorageFailure : public CommitterTest, public testing::WithParamInterface<storage::CommitFault> {};

TEST_P(StorageFailure, IsHeardByAll) {
  const int64_t token = Acquire('A');
  TestOperation* waiter = RunOne(BeginBy('B', 1min));
  ASSERT_TRUE(waiter->waits());
  TestOperation* writes = Make(CompleteWith(token));
  TestOperation* reads = Make(Lookup{}, "order-2");
  storage_->FailNextCommit(GetParam());
  Run({writes, reads});
  EXPECT_EQ(writes->said(), "refused STORAGE_FAILED");
  EXPECT_EQ(reads->said(), "refused STORAGE_FAILED") << "it may rest on what was not written";
  EXPECT_EQ(waiter->said(), "refused STORAGE_FAILED") << "nothing that it waits for will come";
  EXPECT_EQ(stats_->waiters.value(), 0);
  EXPECT_EQ(committer_->NextDue(), std::nullopt);

  EXPECT_EQ(RunOne(Lookup{})->said(), "refused STORAGE_FAILED") << "and so it stays";
  EXPECT_EQ(RunOne(BeginBy('C', 1min))->said(), "refused STORAGE_FAILED");
  EXPECT_EQ(stats_->storage_failures.value(), 3);
  EXPECT_FALSE(committer_->Maintain().ok());
  committer_->Drain();

  StartProcess();  // reads back what is really on disk
  const bool written = GetParam() == storage::CommitFault::kEverythingWritten;
  EXPECT_TRUE(written ? RunOne(BeginBy('C'))->Is<Done>() : RunOne(BeginBy('C'))->Is<InProgress>());
  const TestOperation* retry = RunOne(CompleteWith(token));
  EXPECT_EQ(retry->As<Completed>().already_applied, written) << "the owner's retry finds the truth either way";
}

INSTANTIATE_TEST_SUITE_P(Commit, StorageFailure,
                         testing::Values(storage::CommitFault::kNothingWritten,
                                         storage::CommitFault::kEverythingWritten),
                         [](const auto& info) {
                           return info.param == storage::CommitFault::kNothingWritten ? "NothingWritten"
                                                                                      : "EverythingWritten";
                         });

TEST_F(CommitterTest, ADrainedCommitterBeginsNothingButLetsOwnersFinish) {
  const int64_t token = Acquire('A');
  TestOperation* waiter = RunOne(BeginBy('B', 1min));
  committer_->Drain();
  EXPECT_EQ(waiter->said(), "in_progress owner=A attempt=1 remaining=30s");
  EXPECT_EQ(stats_->waiters.value(), 0);
  EXPECT_EQ(RunOne(BeginBy('C'))->said(), "refused DRAINING");
  EXPECT_EQ(RunOne(BeginBy('A'))->said(), "refused DRAINING") << "even the owner's retry: it asks the next process";
  EXPECT_TRUE(RunOne(Renew{.token = token})->Is<Renewed>());
  EXPECT_TRUE(RunOne(CompleteWith(token))->Is<Completed>());
}

}  // namespace
}  // namespace semel::engine
