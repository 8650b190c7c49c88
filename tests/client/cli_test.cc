// The real binary against a real server: what it prints, and what it exits with.

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/cli_fixture.h"

namespace semel {
namespace {

using testing::HasSubstr;

TEST_F(CliTest, AConversation) {
  const Ran acquired = Semel({"begin", "order/1", "--lease", "1m30s", "--owner", "me"});
  EXPECT_EQ(acquired.exit_code, ExitCode::kOk) << acquired.err;
  EXPECT_THAT(acquired.out, HasSubstr("acquired\n"));
  EXPECT_THAT(acquired.out, HasSubstr("lease:    1m30s\n"));
  EXPECT_THAT(acquired.err, HasSubstr("semel complete order/1 --token"));

  const Ran in_progress = Semel({"begin", "order/1"});
  EXPECT_EQ(in_progress.exit_code, ExitCode::kInProgress);
  EXPECT_THAT(in_progress.out, HasSubstr("in progress\n"));
  EXPECT_THAT(in_progress.out, HasSubstr("me\n"));

  const Ran lookup = Semel({"lookup", "order/1", "--output", "json"});
  EXPECT_EQ(lookup.exit_code, ExitCode::kOk);
  EXPECT_EQ(lookup.as_json().at("state"), "in_progress");
  EXPECT_FALSE(lookup.as_json().contains("token"));
}

TEST_F(CliTest, CompleteWithAResultReplaysIt) {
  const std::string token = BeginAndGetToken("k");
  const Ran completed = Semel({"complete", "k", "--token", token, "--result", "placed", "--content-type", "text/plain",
                               "--attribute", "status=201", "--attribute", "a=b=c", "--retention", "2h"});
  EXPECT_EQ(completed.exit_code, ExitCode::kOk) << completed.err;
  const Ran again = Semel({"complete", "k", "--token", token, "--result", "placed", "--content-type", "text/plain",
                           "--attribute", "status=201", "--attribute", "a=b=c", "--retention", "2h", "-o", "json"});
  EXPECT_EQ(again.exit_code, ExitCode::kOk) << again.out;
  EXPECT_EQ(again.as_json().at("already_applied"), true);

  const Ran done = Semel({"begin", "k", "--output", "json"});
  EXPECT_EQ(done.exit_code, ExitCode::kDone);
  EXPECT_EQ(done.as_json().at("answer"), "done");
  EXPECT_EQ(done.as_json().at("payload"), "placed");
  EXPECT_EQ(done.as_json().at("content_type"), "text/plain");
  EXPECT_EQ(done.as_json().at("attributes").at("a"), "b=c");
}

TEST_F(CliTest, ResultsComeFromFilesToo) {
  const std::string bytes("\x00\xff line", 7);
  std::ofstream(directory() + "/result", std::ios::binary) << bytes;
  EXPECT_EQ(
      Semel({"complete", "a", "--token", BeginAndGetToken("a"), "--result-file", directory() + "/result"}).exit_code,
      ExitCode::kOk);
  const Ran binary = Semel({"begin", "a", "-o", "json"});
  EXPECT_EQ(binary.as_json().at("payload_base64"), "AP8gbGluZQ==");
  EXPECT_THAT(Semel({"begin", "a"}).out, HasSubstr("7 bytes that are no text"));

  EXPECT_EQ(Semel({"complete", "b", "--token", BeginAndGetToken("b"), "--result-file", "-"}, "from a pipe").exit_code,
            ExitCode::kOk);
  EXPECT_EQ(Semel({"begin", "b", "-o", "json"}).as_json().at("payload"), "from a pipe\n");

  EXPECT_EQ(Semel({"complete", "c", "--token", "1", "--result-file", directory() + "/absent"}).exit_code,
            ExitCode::kUsage);
}

TEST_F(CliTest, FailuresAreFinalOrHeldBack) {
  EXPECT_EQ(Semel({"complete", "a", "--token", BeginAndGetToken("a"), "--failure", "CARD_DECLINED", "--message", "no"})
                .exit_code,
            ExitCode::kOk);
  const Ran final = Semel({"begin", "a"});
  EXPECT_EQ(final.exit_code, ExitCode::kFailed);
  EXPECT_THAT(final.out, HasSubstr("CARD_DECLINED"));
  EXPECT_THAT(final.err, HasSubstr("final"));

  EXPECT_EQ(Semel({"complete", "b", "--token", BeginAndGetToken("b"), "--failure", "BANK_DOWN", "--retryable",
                   "--retry-after", "1h"})
                .exit_code,
            ExitCode::kOk);
  const Ran held_back = Semel({"begin", "b", "-o", "json"});
  EXPECT_EQ(held_back.exit_code, ExitCode::kFailed);
  EXPECT_EQ(held_back.as_json().at("retryable"), true);
  EXPECT_GT(held_back.as_json().at("retry_after_seconds"), 3000);
}

TEST_F(CliTest, TheSameAttemptIdGetsTheSameToken) {
  const std::vector<std::string> begin = {
      "begin", "k", "-o", "json", "--attempt-id", "00112233445566778899aabbccddeeff"};
  EXPECT_EQ(Semel(begin).as_json().at("token"), Semel(begin).as_json().at("token"));
  EXPECT_EQ(Semel({"begin", "k", "--attempt-id", "0011"}).exit_code, ExitCode::kUsage);
}

TEST_F(CliTest, FingerprintsAreTextOrBytes) {
  EXPECT_EQ(Semel({"begin", "k", "--fingerprint", "abc"}).exit_code, ExitCode::kOk);
  const std::string sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  EXPECT_EQ(Semel({"begin", "k", "--fingerprint-hex", sha256}).exit_code, ExitCode::kInProgress);
  EXPECT_EQ(Semel({"lookup", "k", "-o", "json"}).as_json().at("fingerprint"), sha256);
  const Ran mismatch = Semel({"begin", "k", "--fingerprint", "abd"});
  EXPECT_EQ(mismatch.exit_code, ExitCode::kMismatch);
  EXPECT_THAT(mismatch.err, HasSubstr("FINGERPRINT_MISMATCH"));
  EXPECT_THAT(mismatch.err, HasSubstr("another key"));
}

TEST_F(CliTest, AWaitEndsWithTheAnswer) {
  const auto client = Direct();
  Acquire(*client, "k", {.lease = 200ms});
  const Ran taken_over = Semel({"begin", "k", "--wait", "50s", "-o", "json"});
  EXPECT_EQ(taken_over.exit_code, ExitCode::kOk);
  EXPECT_EQ(taken_over.as_json().at("previous"), "abandoned");
}

TEST_F(CliTest, InDoubtAndExpiredHaveCodesOfTheirOwn) {
  const auto client = Direct();
  const Acquired doubtful = Acquire(*client, "doubtful", {.lease = 100ms});
  ASSERT_TRUE(client->Checkpoint("doubtful", doubtful.token, "card 4711", true).ok());
  const Ran in_doubt = Semel({"begin", "doubtful", "--wait", "50s"});
  EXPECT_EQ(in_doubt.exit_code, ExitCode::kInDoubt);
  EXPECT_THAT(in_doubt.out, HasSubstr("card 4711"));
  EXPECT_THAT(in_doubt.err, HasSubstr("semel resolve doubtful"));

  const Acquired gone = Acquire(*client, "gone");
  ASSERT_TRUE(client->Complete({.key = "gone", .token = gone.token, .outcome = Result{}, .retention = 1ms}).ok());
  Ran ran = Semel({"begin", "gone"});
  while (ran.exit_code == ExitCode::kDone) ran = Semel({"begin", "gone"});
  EXPECT_EQ(ran.exit_code, ExitCode::kExpired);
}

TEST_F(CliTest, ErrorsSayWhatIsWrongAndWhatToDo) {
  const Ran unknown = Semel({"complete", "nothing", "--token", "5", "--result", "r"});
  EXPECT_EQ(unknown.exit_code, ExitCode::kNoRecord);
  EXPECT_THAT(unknown.err, HasSubstr("KEY_NOT_FOUND"));
  EXPECT_EQ(Semel({"lookup", "nothing"}).exit_code, ExitCode::kNoRecord);

  const std::string token = BeginAndGetToken("k");
  const Ran stale = Semel({"complete", "k", "--token", "5", "--result", "r"});
  EXPECT_EQ(stale.exit_code, ExitCode::kStale);
  EXPECT_THAT(stale.err, HasSubstr("TOKEN_STALE"));
  EXPECT_THAT(stale.err, HasSubstr("Stop"));

  EXPECT_EQ(Semel({"complete", "k", "--token", token, "--result", "r"}).exit_code, ExitCode::kOk);
  const Ran conflict = Semel({"complete", "k", "--token", token, "--result", "other", "-o", "json"});
  EXPECT_EQ(conflict.exit_code, ExitCode::kConflict);
  EXPECT_EQ(conflict.as_json().at("reason"), "OUTCOME_CONFLICT");
  EXPECT_EQ(conflict.as_json().at("outcome_unknown"), false);

  const Ran bad_key = Semel({"begin", "space "});
  EXPECT_EQ(bad_key.exit_code, ExitCode::kUsage);
  EXPECT_THAT(bad_key.err, HasSubstr("FIELD_INVALID"));
}

TEST_F(CliTest, WithoutAServerItSaysWhereItLooked) {
  const Ran ran = Semel({"begin", "k", "--address", "127.0.0.1:1", "--timeout", "100ms"});
  EXPECT_EQ(ran.exit_code, ExitCode::kUnavailable);
  EXPECT_THAT(ran.err, HasSubstr("127.0.0.1:1"));
  EXPECT_THAT(ran.err, HasSubstr("nothing was changed"));
  EXPECT_THAT(ran.err, HasSubstr("SEMEL_ADDRESS"));
}

TEST_F(CliTest, WrongUsageIsCodeTwo) {
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"begin"},
      {"begin", "k", "--lease", "30"},
      {"begin", "k", "--lease", "-5s"},
      {"begin", "k", "--fingerprint", "a", "--fingerprint-hex", "00"},
      {"begin", "k", "--fingerprint-hex", "0"},
      {"begin", "k", "--output", "yaml"},
      {"complete", "k", "--token", "1"},
      {"complete", "k", "--token", "0", "--result", "r"},
      {"complete", "k", "--token", "1", "--result", "r", "--failure", "F"},
      {"complete", "k", "--token", "1", "--result", "r", "--message", "m"},
      {"complete", "k", "--token", "1", "--failure", "F", "--retry-after", "1s"},
      {"complete", "k", "--token", "1", "--result", "r", "--attribute", "novalue"},
      {"frobnicate", "k"},
  };
  for (const auto& arguments : wrong) {
    EXPECT_EQ(Semel(arguments).exit_code, ExitCode::kUsage) << testing::PrintToString(arguments);
  }
  unsetenv("SEMEL_NAMESPACE");
  const Ran nameless = Semel({"lookup", "k"});
  EXPECT_EQ(nameless.exit_code, ExitCode::kUsage);
  EXPECT_THAT(nameless.err, HasSubstr("--namespace"));
}

TEST_F(CliTest, HelpHasExamplesAndExitCodes) {
  for (const char* command : {"begin", "complete", "lookup"}) {
    const Ran help = Semel({command, "--help"});
    EXPECT_EQ(help.exit_code, ExitCode::kOk);
    EXPECT_THAT(help.out, HasSubstr("Examples:"));
    EXPECT_THAT(help.out, HasSubstr("Exit codes:"));
    EXPECT_THAT(help.out, HasSubstr(std::string("semel ") + command));
  }
  EXPECT_THAT(Semel({"--help"}).out, HasSubstr("A first conversation:"));
}

}  // namespace
}  // namespace semel
