// Who runs the command, and what everyone else is told.

#include "tests/cli/run_fixture.h"

namespace semel {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

TEST_F(RunTest, RunsOnceAndReplaysToEveryoneElse) {
  const Words words = {
      "--namespace", "deploys", "--key", "v1.2.3", "--owner",
      "builder-1",   "--",      "sh",    "-c",     "echo ran >>$T/effects; echo to out; echo to err >&2"};
  const Ran first = Run(words);
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_EQ(first.out, "to out\n");
  EXPECT_EQ(first.err, "to err\n");

  const Ran replay = Run(words);
  EXPECT_EQ(replay.exit_code, 0);
  EXPECT_EQ(replay.out, "to out\n");
  EXPECT_THAT(replay.err, StartsWith("semel: replay of deploys/v1.2.3: exit code 0, run by builder-1, ended "));
  EXPECT_THAT(replay.err, EndsWith("Z)\nto err\n"));
  EXPECT_EQ(File("effects"), "ran\n");
}

TEST_F(RunTest, TheKeyMayStandAloneAndQuietSaysNothing) {
  EXPECT_EQ(Run({"k", "--", "echo", "x"}).out, "x\n");
  const Ran replay = Run({"k", "--quiet", "--", "echo", "y"});
  EXPECT_EQ(replay.out, "x\n");
  EXPECT_THAT(replay.err, IsEmpty());
}

TEST_F(RunTest, TheCommandIsTakenByteForByte) {
  const Words words = {"--key", "k", "--", "printf", "%s|", "[a,b]", "", "--", "--help", "-n", "run"};
  EXPECT_EQ(Run(words).out, "[a,b]||--|--help|-n|run|");
}

TEST_F(RunTest, ExitCodesAndSignalsAreKept) {
  for (const int code : {1, 2, 77, 130, 255}) {
    const std::string key = "exit-" + std::to_string(code);
    const std::string script = "echo x >>$T/" + key + "; echo why >&2; exit " + std::to_string(code);
    const Words words = {"--key", key, "--retry-after", "1h", "--", "sh", "-c", script};
    const Ran first = Run(words);
    EXPECT_EQ(first.exit_code, code);
    const Ran replay = Run(words);
    EXPECT_EQ(replay.exit_code, code);
    EXPECT_THAT(replay.err, HasSubstr("exit code " + std::to_string(code)));
    EXPECT_THAT(replay.err, HasSubstr("may run again in 59m"));
    EXPECT_THAT(replay.err, EndsWith("why\n"));
    EXPECT_EQ(File(key), "x\n");
  }
  const Words killed = {"--key", "killed", "--retry-after", "1h", "--", "sh", "-c", "echo half; kill -9 $$"};
  EXPECT_EQ(Run(killed).exit_code, 128 + SIGKILL);
  const Ran replay = Run(killed);
  EXPECT_EQ(replay.exit_code, 128 + SIGKILL);
  EXPECT_EQ(replay.out, "half\n");
  EXPECT_THAT(replay.err, HasSubstr("SIGKILL"));
}

TEST_F(RunTest, BinaryOutputIsReplayedIntact) {
  const std::string program =
      "import sys; sys.stdout.buffer.write(bytes(range(256)) * 400); sys.stderr.buffer.write(bytes(range(255, -1, "
      "-1)))";
  std::string expected;
  for (int i = 0; i < 400 * 256; ++i) expected += static_cast<char>(i % 256);
  const Words words = {"--key", "k", "--quiet", "--", "python3", "-c", program};
  const Ran first = Run(words);
  EXPECT_EQ(first.out, expected);
  const Ran replay = Run(words);
  EXPECT_EQ(replay.out, expected);
  EXPECT_EQ(replay.err, first.err);
  EXPECT_EQ(replay.err.size(), 256U);
}

TEST_F(RunTest, LongOutputIsCutInTheMiddleAndSaysSo) {
  const Words words = {"--key", "k", "--max-output", "4KiB", "--", "sh", "-c", "echo first; seq 100000; echo last"};
  const Ran first = Run(words);
  EXPECT_GT(first.out.size(), 500'000U);
  const Ran replay = Run(words);
  EXPECT_EQ(replay.exit_code, 0);
  EXPECT_THAT(replay.out, StartsWith("first\n1\n2\n"));
  EXPECT_THAT(replay.out, EndsWith("\n100000\nlast\n"));
  EXPECT_THAT(replay.out, HasSubstr("[semel: " + std::to_string(first.out.size() - 4096) + " bytes were not kept]\n"));
  EXPECT_LT(replay.out.size(), 4200U);
  EXPECT_THAT(replay.err, HasSubstr("was not kept in full"));
}

TEST_F(RunTest, AFailureKeepsWhatFitsOfItsOutput) {
  const Words words = {"--key", "k", "--retry-after", "1h", "--", "sh", "-c", "seq 100000; seq 200000 >&2; exit 9"};
  EXPECT_EQ(Run(words).exit_code, 9);
  const Ran replay = Run(words);
  EXPECT_EQ(replay.exit_code, 9);
  EXPECT_THAT(replay.out, EndsWith("\n100000\n"));
  EXPECT_THAT(replay.err, HasSubstr("\n200000\n"));
  EXPECT_GT(replay.out.size() + replay.err.size(), 15'000U);
  EXPECT_LT(replay.out.size() + replay.err.size(), 17'000U);
}

TEST_F(RunTest, WhatIsTooLargeForTheNamespaceIsRecordedWithoutItsOutput) {
  const Words words = {"--key", "k", "--max-output", "1536KiB", "--", "sh", "-c", "head -c 1300000 /dev/zero"};
  const Ran first = Run(words);
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_EQ(first.out.size(), 1'300'000U);
  EXPECT_THAT(first.err, HasSubstr("only the exit code was recorded"));
  const Ran replay = Run(words);
  EXPECT_EQ(replay.exit_code, 0);
  EXPECT_THAT(replay.out, IsEmpty());
  EXPECT_THAT(replay.err, HasSubstr("too large to be kept"));
}

TEST_F(RunTest, StandardInputIsTheCommands) {
  EXPECT_EQ(Run({"--key", "k", "--", "cat"}, "from a pipe").out, "from a pipe\n");
}

TEST_F(RunTest, AFailedCommandMayRunAgainUnlessItsCodeIsFinal) {
  const Words words = {"--key", "k", "--", "sh", "-c", "echo $SEMEL_ATTEMPT $SEMEL_PREVIOUS; exit 3"};
  EXPECT_EQ(Run(words).out, "1 none\n");
  EXPECT_EQ(Run(words).out, "2 failed\n");

  const Words final = {"--key",      "final",   "--fingerprint-command",
                       "--final-on", "3,64-78", "--",
                       "sh",         "-c",      "echo x >>$T/final; echo never again >&2; exit 70"};
  EXPECT_EQ(Run(final).exit_code, 70);
  const Ran replay = Run(final);
  EXPECT_EQ(replay.exit_code, 70);
  EXPECT_THAT(replay.err, HasSubstr("it is final"));
  EXPECT_THAT(replay.err, EndsWith("never again\n"));
  EXPECT_EQ(File("final"), "x\n");
}

TEST_F(RunTest, ASuccessAfterAFailureIsReplayed) {
  const Words words = {"--key", "k", "--", "sh", "-c", "test -e $T/mended && echo good"};
  EXPECT_EQ(Run(words).exit_code, 1);
  std::ofstream(directory() + "/mended") << "";
  EXPECT_EQ(Run(words).out, "good\n");
  std::filesystem::remove(directory() + "/mended");
  EXPECT_EQ(Run(words).out, "good\n");
}

TEST_F(RunTest, WhoDoesNotWaitIsToldThatItIsInProgress) {
  Started runner = Start({"--key", "k", "--owner", "the runner", "--", "sh", "-c", "echo begun; read x <$T/gate"});
  EXPECT_EQ(runner.Line(), "begun");
  const Ran other = Run({"--key", "k", "--", "echo", "never"});
  EXPECT_EQ(other.exit_code, cli::kRunInProgress);
  EXPECT_THAT(other.err, HasSubstr("attempt 1 of the runner"));
  EXPECT_THAT(other.out, IsEmpty());
  const Ran impatient = Run({"--key", "k", "--wait", "50ms", "--", "echo", "never"});
  EXPECT_EQ(impatient.exit_code, cli::kRunInProgress);
  for (const std::string said :
       {"shop/k is still in progress, and the wait of 50ms is over: attempt 1 of the runner has it, begun ",
        "of its lease left", "Nothing was run here", "--wait DURATION", "semel lookup k --namespace shop"}) {
    EXPECT_THAT(impatient.err, HasSubstr(said));
  }
  OpenGate();
  EXPECT_EQ(runner.Wait(), 0);
}

TEST_F(RunTest, WhoWaitsGetsTheOutcome) {
  Started runner = Start({"--key", "k", "--", "sh", "-c", "echo begun; read x <$T/gate; echo ended"});
  EXPECT_EQ(runner.Line(), "begun");
  Started waiter = Start({"--key", "k", "--wait", "1m", "--", "echo", "never"});
  EXPECT_TRUE(AwaitWaiters(1));
  OpenGate();
  EXPECT_EQ(waiter.Line(), "begun");
  EXPECT_EQ(waiter.Line(), "ended");
  EXPECT_EQ(waiter.Wait(), 0);
  EXPECT_THAT(waiter.Err(), HasSubstr("semel: replay of shop/k"));
}

TEST_F(RunTest, ASignalEndsAWaitAndLeavesTheOwnerAlone) {
  Started runner = Start({"--key", "k", "--", "sh", "-c", "echo begun; read x <$T/gate"});
  EXPECT_EQ(runner.Line(), "begun");
  Started waiter = Start({"--key", "k", "--wait", "1h", "--", "echo", "never"});
  // Waits in the server once it is connected; a signal before that ends it too.
  waiter.process->Signal(SIGTERM);
  EXPECT_EQ(waiter.Wait(), 128 + SIGTERM);
  EXPECT_EQ(Lookup("k").attempt, 1);
  OpenGate();
  EXPECT_EQ(runner.Wait(), 0);
}

TEST_F(RunTest, AnotherInputIsRefused) {
  std::ofstream(directory() + "/input") << "one";
  setenv("REGION", "eu", 1);
  const Words words = {"--key", "k",  "--fingerprint-file", directory() + "/input", "--fingerprint-env", "REGION", "--",
                       "echo",  "ran"};
  EXPECT_EQ(Run(words).exit_code, 0);
  EXPECT_EQ(Run(words).exit_code, 0);
  setenv("REGION", "us", 1);
  const Ran other_region = Run(words);
  EXPECT_EQ(other_region.exit_code, cli::kRunMismatch);
  EXPECT_THAT(other_region.err, HasSubstr("FINGERPRINT_MISMATCH"));
  EXPECT_THAT(other_region.out, IsEmpty());
  setenv("REGION", "eu", 1);
  std::ofstream(directory() + "/input") << "two";
  EXPECT_EQ(Run(words).exit_code, cli::kRunMismatch);
  unsetenv("REGION");
  std::filesystem::remove(directory() + "/input");
  const Ran unreadable = Run(words);
  EXPECT_EQ(unreadable.exit_code, cli::kRunUsage);
  EXPECT_THAT(unreadable.err, HasSubstr("No such file"));
}

TEST_F(RunTest, TheFingerprintIsWhatThePageForAuthorsSays) {
  std::ofstream(directory() + "/input") << "content";
  setenv("REGION", "eu", 1);
  unsetenv("NOWHERE");
  Run({"--key", "k", "--fingerprint-file", directory() + "/input", "--fingerprint-env", "REGION", "--fingerprint-env",
       "NOWHERE", "--fingerprint-command", "--", "echo", "ran"});
  const Ran computed = Shell(
      "digest() { printf '%s %s\\n' \"$(printf %s \"$1\" | wc -c)\" \"$(printf %s \"$1\" | sha256sum | cut -d' ' "
      "-f1)\"; }; "
      "{ echo 'semel run fingerprint v1'; echo \"file $(digest content)\"; echo \"env REGION $(digest eu)\"; "
      "echo 'unset NOWHERE'; echo \"argument $(digest echo)\"; echo \"argument $(digest ran)\"; } | sha256sum");
  std::string stored;
  for (const char c : Lookup("k").fingerprint) {
    char digits[3];
    std::snprintf(digits, sizeof(digits), "%02x", static_cast<unsigned char>(c));
    stored += digits;
  }
  EXPECT_THAT(computed.out, StartsWith(stored));
  EXPECT_EQ(stored.size(), 64U);
}

TEST_F(RunTest, ExpiredIsNotRunAgain) {
  EXPECT_EQ(Run({"--key", "k", "--retention", "1ms", "--", "echo", "ran"}).exit_code, 0);
  Ran later = Run({"--key", "k", "--", "echo", "never"});
  while (later.exit_code == 0 && later.out == "ran\n") later = Run({"--key", "k", "--", "echo", "never"});
  EXPECT_EQ(later.exit_code, cli::kRunExpired);
  EXPECT_THAT(later.out, IsEmpty());
}

TEST_F(RunTest, WhatOthersRecordedCountsToo) {
  const auto client = Direct();
  const Acquired done = Acquire(*client, "done");
  ASSERT_TRUE(client->Complete({.key = "done", .token = done.token, .outcome = Result{.payload = "by hand\n"}}).ok());
  const Ran replay = Run({"--key", "done", "--", "echo", "never"});
  EXPECT_EQ(replay.exit_code, 0);
  EXPECT_EQ(replay.out, "by hand\n");
  EXPECT_THAT(replay.err, HasSubstr("not recorded by semel run"));

  const Acquired failed = Acquire(*client, "failed");
  ASSERT_TRUE(
      client->Complete({.key = "failed", .token = failed.token, .outcome = Failure{.reason = "NO_STOCK"}}).ok());
  const Ran failure = Run({"--key", "failed", "--", "echo", "never"});
  EXPECT_EQ(failure.exit_code, cli::kRunFailedElsewhere);
  EXPECT_THAT(failure.err, HasSubstr("NO_STOCK"));
}

TEST_F(RunTest, WhatCannotBeStartedGivesTheKeyBack) {
  const Ran missing = Run({"--key", "k", "--", "/nonexistent/program"});
  EXPECT_EQ(missing.exit_code, cli::kRunNotFound);
  EXPECT_THAT(missing.err, HasSubstr("No such file or directory"));
  EXPECT_THAT(missing.err, HasSubstr("the key is free again"));
  EXPECT_EQ(Run({"--key", "k", "--", directory()}).exit_code, cli::kRunCannotExecute);
  EXPECT_EQ(Run({"--key", "k", "--", "sh", "-c", "echo $SEMEL_PREVIOUS"}).out, "released\n");
}

TEST_F(RunTest, WithoutAServerTheCommandIsNotStarted) {
  const Ran ran =
      Run({"--key", "k", "--address", "127.0.0.1:1", "--timeout", "100ms", "--", "touch", directory() + "/x"});
  EXPECT_EQ(ran.exit_code, cli::kRunUnavailable);
  EXPECT_THAT(ran.err, HasSubstr("the command was not started"));
  EXPECT_FALSE(std::filesystem::exists(directory() + "/x"));
}

TEST_F(RunTest, WrongUsageIsCode200) {
  const std::vector<Words> wrong = {
      {"--key", "k"},
      {"--", "true"},
      {"--key", "k", "true"},
      {"--key", "k", "--lease", "30", "--", "true"},
      {"--key", "k", "--final-on", "0", "--", "true"},
      {"--key", "k", "--final-on", "9-2", "--", "true"},
      {"--key", "k", "--effects-began-after", "soon", "--", "true"},
      {"--key", "k", "--max-output", "1GiB", "--", "true"},
      {"--key", "k", "--fingerprint-env", "A B", "--", "true"},
      {"--key", "space ", "--", "true"},
      {"--key", "k", "--namespace", "Shop", "--", "true"},
  };
  for (const Words& words : wrong) {
    EXPECT_EQ(Run(words).exit_code, cli::kRunUsage) << testing::PrintToString(words);
  }
  unsetenv("SEMEL_NAMESPACE");
  EXPECT_EQ(Run({"--key", "k", "--", "true"}).exit_code, cli::kRunUsage);
  EXPECT_EQ(Run({"--help"}).exit_code, 0);
}

TEST_F(RunTest, HelpHasExamplesAndEveryExitCode) {
  const std::string help = Run({"--help"}).out;
  for (const char* text :
       {"Examples:", "semel run --namespace deploys", "SEMEL_CHECKPOINT_FILE", "--effects-began-after"}) {
    EXPECT_THAT(help, HasSubstr(text));
  }
  for (int code = cli::kRunUsage; code <= cli::kRunError; ++code) {
    EXPECT_THAT(help, HasSubstr("\n  " + std::to_string(code) + "  "));
  }
  EXPECT_THAT(help, Not(HasSubstr("--output")));
}

}  // namespace
}  // namespace semel
