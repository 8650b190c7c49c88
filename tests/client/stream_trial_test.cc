// What Transport::kAuto learns from streams that opened, and from those that did not.

#include "client/cpp/stream_trial.h"

#include <chrono>

#include <gtest/gtest.h>

namespace semel {
namespace {

using namespace std::chrono_literals;
using grpc::StatusCode;

class StreamTrialTest : public testing::Test {
 protected:
  // A stream that begins now and ends a second later.
  void Ends(StatusCode code, bool was_open = false) {
    const SessionStream::End end{.status = {code, ""}, .was_open = was_open, .began = now_};
    now_ += 1s;
    trial_.StreamEnded(end, now_);
  }
  // The same, while a call is answered.
  void EndsAlone(StatusCode code) {
    trial_.CallAnswered(now_ + 1ms);
    Ends(code);
  }
  bool MayOpenAfter(Duration time) const { return trial_.MayOpen(now_ + time); }

  StreamTrial trial_;
  StreamTrial::SteadyTime now_{1h};
};

TEST_F(StreamTrialTest, TriesAtOnce) { EXPECT_TRUE(MayOpenAfter(0s)); }

TEST_F(StreamTrialTest, AnOlderServerIsLeftAloneForLongerAndLonger) {
  for (const Duration rest : {5min, 10min, 20min, 40min, 60min, 60min}) {
    Ends(StatusCode::UNIMPLEMENTED);
    EXPECT_FALSE(MayOpenAfter(rest - 1s));
    EXPECT_TRUE(MayOpenAfter(rest));
  }
}

TEST_F(StreamTrialTest, AStreamThatOpensEndsTheMistrust) {
  Ends(StatusCode::UNIMPLEMENTED);
  Ends(StatusCode::UNIMPLEMENTED);
  now_ += 1h;
  Ends(StatusCode::UNAVAILABLE, /*was_open=*/true);
  EXPECT_TRUE(MayOpenAfter(0s));
  Ends(StatusCode::UNIMPLEMENTED);
  EXPECT_TRUE(MayOpenAfter(5min));
}

TEST_F(StreamTrialTest, WhatSwallowsOnlyStreamsIsLeftAlone) {
  EndsAlone(StatusCode::DEADLINE_EXCEEDED);
  EXPECT_FALSE(MayOpenAfter(0s));
}

TEST_F(StreamTrialTest, NothingIsLearnedWhereCallsAreNotAnsweredEither) {
  trial_.CallAnswered(now_ - 1ms);
  Ends(StatusCode::DEADLINE_EXCEEDED);
  Ends(StatusCode::INTERNAL);
  for (int i = 0; i < 100; ++i) Ends(StatusCode::UNAVAILABLE);
  EXPECT_TRUE(MayOpenAfter(0s));
}

TEST_F(StreamTrialTest, AServerThatComesBackIsNotTakenForAProxyThatRefuses) {
  for (int i = 1; i < StreamTrial::kUnavailableInARow; ++i) EndsAlone(StatusCode::UNAVAILABLE);
  EXPECT_TRUE(MayOpenAfter(0s));
  EndsAlone(StatusCode::UNAVAILABLE);
  EXPECT_FALSE(MayOpenAfter(0s));
}

}  // namespace
}  // namespace semel
