// What the command line says of itself, held against what it does: examples, completion.

#include <stdlib.h>

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/cli/bytes_text.h"
#include "client/cli/command_line.h"
#include "client/cli/completion.h"
#include "client/cli/outline.h"
#include "tests/client/cli_fixture.h"

namespace semel::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

CommandOutline Outline() { return OutlineOf(CommandLine().app); }

// Parses as the program does, and runs nothing. What is wrong; empty where all is well.
std::string Parse(std::vector<std::string> words) {
  for (std::string& word : words) {
    // What the reader puts in: all of them are numbers.
    if (word == "TOKEN" || word.starts_with("$")) word = "1";
  }
  CommandLine line;
  // After everything was checked, instead of running the command. Its own callback stays: it keeps what the options write to.
  line.app.parse_complete_callback([] { throw CLI::Success(); });
  try {
    line.Parse(std::move(words));
  } catch (const CLI::Success&) {
    return "";
  } catch (const CLI::ParseError& error) {
    return error.what();
  }
  return "";
}

TEST(CliHelpTest, ExamplesAreFoundAsAShellWouldReadThem) {
  EXPECT_THAT(
      ExamplesIn("Examples:\n"
                 "  semel begin a -n shop   # comment\n"
                 "  semel complete 'a b' \\\n"
                 "      --result \"it's\" | cat\n"
                 "  if t=$(semel lookup k -o json); then\n"
                 "  semel run day/$(date +%F) -- ./daily; echo\n"
                 "semel COMMAND --help\n"),
      ElementsAre(ElementsAre("begin", "a", "-n", "shop"), ElementsAre("complete", "a b", "--result", "it's"),
                  ElementsAre("lookup", "k", "-o", "json"), ElementsAre("run", "day/$(date +%F)", "--", "./daily")));
}

TEST(CliHelpTest, EveryCommandHasExamplesThatParse) {
  // What a command inside of `semel run` finds: some examples are for there.
  setenv("SEMEL_KEY", "k", 1);
  setenv("SEMEL_TOKEN", "1", 1);
  const CommandOutline semel = Outline();
  ASSERT_GE(semel.commands.size(), 12u);
  for (const auto& example : ExamplesIn(semel.footer)) EXPECT_EQ(Parse(example), "") << testing::PrintToString(example);
  for (const CommandOutline& command : semel.commands) {
    const auto examples = ExamplesIn(command.footer);
    EXPECT_THAT(examples, Contains(Contains(command.name))) << command.name << " has no example";
    for (const auto& example : examples) EXPECT_EQ(Parse(example), "") << testing::PrintToString(example);
  }
  EXPECT_NE(Parse({"begin", "k", "--leese", "1s"}), "");  // so that this test can fail
  unsetenv("SEMEL_KEY");
  unsetenv("SEMEL_TOKEN");
}

TEST(CliHelpTest, EveryCommandAndOptionIsExplainedAndGrouped) {
  for (const CommandOutline& command : Outline().commands) {
    EXPECT_FALSE(command.about.empty()) << command.name;
    EXPECT_NE(command.group, CLI::App().get_group()) << command.name;
    for (const OptionOutline& option : command.options) {
      EXPECT_FALSE(option.about.empty()) << command.name << " " << testing::PrintToString(option.names);
    }
  }
}

TEST(OutlineTest, KnowsWhatAnOptionTakes) {
  const CommandOutline semel = Outline();
  const auto list =
      std::find_if(semel.commands.begin(), semel.commands.end(), [](const auto& c) { return c.name == "list"; });
  ASSERT_NE(list, semel.commands.end());
  const auto option = [&](const std::string& name) {
    return *std::find_if(list->options.begin(), list->options.end(), [&](const auto& o) {
      return std::find(o.names.begin(), o.names.end(), name) != o.names.end();
    });
  };
  EXPECT_THAT(option("--state").choices, IsSupersetOf({"in_progress", "in_doubt", "done", "failed", "expired"}));
  EXPECT_EQ(option("--state").value, "STATE");
  EXPECT_EQ(option("--all-namespaces").value, "");
  EXPECT_THAT(option("--namespace").names, ElementsAre("-n", "--namespace"));
}

