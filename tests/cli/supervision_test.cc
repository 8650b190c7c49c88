// While the command runs: its output, its signals, its lease.

#include "tests/cli/run_fixture.h"

namespace semel {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

// Says two pids, its own and that of a process it started, and ends neither by itself.
constexpr char kFamily[] = "sleep 1000 & echo $$; echo $!; echo ready; wait; wait";

class SupervisionTest : public RunTest {
 protected:
  struct Family {
    Started semel;
    std::string command;
    std::string grandchild;
  };

  Family StartFamily(Words options, const std::string& script = kFamily) {
    options.insert(options.end(), {"--", "sh", "-c", script});
    Family family{.semel = Start(std::move(options))};
    family.command = family.semel.Line();
    family.grandchild = family.semel.Line();
    EXPECT_EQ(family.semel.Line(), "ready") << family.semel.Err();
    return family;
  }

  static void ExpectGone(const Family& family) {
    EXPECT_TRUE(Eventually([&] { return Ended(family.command); })) << family.command;
    EXPECT_TRUE(Eventually([&] { return Ended(family.grandchild); })) << family.grandchild;
  }
};

TEST_F(SupervisionTest, OutputComesAsItIsWritten) {
  Started runner = Start({"--key", "k", "--", "sh", "-c",
                          "echo first; read x <$T/gate; printf 'no newline' >&2; read x <$T/gate; echo last"});
  EXPECT_EQ(runner.Line(), "first");  // the command is still there
  OpenGate();
  EXPECT_TRUE(Eventually([&] { return runner.Err() == "no newline"; }));
  OpenGate();
  EXPECT_EQ(runner.Line(), "last");
  EXPECT_EQ(runner.Wait(), 0);
}

TEST_F(SupervisionTest, SignalsReachTheCommand) {
  const std::vector<std::pair<int, std::string>> signals = {{SIGINT, "INT"},    {SIGTERM, "TERM"}, {SIGHUP, "HUP"},
                                                            {SIGQUIT, "QUIT"},  {SIGUSR1, "USR1"}, {SIGUSR2, "USR2"},
                                                            {SIGWINCH, "WINCH"}};
  for (const auto& [signal, name] : signals) {
    Started runner = Start({"--key", name, "--", "sh", "-c",
                            "trap 'echo trapped; exit 42' " + name + "; echo ready; while :; do sleep 0.05; done"});
    EXPECT_EQ(runner.Line(), "ready");
    runner.process->Signal(signal);
    EXPECT_EQ(runner.Line(), "trapped") << name;
    EXPECT_EQ(runner.Wait(), 42) << name;
    EXPECT_EQ(Lookup(name).state, State::kFailed) << name;
  }
}

TEST_F(SupervisionTest, TerminationReachesAllOfTheGroupAndUserSignalsTheCommandAlone) {
  Family family = StartFamily(
      {"--key", "k"}, "sleep 1000 & trap \"kill -0 $! && echo still\" USR1; echo $$; echo $!; echo ready; wait; wait");
  family.semel.process->Signal(SIGUSR1);
  EXPECT_EQ(family.semel.Line(), "still");  // the process that it started, too
  family.semel.process->Signal(SIGTERM);
  EXPECT_EQ(family.semel.Wait(), 128 + SIGTERM);
  ExpectGone(family);
  EXPECT_EQ(Lookup("k").state, State::kFailed);
}

// As under some supervisors: the kernel would then tell nobody how the command ended.
TEST_F(SupervisionTest, AnIgnoredSigchldDoesNotHideTheCommandsEnd) {
  const std::string run = "exec env --ignore-signal=CHLD $SEMEL run ";
  const Ran ran = Shell(run + "--key k -- sh -c 'exit 3'");
  EXPECT_EQ(ran.exit_code, 3) << ran.err;
  EXPECT_EQ(Lookup("k").state, State::kFailed);
  // The command starts with it ignored, as it would without semel.
  const Ran told = Shell(run + "--key told -- grep SigIgn: /proc/self/status");
  ASSERT_THAT(told.out, testing::StartsWith("SigIgn:"));
  EXPECT_NE(std::stoull(told.out.substr(7), nullptr, 16) & (uint64_t{1} << (SIGCHLD - 1)), 0u) << told.out;
}

TEST_F(SupervisionTest, StopsWithTheCommandAndGoesOnWithIt) {
  Started runner = Start({"--key", "k", "--lease", "30s", "--", "sh", "-c", "echo $$; read x <$T/gate; echo on"});
  const std::string command = runner.Line();
  runner.process->Signal(SIGTSTP);
  runner.process->AwaitStopped();
  const std::string stat = ContentOf("/proc/" + command + "/stat");
  EXPECT_EQ(stat[stat.rfind(") ") + 2], 'T') << stat;
  runner.process->Signal(SIGCONT);
  OpenGate();
  EXPECT_EQ(runner.Line(), "on");
  EXPECT_EQ(runner.Wait(), 0);
}

TEST_F(SupervisionTest, WhatTheCommandLeavesBehindDoesNotHoldItsOutcome) {
  Started runner = Start({"--key", "k", "--", "sh", "-c", "sleep 1000 & echo $!"});
  const std::string left_behind = runner.Line();
  EXPECT_EQ(runner.Wait(), 0);
  EXPECT_EQ(Lookup("k").state, State::kDone);
  EXPECT_FALSE(Ended(left_behind));
  kill(std::stoi(left_behind), SIGKILL);
}

TEST_F(SupervisionTest, ALongOutputThatNobodyReadsDoesNotHoldSignalsBack) {
  Started runner = Start({"--key", "k", "--", "sh", "-c", "echo $$; exec yes"});
  const std::string command = runner.Line();
  // More than a pipe and semel hold: the command is held back now.
  EXPECT_TRUE(Eventually([&] {
    const std::string stat = ContentOf("/proc/" + command + "/stat");
    return stat.find("(yes)") != std::string::npos && stat[stat.rfind(") ") + 2] == 'S';
  }));
  runner.process->Signal(SIGTERM);
  EXPECT_TRUE(Eventually([&] { return Ended(command); }));
  EXPECT_TRUE(Eventually([&] { return Lookup("k").state == State::kFailed; }));
}

TEST_F(SupervisionTest, AReaderThatGoesAwayDoesNotLoseTheRecord) {
  const Ran ran =
      Shell("($SEMEL run --key k -- sh -c 'read x <$T/gate; seq 100000; exit 0'; echo $? >$T/code) | (echo >$T/gate)");
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_TRUE(Eventually([&] { return File("code") == "0\n"; })) << File("code") << ran.err;
  EXPECT_THAT(Run({"--key", "k", "--", "true"}).out, EndsWith("\n100000\n"));
}

TEST_F(SupervisionTest, AFullDiskOrAClosedOutputDoesNotLoseTheRecord) {
  const Ran full = Shell("exec $SEMEL run --key full -- echo kept >/dev/full");
  EXPECT_EQ(full.exit_code, cli::kRunOutputLost);
  EXPECT_THAT(full.err, HasSubstr("cannot write standard output: No space left on device"));
  EXPECT_EQ(Run({"--key", "full", "--", "true"}).out, "kept\n");
  EXPECT_EQ(Shell("exec $SEMEL run --key full -- true >/dev/full").exit_code, cli::kRunOutputLost);

  EXPECT_EQ(Shell("exec $SEMEL run --key closed -- sh -c 'echo kept; echo too >&2' >&- 2>&- <&-").exit_code, 0);
  const Ran replay = Run({"--key", "closed", "--", "true"});
  EXPECT_EQ(replay.out, "kept\n");
  EXPECT_THAT(replay.err, EndsWith("too\n"));
}

// The server is silent for longer than the lease.
TEST_F(SupervisionTest, WithoutARenewalTheCommandIsEnded) {
  Family family = StartFamily({"--key", "k", "--lease", "3s", "--timeout", "500ms"});
  server().process().Signal(SIGSTOP);
  EXPECT_EQ(family.semel.Wait(), cli::kRunLeaseLost);
  EXPECT_THAT(family.semel.Err(), HasSubstr("the lease was lost while the command ran"));
  EXPECT_THAT(family.semel.Err(), HasSubstr("Whether another machine took over is unknown"));
  ExpectGone(family);
  server().process().Signal(SIGCONT);
}

TEST_F(SupervisionTest, WhoIgnoresSigtermIsKilledAfterTheGrace) {
  Family family = StartFamily({"--key", "k", "--lease", "3s", "--kill-after", "200ms"},
                              "trap '' TERM; sleep 1000 & echo $$; echo $!; echo ready; wait");
  EXPECT_EQ(Shell("token=$(tr '\\0' '\\n' </proc/" + family.command +
                  "/environ | sed -n 's/^SEMEL_TOKEN=//p'); "
                  "$SEMEL release k --token $token")
                .exit_code,
            0);
  EXPECT_EQ(family.semel.Wait(), cli::kRunLeaseLost);
  EXPECT_THAT(family.semel.Err(), HasSubstr("SIGKILL"));
  EXPECT_THAT(family.semel.Err(), HasSubstr("The key is free"));
  ExpectGone(family);
}

TEST_F(SupervisionTest, WhoWasStoppedForTooLongIsToldThatAnotherTookOver) {
  Family family = StartFamily({"--key", "k", "--lease", "3s"});
  family.semel.process->Signal(SIGSTOP);
  const Ran second = Run(
      {"--key", "k", "--wait", "50s", "--owner", "the next", "--", "sh", "-c", "echo $SEMEL_ATTEMPT $SEMEL_PREVIOUS"});
  EXPECT_EQ(second.out, "2 abandoned\n");
  EXPECT_THAT(second.err, HasSubstr("an earlier attempt fell silent"));
  family.semel.process->Signal(SIGCONT);
  EXPECT_EQ(family.semel.Wait(), cli::kRunLeaseLost);
  EXPECT_THAT(family.semel.Err(), HasSubstr("Another machine took over: attempt 2 of the next."));
  ExpectGone(family);
}

// Both were waiting to be noticed when semel went on: the lost lease, and the command's end.
TEST_F(SupervisionTest, AnOutcomeThatIsThereIsRecordedAlthoughTheLeaseWasLost) {
  Started runner = Start({"--key", "k", "--lease", "3s", "--", "sh", "-c", "echo $$; read x <$T/gate; echo ended"});
  const std::string command = runner.Line();
  runner.process->Signal(SIGSTOP);
  runner.process->AwaitStopped();
  OpenGate();
  EXPECT_TRUE(Eventually([&] { return Ended(command); }));
  EXPECT_TRUE(Eventually([&] { return Lookup("k").lease_remaining == Duration::zero(); }));
  runner.process->Signal(SIGCONT);
  EXPECT_EQ(runner.Wait(), 0) << runner.Err();
  EXPECT_EQ(Lookup("k").state, State::kDone);
}

TEST_F(SupervisionTest, AServerThatIsStartedAgainIsNotNoticed) {
  setenv("SEMEL_ADDRESS", proxy().address().c_str(), 1);
  Started runner = Start({"--key", "k", "--lease", "20s", "--", "sh", "-c", "echo begun; read x <$T/gate; echo ended"});
  EXPECT_EQ(runner.Line(), "begun");
  RestartServer();
  OpenGate();
  EXPECT_EQ(runner.Line(), "ended");
  EXPECT_EQ(runner.Wait(), 0) << runner.Err();
  EXPECT_THAT(runner.Err(), IsEmpty());
  EXPECT_EQ(Lookup("k").attempt, 1);
  EXPECT_EQ(Lookup("k").state, State::kDone);
}

}  // namespace
}  // namespace semel
