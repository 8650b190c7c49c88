// A command that does something to the very key it is run under.

#include "tests/cli/run_fixture.h"

namespace semel {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// What was taken away cannot be recorded any more: nobody is told to try.
TEST_F(RunTest, WhoGivesItsOwnKeyAwayIsToldSo) {
  const Ran released = Run({"--key", "released", "--", "sh", "-c", "$SEMEL release >/dev/null"});
  EXPECT_EQ(released.exit_code, cli::kRunNotRecorded);
  EXPECT_THAT(released.err, AllOf(HasSubstr("is not recorded"), HasSubstr("The key was released or deleted while"),
                                  Not(HasSubstr("semel complete"))));

  const Ran taken =
      Run({"--key", "taken", "--", "sh", "-c", "$SEMEL release >/dev/null; $SEMEL run --key taken -- true"});
  EXPECT_EQ(taken.exit_code, cli::kRunNotRecorded);
  EXPECT_THAT(taken.err, AllOf(HasSubstr("Another machine took over"), Not(HasSubstr("semel complete"))));
}

TEST_F(RunTest, WhoCompletesItsOwnKeyIsToldThatThisStands) {
  const Words words = {
      "--key", "k",  "--",
      "sh",    "-c", "echo x >>$T/effects; $SEMEL complete $SEMEL_KEY --token $SEMEL_TOKEN --result mine >/dev/null"};
  const Ran ran = Run(words);
  EXPECT_EQ(ran.exit_code, cli::kRunNotRecorded);
  EXPECT_THAT(ran.err,
              AllOf(HasSubstr("was completed or resolved while the command ran"), Not(HasSubstr("To record"))));
  const Ran replay = Run(words);
  EXPECT_EQ(replay.exit_code, 0);
  EXPECT_EQ(replay.out, "mine");
  EXPECT_EQ(File("effects"), "x\n");
}

// The one outside waits for the one inside: it must not wait for the one outside.
TEST_F(RunTest, WhoAsksForItsOwnKeyIsToldSoAtOnce) {
  for (const std::string wait : {"", " --wait 60s", " --quiet --wait 60s"}) {
    const Ran ran =
        Run({"--key", "k", "--", "sh", "-c", "$SEMEL run --key k" + wait + " -- sh -c 'echo x >>$T/effects'"});
    EXPECT_EQ(ran.exit_code, cli::kRunInProgress) << wait;
    EXPECT_THAT(ran.err,
                AllOf(HasSubstr("shop/k is in progress, and this is part of the command that it runs (attempt"),
                      HasSubstr("use another key"), Not(HasSubstr("the wait of"))))
        << wait;
  }
  EXPECT_EQ(File("effects"), "");
}

// Another namespace's key is another key.
TEST_F(RunTest, WhoAsksForAnotherKeyIsRun) {
  const Ran ran =
      Run({"--key", "k", "--", "sh", "-c",
           "$SEMEL run --key k2 --wait 60s -- echo other && $SEMEL run -n bank --key k --wait 60s -- echo far"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.out, "other\nfar\n");
}

// What the command left behind in the environment of others outlives its attempt.
TEST_F(RunTest, WhoWasStartedByAnEarlierAttemptWaitsForTheNext) {
  Started holder = Start({"--key", "k", "--", "sh", "-c", "echo up; read x <$T/gate; echo told"});
  EXPECT_EQ(holder.Line(), "up");
  // A later attempt; or one that has the same number since the key was released, but whose file is gone.
  const std::string a_file = directory() + "/gate";
  const std::string no_file = directory() + "/gone";
  std::vector<Started> others;
  for (const auto& [attempt, file] : {std::pair("7", a_file), std::pair("1", no_file)}) {
    setenv("SEMEL_KEY", "k", 1);
    setenv("SEMEL_ATTEMPT", attempt, 1);
    setenv("SEMEL_CHECKPOINT_FILE", file.c_str(), 1);
    others.push_back(Start({"--key", "k", "--wait", "60s", "--", "echo", "again"}));
    unsetenv("SEMEL_KEY");
    unsetenv("SEMEL_ATTEMPT");
    unsetenv("SEMEL_CHECKPOINT_FILE");
  }
  EXPECT_TRUE(AwaitWaiters(2));
  OpenGate();
  for (Started& other : others) {
    EXPECT_EQ(other.Line(), "up");
    EXPECT_EQ(other.Line(), "told");
    EXPECT_EQ(other.Wait(), 0) << other.Err();
  }
  EXPECT_EQ(holder.Wait(), 0);
}

}  // namespace
}  // namespace semel
