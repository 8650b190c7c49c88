// The texts of the CLI: lengths of time, bytes, facts.

#include <chrono>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "client/cli/bytes_text.h"
#include "client/cli/duration_text.h"
#include "client/cli/facts.h"
#include "client/cli/instant_text.h"

namespace semel::cli {
namespace {

using namespace std::chrono_literals;

TEST(DurationTextTest, ReadsWhatPeopleWrite) {
  EXPECT_EQ(ParseDuration("30s"), 30s);
  EXPECT_EQ(ParseDuration("250ms"), 250ms);
  EXPECT_EQ(ParseDuration("10us"), 10us);
  EXPECT_EQ(ParseDuration("5m"), 5min);
  EXPECT_EQ(ParseDuration("1h30m"), 90min);
  EXPECT_EQ(ParseDuration("7d"), 168h);
  EXPECT_EQ(ParseDuration("1.5s"), 1500ms);
  EXPECT_EQ(ParseDuration("0"), 0s);
  EXPECT_EQ(ParseDuration("0s"), 0s);
}

TEST(DurationTextTest, RefusesEverythingElse) {
  for (const char* text : {"", "30", "s", "-5s", "+5s", "5 s", "5sec", "1e3s", "infs", "nans", ".s", "1..5s", "5s5",
                           "s5", "99999999999d", "0x5s"}) {
    EXPECT_FALSE(ParseDuration(text).has_value()) << text;
  }
}

TEST(DurationTextTest, ShowsWhatItReads) {
  for (const char* text : {"0s", "1ms", "30s", "1m30s", "1h", "1d2h3m4s5ms", "7d", "12us"}) {
    EXPECT_EQ(FormatDuration(ParseDuration(text).value()), text);
  }
  EXPECT_EQ(FormatDuration(29s + 999'999us), "29s999ms");
  EXPECT_EQ(FormatDuration(-2s), "-2s");
  EXPECT_EQ(FormatDuration(1ns), "0s");
}

TEST(InstantTextTest, SaysHowFarAwayAndWhen) {
  const Time noon(1'714'564'800s);
  EXPECT_EQ(InstantText(noon, noon), "now (2024-05-01T12:00:00Z)");
  EXPECT_EQ(InstantText(noon + 3h, noon), "in 3 h (2024-05-01T15:00:00Z)");
  EXPECT_EQ(InstantText(noon - 12min, noon), "12 min ago (2024-05-01T11:48:00Z)");
  EXPECT_EQ(InstantText(noon + 400 * 24h, noon), "in 400 d (2025-06-05T12:00:00Z)");
  EXPECT_EQ(Rfc3339(noon + 1ms), "2024-05-01T12:00:00.001Z");
}

TEST(InstantTextTest, TakesTheGreatestUnitOfWhichThereAreTwo) {
  EXPECT_EQ(RoughDuration(0s), "0 ms");
  EXPECT_EQ(RoughDuration(999ms), "999 ms");
  EXPECT_EQ(RoughDuration(119s + 999ms), "119 s");
  EXPECT_EQ(RoughDuration(2min), "2 min");
  EXPECT_EQ(RoughDuration(119min), "119 min");
  EXPECT_EQ(RoughDuration(2h), "2 h");
  EXPECT_EQ(RoughDuration(47h + 59min), "47 h");
  EXPECT_EQ(RoughDuration(48h), "2 d");
}

TEST(BytesTextTest, HexGoesBothWays) {
  const std::string bytes("\x00\x7f\xff", 3);
  EXPECT_EQ(ToHex(bytes), "007fff");
  EXPECT_EQ(FromHex("007fFF"), bytes);
  EXPECT_FALSE(FromHex("0").has_value());
  EXPECT_FALSE(FromHex("0g").has_value());
}

TEST(BytesTextTest, KnowsText) {
  EXPECT_TRUE(IsText(""));
  EXPECT_TRUE(IsText("a\tb\n"));
  EXPECT_TRUE(IsText("Grüße, 世界 🍵"));
  EXPECT_FALSE(IsText(std::string("\0", 1)));
  EXPECT_FALSE(IsText("\x1b[31m"));          // would colour the terminal
  EXPECT_FALSE(IsText("\xc3"));              // cut off
  EXPECT_FALSE(IsText("\xc0\xaf"));          // overlong
  EXPECT_FALSE(IsText("\xed\xa0\x80"));      // a surrogate
  EXPECT_FALSE(IsText("\xf4\x90\x80\x80"));  // beyond Unicode
}

TEST(BytesTextTest, QuotesForAShellWhatNeedsIt) {
  EXPECT_EQ(ShellQuoted("order/1017"), "order/1017");
  EXPECT_EQ(ShellQuoted("two words"), "'two words'");
  EXPECT_EQ(ShellQuoted("it's"), "'it'\\''s'");
  EXPECT_EQ(ShellQuoted("$(rm)"), "'$(rm)'");
}

TEST(FactsTest, TheSameFactsForPeopleAndForPrograms) {
  Facts facts("answer", "in_progress");
  facts.AddText("owner", "me");
  facts.AddLength("lease_remaining", 1500ms);
  facts.AddInstant("since", Time(1'714'564'800s));
  facts.AddBytes("checkpoint", "two\nlines");
  facts.AddBytes("payload", std::string("\xff", 1));
  facts.AddFlag("retryable", false);
  EXPECT_THAT(facts.AsText(), testing::MatchesRegex("in progress\n"
                                                    "  owner:           me\n"
                                                    "  lease remaining: 1s500ms\n"
                                                    "  since:           [0-9]+ d ago \\(2024-05-01T12:00:00Z\\)\n"
                                                    "  checkpoint:\n"
                                                    "  two\n"
                                                    "  lines\n"
                                                    "  payload:         1 bytes that are no text; --output json shows "
                                                    "them in base64\n"));
  const auto json = nlohmann::json::parse(facts.AsJson());
  EXPECT_EQ(json.at("answer"), "in_progress");
  EXPECT_EQ(json.at("lease_remaining_seconds"), 1.5);
  EXPECT_EQ(json.at("since"), "2024-05-01T12:00:00.000Z");
  EXPECT_EQ(json.at("checkpoint"), "two\nlines");
  EXPECT_EQ(json.at("payload_base64"), "/w==");
  EXPECT_EQ(json.at("retryable"), false);
}

TEST(FactsTest, WhatIsNoTextIsEscaped) {
  Facts facts("answer", "in_progress");
  facts.AddText("owner", "\x1b[2Jgone");
  EXPECT_EQ(facts.AsText(), "in progress\n  owner: \\x1b[2Jgone\n");
}

}  // namespace
}  // namespace semel::cli
