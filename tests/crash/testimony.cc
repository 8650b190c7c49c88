#include "tests/crash/testimony.h"

#include <gtest/gtest.h>

#include "tests/support/requests.h"

namespace semel::crash {
namespace {

using Said = Testimony::Said;
using Unanswered = Testimony::Unanswered;

bool Is(const v1::Record& record, v1::State state) { return record.state() == state; }

// What may stand where a call was under way when the server died: what it would have made of it, or what was before.
bool MayBeDone(const Testimony& testimony) {
  return testimony.said == Said::kDone || testimony.unanswered == Unanswered::kComplete;
}
bool MayBeGone(const Testimony& testimony) {
  return testimony.said == Said::kNothing || testimony.said == Said::kReleased ||
         testimony.unanswered == Unanswered::kRelease;
}

void CheckRecord(const Testimony& testimony, const v1::Record& record) {
  EXPECT_EQ(record.attempt(), 1);
  if (Is(record, v1::STATE_DONE)) {
    EXPECT_TRUE(MayBeDone(testimony));
    const std::string& payload = testimony.said == Said::kDone ? testimony.payload : testimony.unanswered_bytes;
    EXPECT_EQ(record.result().payload(), payload);
    return;
  }
  EXPECT_TRUE(Is(record, v1::STATE_IN_PROGRESS)) << record.ShortDebugString();
  EXPECT_NE(testimony.said, Said::kDone) << "an acknowledged Complete is lost";
  EXPECT_NE(testimony.said, Said::kReleased) << "an acknowledged Release is lost";
  const bool unanswered_checkpoint = testimony.unanswered == Unanswered::kCheckpoint;
  EXPECT_TRUE(record.checkpoint() == testimony.checkpoint ||
              (unanswered_checkpoint && record.checkpoint() == testimony.unanswered_bytes));
}

void RepeatBegin(const support::Caller& caller, Testimony& testimony) {
  const auto again = caller.Call(testimony.begin);
  ASSERT_TRUE(again.ok()) << again.error();
  ASSERT_TRUE(again->has_acquired()) << again->ShortDebugString();
  if (testimony.token != 0) {
    EXPECT_EQ(again->acquired().token(), testimony.token);
  }
  testimony.token = again->acquired().token();
  if (testimony.said == Said::kNothing) testimony.said = Said::kBegun;
}

void Complete(const support::Caller& caller, Testimony& testimony, const std::string& payload) {
  const auto completed = caller.Call(support::ResultOf(testimony.key, testimony.token, payload));
  ASSERT_TRUE(completed.ok()) << completed.error();
  if (testimony.said == Said::kDone) {
    EXPECT_TRUE(completed->already_applied());
  }
  testimony.said = Said::kDone;
  testimony.payload = payload;
}

void RepeatUnanswered(const support::Caller& caller, Testimony& testimony) {
  switch (testimony.unanswered) {
    case Unanswered::kNothing: break;
    case Unanswered::kBegin: RepeatBegin(caller, testimony); break;
    case Unanswered::kCheckpoint: {
      const auto again = caller.Call(support::CheckpointOf(testimony.key, testimony.token, testimony.unanswered_bytes));
      EXPECT_TRUE(again.ok()) << again.error();
      testimony.said = Said::kCheckpointed;
      testimony.checkpoint = testimony.unanswered_bytes;
      break;
    }
    case Unanswered::kRelease: {
      const auto again = caller.Call(support::ReleaseOf(testimony.key, testimony.token));
      EXPECT_TRUE(again.ok()) << again.error();
      testimony.said = Said::kReleased;
      break;
    }
    case Unanswered::kComplete: Complete(caller, testimony, testimony.unanswered_bytes); break;
  }
  testimony.unanswered = Unanswered::kNothing;
}

}  // namespace

void CheckStillThere(const support::Caller& caller, const Testimony& testimony) {
  SCOPED_TRACE(testimony.key);
  const auto found = caller.Call(support::LookupOf(testimony.key));
  ASSERT_TRUE(found.ok()) << found.error();
  if (found->has_record()) {
    CheckRecord(testimony, found->record());
  } else {
    EXPECT_TRUE(MayBeGone(testimony)) << "an acknowledged Begin or Complete is lost";
  }
}

void RepeatCalls(const support::Caller& caller, Testimony& testimony) {
  SCOPED_TRACE(testimony.key);
  RepeatUnanswered(caller, testimony);
  switch (testimony.said) {
    case Said::kNothing: break;
    case Said::kBegun:
    case Said::kCheckpointed: RepeatBegin(caller, testimony); break;
    case Said::kDone: Complete(caller, testimony, testimony.payload); break;
    case Said::kReleased: {
      const auto next = caller.Call(support::BeginOf(testimony.key));
      ASSERT_TRUE(next.ok()) << next.error();
      ASSERT_TRUE(next->has_acquired()) << next->ShortDebugString();
      EXPECT_GT(next->acquired().token(), testimony.token) << "a token went backwards";
      EXPECT_EQ(next->acquired().previous(), v1::PREVIOUS_RELEASED);
      const auto stale = caller.Call(support::ReleaseOf(testimony.key, testimony.token));
      EXPECT_EQ(stale.status.error_code(), grpc::StatusCode::ABORTED);
      const auto given_back = caller.Call(support::ReleaseOf(testimony.key, next->acquired().token()));
      EXPECT_TRUE(given_back.ok()) << given_back.error();
      testimony.token = next->acquired().token();
      break;
    }
  }
}

}  // namespace semel::crash
