// kill -9 at every stage of a run, and what the next one is told.

#include "tests/cli/run_fixture.h"

namespace semel {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

constexpr char kTellAttempt[] = "echo $SEMEL_ATTEMPT $SEMEL_PREVIOUS";

class KilledTest : public RunTest {
 protected:
  // What another machine, whose way to the server is sound, gets to hear.
  Ran RunElsewhere(Words words = {"sh", "-c", kTellAttempt}) {
    words.insert(words.begin(), {"--address", server().address(), "--key", "k", "--wait", "50s", "--"});
    return Run(std::move(words));
  }

  Started StartThroughProxy(Words options, const std::string& script) {
    options.insert(options.begin(), {"--address", proxy().address(), "--key", "k"});
    options.insert(options.end(), {"--", "sh", "-c", "echo x >>$T/effects; " + script});
    return Start(std::move(options));
  }
};

TEST_F(KilledTest, BeforeBegin) {
  proxy().CutOff();
  const Started runner = StartThroughProxy({}, "true");
  runner.process->Kill();
  EXPECT_EQ(RunElsewhere().out, "1 none\n");
  EXPECT_EQ(File("effects"), "");
}

TEST_F(KilledTest, BeforeItHearsThatItOwnsTheKey) {
  proxy().LoseReplies(1'000'000);  // all of them
  const Started runner = StartThroughProxy({"--lease", "1s"}, "true");
  EXPECT_TRUE(Eventually([&] {
    const auto record = Direct()->Lookup("k");
    return record.ok() && record->has_value();
  }));
  runner.process->Kill();
  EXPECT_EQ(RunElsewhere().out, "2 abandoned\n");
  EXPECT_EQ(File("effects"), "");
}

TEST_F(KilledTest, WhileTheCommandRuns) {
  Started runner =
      StartThroughProxy({"--lease", "2s"}, "sleep 1000 & echo $$; echo $!; echo $SEMEL_CHECKPOINT_FILE; wait");
  const std::string command = runner.Line();
  const std::string grandchild = runner.Line();
  const std::string checkpoint_file = runner.Line();
  EXPECT_TRUE(std::filesystem::exists(checkpoint_file));
  runner.process->Kill();
  EXPECT_TRUE(Eventually([&] { return Ended(command) && Ended(grandchild); }));
  EXPECT_TRUE(
      Eventually([&] { return !std::filesystem::exists(std::filesystem::path(checkpoint_file).parent_path()); }));
  EXPECT_EQ(RunElsewhere().out, "2 abandoned\n");
}

TEST_F(KilledTest, WhileTheCommandRunsAndIgnoresSigterm) {
  Started runner = StartThroughProxy({"--kill-after", "200ms"}, "trap '' TERM; sleep 1000 & echo $$; echo $!; wait");
  const std::string command = runner.Line();
  const std::string grandchild = runner.Line();
  runner.process->Kill();
  EXPECT_TRUE(Eventually([&] { return Ended(command) && Ended(grandchild); }));
}

TEST_F(KilledTest, AfterItsEffectsBegan) {
  Started runner = StartThroughProxy({"--lease", "2s", "--effects-began-after", "0s"}, "echo begun; sleep 1000");
  EXPECT_EQ(runner.Line(), "begun");
  EXPECT_TRUE(Lookup("k").effects_began);  // before the command was started
  runner.process->Kill();
  const Ran next = RunElsewhere();
  EXPECT_EQ(next.exit_code, cli::kRunInDoubt);
  EXPECT_THAT(next.err, HasSubstr("shop/k is in doubt"));
  EXPECT_EQ(File("effects"), "x\n");
}

TEST_F(KilledTest, AfterTheCommandDeclaredItsEffects) {
  Started runner =
      StartThroughProxy({"--lease", "2s"}, "$SEMEL checkpoint --effects-began >$T/said && echo begun; sleep 1000");
  EXPECT_EQ(runner.Line(), "begun");
  runner.process->Kill();
  EXPECT_EQ(RunElsewhere().exit_code, cli::kRunInDoubt);
}

TEST_F(KilledTest, BeforeItsOutcomeArrives) {
  Started runner = StartThroughProxy({"--lease", "2s"}, "echo $$; read x <$T/gate");
  const std::string command = runner.Line();
  proxy().CutOff();
  OpenGate();
  EXPECT_TRUE(Eventually([&] { return Ended(command); }));
  runner.process->Kill();
  EXPECT_EQ(RunElsewhere().out, "2 abandoned\n");
}

TEST_F(KilledTest, AfterItsOutcomeArrivedButNotTheAnswer) {
  Started runner = StartThroughProxy({}, "echo begun; read x <$T/gate; echo ended");
  EXPECT_EQ(runner.Line(), "begun");
  proxy().Swallow();
  OpenGate();
  EXPECT_TRUE(Eventually([&] { return Lookup("k").state == State::kDone; }));
  runner.process->Kill();
  const Ran next = RunElsewhere();
  EXPECT_EQ(next.exit_code, 0);
  EXPECT_EQ(next.out, "begun\nended\n");
  EXPECT_EQ(File("effects"), "x\n");
}

// Not killed, but with the same in view: every reply is lost once.
TEST_F(KilledTest, LostRepliesAreHarmless) {
  proxy().LoseReplies(1);
  Started runner = StartThroughProxy({"--effects-began-after", "0s"}, "echo begun; read x <$T/gate");
  EXPECT_EQ(runner.Line(), "begun");
  proxy().LoseReplies(1);
  OpenGate();
  EXPECT_EQ(runner.Wait(), 0) << runner.Err();
  EXPECT_EQ(proxy().replies_lost(), 2);
  EXPECT_EQ(File("effects"), "x\n");
  EXPECT_EQ(Lookup("k").attempt, 1);
}

TEST_F(KilledTest, AnOutcomeThatCannotBeRecordedIsToldTruthfully) {
  Started runner = StartThroughProxy({"--complete-timeout", "300ms"}, "echo begun; read x <$T/gate; exit 7");
  EXPECT_EQ(runner.Line(), "begun");
  proxy().CutOff();
  OpenGate();
  EXPECT_EQ(runner.Wait(), cli::kRunNotRecorded);
  EXPECT_THAT(runner.Err(),
              HasSubstr("the command ran to its end (exit code 7), but that is not known to be recorded"));
  EXPECT_THAT(runner.Err(), HasSubstr("its output is not recorded by this"));
  // What it says to do works.
  const std::string err = runner.Err();
  const size_t advice = err.find("semel complete ");
  ASSERT_NE(advice, std::string::npos) << err;
  const Ran completed = Shell("$SEMEL " + err.substr(advice + 6));
  EXPECT_EQ(completed.exit_code, 0) << completed.err;
  EXPECT_EQ(Lookup("k").state, State::kFailed);
}

TEST_F(KilledTest, ASignalAfterEffectsBeganLeavesTheKeyInDoubt) {
  Started runner = StartThroughProxy({"--lease", "2s", "--effects-began-after", "0s"}, "echo begun; sleep 1000");
  EXPECT_EQ(runner.Line(), "begun");
  runner.process->Signal(SIGTERM);
  EXPECT_EQ(runner.Wait(), cli::kRunInDoubt);
  EXPECT_THAT(runner.Err(), HasSubstr("SIGTERM ended the command after its effects had begun"));
  EXPECT_EQ(RunElsewhere().exit_code, cli::kRunInDoubt);
}

// Nobody answers whether effects began: that is no "no".
TEST_F(KilledTest, ASignalWhileTheServerIsAwayIsNoRetryableFailure) {
  for (const bool by_itself : {true, false}) {
    const std::string key = by_itself ? "by itself" : "k";
    Words words = {"--address", proxy().address(), "--lease", "60s", "--timeout", "2s", "--key", key};
    if (!by_itself) words.insert(words.end(), {"--effects-began-after", "0s"});
    words.insert(words.end(), {"--", "sh", "-c",
                               by_itself ? "$SEMEL checkpoint --effects-began >$T/said && echo begun; exec sleep 1000"
                                         : "echo begun; exec sleep 1000"});
    Started runner = Start(std::move(words));
    ASSERT_EQ(runner.Line(), "begun") << runner.Err();
    proxy().CutOff();
    runner.process->Signal(SIGTERM);
    EXPECT_EQ(runner.Wait(), cli::kRunInDoubt) << runner.Err();
    EXPECT_THAT(runner.Err(), HasSubstr(by_itself ? "did not say whether its effects had begun"
                                                  : "ended the command after its effects had begun"));
    proxy().Restore();
    EXPECT_EQ(Lookup(key).state, State::kInProgress);  // left to lapse
    EXPECT_TRUE(Lookup(key).effects_began);
  }
}

// A shell whose program a signal ended says so with its exit code.
TEST_F(KilledTest, AShellWhoseProgramWasKilledAfterEffectsBeganLeavesTheKeyInDoubt) {
  const Words command = {"--", "sh", "-c", "sh -c 'kill -9 $$'; exit $?"};
  const auto run = [&](Words options) {
    options.insert(options.end(), command.begin(), command.end());
    return Run(std::move(options));
  };
  const Ran began = run({"--key", "began", "--effects-began-after", "0s"});
  EXPECT_EQ(began.exit_code, cli::kRunInDoubt);
  EXPECT_THAT(began.err, HasSubstr("exit code 137 (as a shell tells SIGKILL) ended the command after its effects"));
  EXPECT_EQ(Lookup("began").state, State::kInProgress);

  EXPECT_EQ(run({"--key", "final", "--effects-began-after", "0s", "--final-on", "137"}).exit_code, 137);
  EXPECT_EQ(Lookup("final").state, State::kFailed);
  EXPECT_EQ(run({"--key", "never"}).exit_code, 137);
  EXPECT_EQ(Lookup("never").state, State::kFailed);
}

TEST_F(KilledTest, WithoutTheServersWordNothingBegins) {
  proxy().LoseReplies(0);
  Started first = StartThroughProxy({"--effects-began-after", "0s", "--timeout", "300ms"}, "true");
  EXPECT_EQ(first.Wait(), 0);
  proxy().CutOff();
  Started runner = Start({"--address", proxy().address(), "--key", "other", "--effects-began-after", "0s", "--timeout",
                          "300ms", "--", "touch", directory() + "/touched"});
  EXPECT_EQ(runner.Wait(), cli::kRunUnavailable);
  EXPECT_FALSE(std::filesystem::exists(directory() + "/touched"));
}

}  // namespace
}  // namespace semel
