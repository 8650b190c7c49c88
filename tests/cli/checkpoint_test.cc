// What works from inside of a command: semel checkpoint, renew and release.

#include <nlohmann/json.hpp>

#include "tests/cli/run_fixture.h"

namespace semel {
namespace {

using nlohmann::json;
using testing::HasSubstr;

TEST_F(RunTest, ACheckpointReachesTheNextAttempt) {
  const std::string script =
      "stat -c %a $SEMEL_CHECKPOINT_FILE $(dirname $SEMEL_CHECKPOINT_FILE); cat $SEMEL_CHECKPOINT_FILE; "
      "$SEMEL checkpoint -o json 'row 5000' >&2; exit 1";
  const Ran first = Run({"--key", "k", "--", "sh", "-c", script});
  EXPECT_EQ(first.out, "600\n700\n");
  EXPECT_EQ(json::parse(first.err).at("size"), 8);
  const Ran second = Run({"--key", "k", "--effects-began-after", "0s", "--", "sh", "-c", script});
  EXPECT_EQ(second.out, "600\n700\nrow 5000");
  EXPECT_EQ(Lookup("k").checkpoint, "row 5000");
}

TEST_F(RunTest, ACheckpointMayComeFromAFileOrAPipe) {
  EXPECT_EQ(
      Run({"--key", "k", "--", "sh", "-c", "printf 'a\\000b' | $SEMEL checkpoint --data-file - >&2; exit 1"}).exit_code,
      1);
  EXPECT_EQ(Lookup("k").checkpoint, std::string("a\0b", 3));
  std::ofstream(directory() + "/state.json") << "[1,2]";
  Run({"--key", "k", "--", "sh", "-c", "$SEMEL checkpoint --data-file $T/state.json; exit 1"});
  EXPECT_EQ(Lookup("k").checkpoint, "[1,2]");
  Run({"--key", "k", "--", "sh", "-c", "$SEMEL checkpoint '[3,4]'; exit 1"});
  EXPECT_EQ(Lookup("k").checkpoint, "[3,4]");
  const Ran large = Run({"--key", "k", "--", "sh", "-c", "head -c 70000 /dev/zero | $SEMEL checkpoint --data-file -"});
  EXPECT_EQ(large.exit_code, 2);
  EXPECT_THAT(large.err, HasSubstr("FIELD_INVALID"));
}

TEST_F(RunTest, DeclaringEffectsKeepsWhatWasSaved) {
  const Ran ran = Run({"--key", "k", "--", "sh", "-c",
                       "$SEMEL checkpoint 'order 88' && $SEMEL checkpoint --effects-began && echo go; exit 1"});
  EXPECT_THAT(ran.out, HasSubstr("effects began:   yes"));
  EXPECT_THAT(ran.out, HasSubstr("go\n"));
  EXPECT_EQ(Lookup("k").checkpoint, "order 88");
}

// The mark comes while the command saves its own checkpoints without a pause: none of them may be undone.
TEST_F(RunTest, EffectsThatBeginLaterKeepWhatTheCommandSavedMeanwhile) {
  const std::string script =
      "i=0; while ! $SEMEL lookup $SEMEL_KEY -o json | grep -q effects_began; do "
      "i=$((i+1)); $SEMEL checkpoint \"row $i\" >$T/said || exit 9; done; "
      "echo $i >$T/rows; echo marked; read x <$T/gate";
  Started runner = Start({"--key", "k", "--effects-began-after", "200ms", "--", "sh", "-c", script});
  EXPECT_EQ(runner.Line(), "marked") << runner.Err();
  const Record record = Lookup("k");
  EXPECT_TRUE(record.effects_began);
  const std::string rows = File("rows");
  EXPECT_EQ(record.checkpoint, rows == "0\n" ? "" : "row " + rows.substr(0, rows.size() - 1));
  OpenGate();
  EXPECT_EQ(runner.Wait(), 0);
}

TEST_F(RunTest, RenewTellsWhetherTheLeaseHolds) {
  const Ran ran =
      Run({"--key", "k", "--lease", "7s", "--", "sh", "-c", "$SEMEL renew; $SEMEL renew --lease 9s -o json"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("renewed\n  lease: 7s\n"));
  EXPECT_THAT(ran.out, HasSubstr("\"lease_seconds\":9.0"));
  const Ran stale = Shell("$SEMEL renew k --token 5");
  EXPECT_NE(stale.exit_code, 0);
}

TEST_F(RunTest, ReleaseLetsTheNextTryAndEndsTheCommand) {
  Started runner = Start({"--key", "k", "--lease", "3s", "--", "sh", "-c", "$SEMEL release; sleep 1000"});
  EXPECT_EQ(runner.Line(), "released");
  EXPECT_EQ(Run({"--key", "k", "--", "sh", "-c", "echo $SEMEL_PREVIOUS"}).out, "released\n");
  EXPECT_EQ(runner.Wait(), cli::kRunLeaseLost);
}

TEST_F(RunTest, WithoutAnEnvironmentTheOptionsSay) {
  const auto client = Direct();
  const Acquired acquired = Acquire(*client, "k");
  const std::string token = std::to_string(acquired.token);
  EXPECT_EQ(Shell("$SEMEL checkpoint --key k --token " + token + " here").exit_code, 0);
  EXPECT_EQ(Lookup("k").checkpoint, "here");
  EXPECT_EQ(Shell("$SEMEL renew k --token " + token).exit_code, 0);
  EXPECT_EQ(Shell("$SEMEL release --key k --token " + token).exit_code, 0);
  for (const char* wrong :
       {"checkpoint here", "checkpoint --key k --token 5", "renew", "release k", "renew k --token 0",
        "checkpoint x --data-file y --key k --token 5", "checkpoint --data-file /nonexistent --key k --token 5"}) {
    EXPECT_EQ(Shell(std::string("$SEMEL ") + wrong).exit_code, 2) << wrong;
  }
}

TEST_F(RunTest, TheOwnersCommandsHaveHelp) {
  for (const char* command : {"checkpoint", "renew", "release"}) {
    const Ran help = Shell(std::string("$SEMEL ") + command + " --help");
    EXPECT_EQ(help.exit_code, 0);
    for (const std::string text : {"Examples", "Exit codes:", "SEMEL_TOKEN", "semel "}) {
      EXPECT_THAT(help.out, HasSubstr(text)) << command;
    }
  }
}

}  // namespace
}  // namespace semel
