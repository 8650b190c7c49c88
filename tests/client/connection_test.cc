// How one call is tried again: scripted tries, no server.

#include "client/cpp/connection.h"

#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "semel/error.h"
#include "semel/wire/v1/status.pb.h"

namespace semel {
namespace {

using namespace std::chrono_literals;
using grpc::StatusCode;
using testing::HasSubstr;

grpc::Status Refusal(StatusCode code, const std::string& reason, Duration retry_delay = {}) {
  wire::v1::Status details;
  wire::v1::ErrorInfo info;
  info.set_reason(reason);
  auto* detail = details.add_details();
  detail->set_type_url("type.googleapis.com/google.rpc.ErrorInfo");
  detail->set_value(info.SerializeAsString());
  if (retry_delay > Duration::zero()) {
    wire::v1::RetryInfo retry;
    retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(retry_delay.count() % 1'000'000'000));
    retry.mutable_retry_delay()->set_seconds(retry_delay.count() / 1'000'000'000);
    detail = details.add_details();
    detail->set_type_url("type.googleapis.com/google.rpc.RetryInfo");
    detail->set_value(retry.SerializeAsString());
  }
  return grpc::Status(code, "refused", details.SerializeAsString());
}

const grpc::Status kLost(StatusCode::UNAVAILABLE, "Socket closed");
const grpc::Status kTimedOut(StatusCode::DEADLINE_EXCEEDED, "Deadline Exceeded");
const grpc::Status kNotConnected(StatusCode::UNAVAILABLE, "failed to connect to all addresses; last error: refused");

class ConnectionTest : public testing::Test {
 protected:
  static ClientOptions Options() {
    ClientOptions options;
    options.address = "127.0.0.1:1";  // nothing is ever sent there
    options.retry = {.max_tries = 5, .initial_backoff = 0ms, .max_backoff = 0ms};
    return options;
  }

  // The tries end as the script says; its last line is repeated.
  absl::Status Call(std::vector<grpc::Status> script, Duration timeout = 30s, Repeat repeat = Repeat::kAsItself) {
    tries_ = 0;
    return connection_.Call("Begin of k", {timeout, 1s, repeat}, [&](grpc::ClientContext&) {
      return script[std::min<size_t>(tries_++, script.size() - 1)];
    });
  }

  Connection connection_{Options()};
  size_t tries_ = 0;
};

TEST_F(ConnectionTest, RetriesWhatMayPass) {
  const grpc::Status stream_removed(StatusCode::UNKNOWN, "Stream removed");
  const grpc::Status cancelled(StatusCode::CANCELLED, "shut down");
  const grpc::Status reset(StatusCode::INTERNAL, "Received RST_STREAM with error code 2");
  for (const grpc::Status& status : {kLost, kTimedOut, kNotConnected, stream_removed, cancelled, reset,
                                     Refusal(StatusCode::UNAVAILABLE, "OVERLOADED")}) {
    EXPECT_TRUE(Call({status, status, grpc::Status::OK}).ok()) << status.error_message();
    EXPECT_EQ(tries_, 3u);
  }
}

TEST_F(ConnectionTest, DoesNotRepeatWhatRepeatingDoesNotMend) {
  for (const grpc::Status& status :
       {Refusal(StatusCode::ABORTED, "TOKEN_STALE"), Refusal(StatusCode::RESOURCE_EXHAUSTED, "QUOTA_EXCEEDED", 1s),
        Refusal(StatusCode::INTERNAL, "BUG"), Refusal(StatusCode::UNKNOWN, "SOMETHING"),
        grpc::Status(StatusCode::INTERNAL, "Unable to parse request")}) {
    EXPECT_FALSE(Call({status, grpc::Status::OK}).ok());
    EXPECT_EQ(tries_, 1u);
  }
}

// A report that was stored before somebody took over, and whose reply was lost, is answered so too.
TEST_F(ConnectionTest, ARefusalAfterALostReplyDoesNotSayWhatBecameOfTheFirstTry) {
  const absl::Status status = Call({kLost, Refusal(StatusCode::ABORTED, "TOKEN_STALE")});
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(DetailsOf(status).reason, reason::kTokenStale);
  EXPECT_TRUE(DetailsOf(status).outcome_unknown);
  EXPECT_FALSE(DetailsOf(Call({kNotConnected, Refusal(StatusCode::ABORTED, "TOKEN_STALE")})).outcome_unknown);
}

TEST_F(ConnectionTest, GivesUpAfterSoManyTriesAndSaysWhatIsNotKnown) {
  const absl::Status status = Call({kLost});
  EXPECT_EQ(tries_, 5u);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(DetailsOf(status).outcome_unknown);
  const std::string message(status.message());
  EXPECT_THAT(message, HasSubstr("Begin of k"));
  EXPECT_THAT(message, HasSubstr("127.0.0.1:1"));
  EXPECT_THAT(message, HasSubstr("5 tries"));
  EXPECT_THAT(message, HasSubstr("may or may not have been done"));
  EXPECT_THAT(message, HasSubstr("Socket closed"));
}

TEST_F(ConnectionTest, KnowsWhenNothingWasChanged) {
  for (const grpc::Status& status :
       {kNotConnected, Refusal(StatusCode::UNAVAILABLE, "OVERLOADED"), Refusal(StatusCode::UNAVAILABLE, "DRAINING"),
        grpc::Status(StatusCode::DEADLINE_EXCEEDED, std::string(kNotSent) + "no stream")}) {
    const absl::Status error = Call({status});
    EXPECT_FALSE(DetailsOf(error).outcome_unknown);
    EXPECT_THAT(std::string(error.message()), HasSubstr("nothing was changed"));
  }
}

TEST_F(ConnectionTest, OneTryThatMayHaveBeenDoneIsEnoughNotToKnow) {
  EXPECT_TRUE(DetailsOf(Call({kNotConnected, kTimedOut, kNotConnected})).outcome_unknown);
  EXPECT_TRUE(DetailsOf(Call({Refusal(StatusCode::UNAVAILABLE, "STORAGE_FAILED")})).outcome_unknown);
}

// A backup, a deletion: once more would be one too many.
TEST_F(ConnectionTest, WhatWouldBeDoneAnewIsRepeatedOnlyWhileNothingWasDone) {
  const auto call = [this](std::vector<grpc::Status> script) { return Call(std::move(script), 30s, Repeat::kAnew); };
  EXPECT_TRUE(call({kNotConnected, Refusal(StatusCode::UNAVAILABLE, "OVERLOADED"), grpc::Status::OK}).ok());
  EXPECT_EQ(tries_, 3u);
  const absl::Status lost = call({kNotConnected, kLost, grpc::Status::OK});
  EXPECT_EQ(tries_, 2u);
  EXPECT_EQ(lost.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(DetailsOf(lost).outcome_unknown);
  EXPECT_THAT(std::string(lost.message()), HasSubstr("look before you repeat it"));
}

TEST_F(ConnectionTest, AFailedBackupIsTheLastWord) {
  const absl::Status failed = Call({Refusal(StatusCode::UNAVAILABLE, "BACKUP_FAILED"), grpc::Status::OK});
  EXPECT_EQ(tries_, 1u);
  EXPECT_EQ(DetailsOf(failed).reason, reason::kBackupFailed);
  EXPECT_FALSE(DetailsOf(failed).outcome_unknown);
}

TEST_F(ConnectionTest, WaitsAsLongAsTheServerAsks) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(Call({Refusal(StatusCode::UNAVAILABLE, "OVERLOADED", 60ms), grpc::Status::OK}).ok());
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 60ms);
}

TEST_F(ConnectionTest, GivesUpAtOnceWhereTheServerAsksForMoreTimeThanIsLeft) {
  const auto begin = std::chrono::steady_clock::now();
  const absl::Status status = Call({Refusal(StatusCode::UNAVAILABLE, "OVERLOADED", 1h)});
  EXPECT_EQ(tries_, 1u);
  EXPECT_EQ(DetailsOf(status).retry_delay, 1h);
  EXPECT_EQ(DetailsOf(status).reason, reason::kOverloaded);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
}

TEST_F(ConnectionTest, TheTimeoutEndsTheTries) {
  ClientOptions options = Options();
  options.retry = {.max_tries = 1'000'000'000, .initial_backoff = 1ms, .max_backoff = 1ms};
  Connection connection(options);
  const absl::Status status = connection.Call("Begin of k", {50ms, 1s}, [](grpc::ClientContext&) { return kLost; });
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
}

TEST_F(ConnectionTest, ATryHasNoMoreTimeThanTheCall) {
  std::chrono::system_clock::time_point deadline;
  EXPECT_TRUE(connection_
                  .Call("Begin of k", {1s, 1h},
                        [&](grpc::ClientContext& context) {
                          deadline = context.deadline();
                          return grpc::Status::OK;
                        })
                  .ok());
  EXPECT_LT(deadline, std::chrono::system_clock::now() + 10s);
}

}  // namespace
}  // namespace semel