class CompletionTest : public CliTest {
 protected:
  std::string ScriptFor(const std::string& shell) {
    const std::string path = directory() + "/completion." + shell;
    const Ran ran = Semel({"completion", shell});
    EXPECT_EQ(ran.exit_code, ExitCode::kOk);
    std::ofstream(path) << ran.out;
    return path;
  }

  static std::vector<std::string> OutputOf(const std::vector<std::string>& command, int* exit_code = nullptr) {
    const auto process = demo::ChildProcess::Start(command).value();
    process->CloseInput();
    std::vector<std::string> lines;
    while (const auto line = process->ReadLine(Patience())) lines.push_back(*line);
    const int code = process->Wait();
    if (exit_code != nullptr) *exit_code = code;
    return lines;
  }

  // What a real bash offers for the last of `words`.
  std::vector<std::string> InBash(const std::vector<std::string>& words) {
    std::string array;
    for (const std::string& word : words) array += " " + ShellQuoted(word);
    return OutputOf({"/bin/bash", "--norc", "-c",
                     "cd '" + directory() + "' && source '" + ScriptFor("bash") + "' && COMP_WORDS=(" + array +
                         ") && COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) && _semel && printf '%s\\n' \"${COMPREPLY[@]}\""});
  }
};

TEST_F(CompletionTest, BashCompletesCommandsOptionsValuesAndFiles) {
  EXPECT_THAT(InBash({"semel", ""}), IsSupersetOf({"begin", "list", "resolve", "stats", "verify"}));
  EXPECT_THAT(InBash({"semel", "resol"}), ElementsAre("resolve"));
  EXPECT_THAT(InBash({"semel", "--addr"}), ElementsAre("--address"));
  EXPECT_THAT(InBash({"semel", "list", "--sta"}), ElementsAre("--state"));
  EXPECT_THAT(InBash({"semel", "list", "--state", "in_"}), ElementsAre("in_progress", "in_doubt"));
  EXPECT_THAT(InBash({"semel", "list", "--state", "=", "d"}), ElementsAre("done"));
  EXPECT_THAT(InBash({"semel", "--output", ""}), ElementsAre("text", "json"));
  EXPECT_THAT(InBash({"semel", "completion", "z"}), ElementsAre("zsh"));
  // A value that happens to be the name of a command is none.
  EXPECT_THAT(InBash({"semel", "-n", "list", "li"}), ElementsAre("list"));
  std::ofstream(directory() + "/receipt.json") << "{}";
  EXPECT_THAT(InBash({"semel", "complete", "k", "--result-file", "rec"}), ElementsAre("receipt.json"));
  EXPECT_THAT(InBash({"semel", "list", "--limit", ""}), ElementsAre(""));  // only the caller knows
}

TEST_F(CompletionTest, FishCompletesToo) {
  if (access("/usr/bin/fish", X_OK) != 0) GTEST_SKIP() << "fish is not installed";
  const std::string source = "source '" + ScriptFor("fish") + "'; complete -C ";
  EXPECT_THAT(OutputOf({"/usr/bin/fish", "--no-config", "-c", source + "'semel resol'"}),
              ElementsAre(HasSubstr("resolve\t")));
  EXPECT_THAT(OutputOf({"/usr/bin/fish", "--no-config", "-c", source + "'semel completion '"}),
              ElementsAre("bash", "fish", "zsh"));
  EXPECT_THAT(OutputOf({"/usr/bin/fish", "--no-config", "-c", source + "'semel list --state in_d'"}),
              ElementsAre(HasSubstr("in_doubt")));
}

TEST_F(CompletionTest, ZshTakesTheScript) {
  if (access("/usr/bin/zsh", X_OK) != 0) GTEST_SKIP() << "zsh is not installed";
  int exit_code = -1;
  OutputOf({"/usr/bin/zsh", "-f", "-n", ScriptFor("zsh")}, &exit_code);
  EXPECT_EQ(exit_code, 0);
  // Sourced for real, it defines and registers its function.
  EXPECT_THAT(OutputOf({"/usr/bin/zsh", "-f", "-c",
                        "autoload -Uz compinit && compinit -D -u && source '" + ScriptFor("zsh") +
                            "' && print -r -- $_comps[semel]"}),
              ElementsAre("_semel"));
}

}  // namespace
}  // namespace semel::cli
