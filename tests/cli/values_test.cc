// The values `semel run` is made of: what is kept of an output, what is stored, which exit codes are final.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/cli/run/exit_code_set.h"
#include "client/cli/run/kept_output.h"
#include "client/cli/run/recorded_run.h"

namespace semel::cli {
namespace {

// Every bound, every length, in pieces of every size: head and tail are what they must be.
TEST(KeptOutput, IsTheBeginningAndTheEnd) {
  const std::string all = "abcdefghijklmnopqrstuvwxyz";
  for (size_t bound = 0; bound <= 12; ++bound) {
    for (size_t length = 0; length <= all.size(); ++length) {
      for (size_t piece = 1; piece <= 9; ++piece) {
        OutputKeeper keeper(bound);
        for (size_t at = 0; at < length; at += piece) keeper.Append(all.substr(at, std::min(piece, length - at)));
        const KeptOutput kept = keeper.Kept();
        ASSERT_EQ(kept.size, length);
        if (length <= bound) {
          ASSERT_EQ(kept.head + kept.tail, all.substr(0, length));
          ASSERT_EQ(kept.Shown(), all.substr(0, length));
        } else {
          ASSERT_EQ(kept.head, all.substr(0, bound - bound / 2)) << bound << " " << length << " " << piece;
          ASSERT_EQ(kept.tail, all.substr(length - bound / 2, bound / 2)) << bound << " " << length << " " << piece;
        }
        for (size_t smaller = 0; smaller < bound; ++smaller) {
          const KeptOutput shrunk = Shrunk(kept, smaller);
          ASSERT_LE(shrunk.kept(), smaller);
          ASSERT_EQ(shrunk.head, all.substr(0, shrunk.head.size()));
          ASSERT_EQ(shrunk.tail, all.substr(length - shrunk.tail.size(), shrunk.tail.size()));
        }
      }
    }
  }
}

TEST(KeptOutput, SaysWhatIsMissing) {
  const KeptOutput kept{.head = "begin", .tail = "end\n", .size = 20};
  EXPECT_EQ(kept.Shown(), "begin\n[semel: 11 bytes were not kept]\nend\n");
}

RecordedRun Example(const CommandEnd& end) {
  return {.end = end,
          .out = {.head = std::string("a\0b\n", 4), .tail = "z", .size = 100},
          .err = {.head = "\xff\n{}", .tail = "", .size = 4},
          .owner = "host:1",
          .ended = "2024-05-01T12:00:00Z"};
}

void ExpectSame(const RecordedRun& run, const RecordedRun& expected) {
  EXPECT_EQ(run.end.code(), expected.end.code());
  EXPECT_EQ(run.end.signal, expected.end.signal);
  EXPECT_EQ(run.out.head, expected.out.head);
  EXPECT_EQ(run.out.tail, expected.out.tail);
  EXPECT_EQ(run.out.size, expected.out.size);
  EXPECT_EQ(run.err.Shown(), expected.err.Shown());
  EXPECT_EQ(run.owner, expected.owner);
  EXPECT_EQ(run.ended, expected.ended);
}

TEST(RecordedRun, ComesBackFromAResultAndFromAFailure) {
  const RecordedRun success = Example({});
  ASSERT_TRUE(ToRecordedRun(ToResult(success)).has_value());
  ExpectSame(*ToRecordedRun(ToResult(success)), success);
  for (const CommandEnd end : {CommandEnd{.exit_code = 255}, CommandEnd{.signal = 15}}) {
    const RecordedRun run = Example(end);
    const auto back = ToRecordedRun(ToFailure(run, true, {}));
    ASSERT_TRUE(back.has_value());
    ExpectSame(*back, run);
  }
}

// What is stored today must be read by every later release.
TEST(RecordedRun, IsStoredLikeThis) {
  const Result result = ToResult(Example({}));
  EXPECT_EQ(result.payload, std::string("a\0b\nz\xff\n{}", 9));
  EXPECT_EQ(result.content_type, "application/vnd.semel.run.v1");
  EXPECT_THAT(result.attributes,
              testing::UnorderedElementsAre(testing::Pair("exit_code", "0"), testing::Pair("owner", "host:1"),
                                            testing::Pair("ended", "2024-05-01T12:00:00Z"),
                                            testing::Pair("stdout_size", "100"), testing::Pair("stdout_head", "4"),
                                            testing::Pair("stdout_tail", "1"), testing::Pair("stderr_size", "4"),
                                            testing::Pair("stderr_head", "4"), testing::Pair("stderr_tail", "0")));
}

TEST(RecordedRun, AFailureFitsItsDetails) {
  RecordedRun run = Example({.exit_code = 1});
  for (const size_t length : {size_t{0}, size_t{8000}, size_t{16384}, size_t{300000}}) {
    run.out = {.head = std::string(length, 'o'), .size = length};
    run.err = {.head = std::string(length, 'e'), .size = length};
    const Failure failure = ToFailure(run, true, {});
    EXPECT_LE(failure.details.size(), 16384U);
    const auto back = ToRecordedRun(failure);
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(back->out.size, length);
    if (length > 16384) {
      EXPECT_GE(back->out.kept(), 4000U);
      EXPECT_GE(back->err.kept(), 12000U);
    }
  }
}

TEST(RecordedRun, WhatDoesNotAddUpIsNotOurs) {
  const Result sound = ToResult(Example({}));
  EXPECT_FALSE(ToRecordedRun(Result{.payload = "x"}).has_value());
  const auto broken = [&](const std::string& name, const std::string& value) {
    Result result = sound;
    result.attributes[name] = value;
    return result;
  };
  for (const auto& [name, value] : std::map<std::string, std::string>{{"exit_code", "256"},
                                                                      {"stdout_head", "5"},
                                                                      {"stdout_tail", "99999999999999999999999"},
                                                                      {"stderr_head", "-1"},
                                                                      {"stderr_size", "3"}}) {
    EXPECT_FALSE(ToRecordedRun(broken(name, value)).has_value()) << name;
  }
  EXPECT_FALSE(ToRecordedRun(Failure{.reason = "COMMAND_FAILED", .details = "{}\n"}).has_value());
  EXPECT_FALSE(ToRecordedRun(Failure{.reason = "COMMAND_FAILED", .details = "[1\n"}).has_value());
  EXPECT_FALSE(ToRecordedRun(Failure{.reason = "COMMAND_FAILED"}).has_value());
}

TEST(ExitCodeSet, ReadsListsAndRanges) {
  const auto set = ExitCodeSet::Parse("2,64-78,255");
  ASSERT_TRUE(set.has_value());
  for (int code = -1; code <= 300; ++code) {
    EXPECT_EQ(set->Contains(code), code == 2 || (code >= 64 && code <= 78) || code == 255) << code;
  }
  EXPECT_TRUE(ExitCodeSet::Parse("any")->Contains(137));
  EXPECT_FALSE(ExitCodeSet::Parse("any")->Contains(0));
  for (const char* wrong : {"", "0", "256", "a", "1,", ",1", "1-", "-1", "3-2", "1 2", "1;2", "any,2"}) {
    EXPECT_FALSE(ExitCodeSet::Parse(wrong).has_value()) << wrong;
  }
}

}  // namespace
}  // namespace semel::cli
