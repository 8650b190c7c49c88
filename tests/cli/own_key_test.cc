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

}  // namespace
}  // namespace semel
