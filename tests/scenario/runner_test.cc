// The runner itself: that it reads what README.md promises, and that it notices what departs from a transcript.

#include "tests/scenario/runner.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/memory_storage.h"
#include "tests/scenario/settings.h"

namespace semel::scenario {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

std::string Outcome(const std::string& text) {
  absl::StatusOr<Scenario> scenario = Parse("t.txt", text);
  if (!scenario.ok()) return std::string(scenario.status().message());
  absl::StatusOr<ServiceSettings> settings = SettingsOf(*scenario);
  if (!settings.ok()) return std::string(settings.status().message());
  auto disk = std::make_shared<storage::MemoryDisk>();
  Service service(*std::move(settings), [disk](const storage::TimeSource& time) {
    return std::make_unique<storage::MemoryStorage>(time, disk);
  });
  absl::Status status = Runner(*scenario, service).Run();
  return status.ok() ? "ok" : std::string(status.message());
}

TEST(Runner, TellsWhereWhatWasExpectedAndWhatCame) {
  EXPECT_THAT(Outcome("a: begin k lease=30s\n"
                      "  -> acquired attempt=1 token=T1\n"
                      "elapse 10s\n"
                      "b: begin k\n"
                      "  -> in_progress owner=a remaining=21s\n"),
              StartsWith("t.txt:5: remaining differs\n"
                         "  expected in_progress owner=a remaining=21s\n"
                         "  got      in_progress owner=a attempt=1 remaining=20s"));
}

TEST(Runner, NoticesWhatDiffers) {
  const std::string begun = "a: begin k lease=30s\n  -> acquired token=T1\n";
  EXPECT_EQ(Outcome(begun), "ok");
  EXPECT_THAT(Outcome(begun + "b: begin k\n  -> acquired\n"), HasSubstr("t.txt:4: another answer"));
  EXPECT_THAT(Outcome(begun + "b: begin j\n  -> acquired token=T1\n"), HasSubstr("token differs"));
  EXPECT_THAT(Outcome(begun + "b: begin j\n  -> acquired token=T2>T2\n"), HasSubstr("token differs"));
  EXPECT_THAT(Outcome(begun + "b: begin k\n  -> error TOKEN_STALE\n"), HasSubstr("another answer"));
  EXPECT_THAT(Outcome(begun + "a: renew k token=1\n  -> error KEY_NOT_FOUND\n"), HasSubstr("another answer"));
  EXPECT_THAT(Outcome(begun + "a: renew k token=1\n  -> error TOKEN_STALE code=NOT_FOUND\n"),
              HasSubstr("code differs"));
  EXPECT_THAT(Outcome(begun + "b: lookup k\n  -> record checkpoint=\"none\"\n"), HasSubstr("checkpoint differs"));
  EXPECT_THAT(Outcome(begun + "b: lookup k\n  -> record created=B1 forgotten=B1+1s\n"), HasSubstr("forgotten differs"));
  EXPECT_THAT(Outcome("a: batch begin\n  - k\n    -> acquired\n  - k\n    -> acquired\n"),
              HasSubstr("t.txt:5: another"));
  EXPECT_THAT(Outcome(begun + "o: list\n  -> listed keys=j\n"), HasSubstr("keys differs"));
  EXPECT_THAT(Outcome(begun + "o: list state=in_progress\n  -> listed states=done\n"), HasSubstr("states differs"));
  EXPECT_THAT(Outcome(begun + "o: list\n  -> listed next=P1\n"), HasSubstr("next differs"));
  EXPECT_THAT(Outcome("a: batch begin\n  - k lease=0s\n    -> acquired\n"), HasSubstr("t.txt:3: another answer"));
}

TEST(Runner, NoticesWhoWaitsAndWhoDoesNot) {
  const std::string begun = "a: begin k lease=30s\n  -> acquired token=T1\nb: begin k wait=1m &\n";
  EXPECT_EQ(Outcome(begun + "waiting 1\ncancel b\nwaiting 0\n"), "ok");
  EXPECT_EQ(Outcome(begun), "t.txt:3: no line says what this call was answered");
  EXPECT_THAT(Outcome("a: begin k wait=1m &\n"), HasSubstr("t.txt:1: it did not wait: got acquired"));
  EXPECT_THAT(Outcome(begun + "elapse 30s\nb -> in_progress\n"), HasSubstr("t.txt:5: another answer"));
  EXPECT_THAT(Outcome(begun + "c -> acquired\n"), HasSubstr("t.txt:4: nobody was answered"));
  EXPECT_THAT(Outcome(begun + "cancel c\n"), HasSubstr("c does not wait"));
}

TEST(Runner, RefusesWhatATranscriptCannotMean) {
  EXPECT_THAT(Outcome("a: begin k laese=1s\n  -> acquired\n"), HasSubstr("t.txt:1: the call has no field laese"));
  EXPECT_THAT(Outcome("a: begin k lease=1\n  -> acquired\n"), HasSubstr("not a value of lease: 1"));
  EXPECT_THAT(Outcome("a: renew k token=T1\n  -> renewed\n"), HasSubstr("not a value of token: T1"));
  EXPECT_THAT(Outcome("o: list page=P1\n  -> listed\n"), HasSubstr("not a value of page: P1"));
  EXPECT_THAT(Outcome("o: list state=gone\n  -> listed\n"), HasSubstr("not a value of state: gone"));
  EXPECT_THAT(Outcome("a: begin k\n  -> acquired atempt=1\n"), HasSubstr("'acquired' has nothing called atempt"));
  EXPECT_THAT(Outcome("a: begin k\n"), HasSubstr("no answer is expected"));
  EXPECT_THAT(Outcome("a: bgin k\n  -> acquired\n"), HasSubstr("t.txt:1: expected begin, complete"));
  EXPECT_THAT(Outcome("\n\nelapse 1\n"), HasSubstr("t.txt:3: expected a duration"));
  EXPECT_THAT(Outcome("a: begin \"k\n"), HasSubstr("a quote is not closed"));
  EXPECT_THAT(Outcome("  -> acquired\n"), HasSubstr("a call above its answer"));
  EXPECT_THAT(Outcome("namespace shop: lease=1s\n"), HasSubstr("there is no setting lease"));
  EXPECT_THAT(Outcome("a: begin k\n  -> lost\nserver: max_waiters=1\n"), HasSubstr("settings before the first step"));
  EXPECT_THAT(Outcome("stop server\na: begin k\n  -> acquired\n"), HasSubstr("the server does not run"));
}

TEST(Duration, ReadsAndWrites) {
  for (const char* text : {"0s", "1us", "30s", "1h30m", "7d", "29s999ms999us", "-1s"}) {
    ASSERT_TRUE(ParseDuration(text)) << text;
    EXPECT_EQ(ToText(*ParseDuration(text)), text);
  }
  EXPECT_EQ(ParseDuration("+90m"), std::optional<Duration>(90min));
  for (const char* text : {"", "s", "1", "1 s", "1x", "1s2", "-"}) EXPECT_FALSE(ParseDuration(text)) << text;
}

}  // namespace
}  // namespace semel::scenario
