#include <iostream>
#include <memory>
#include <string>

#include "client/cli/command.h"
#include "client/cli/completion.h"

namespace semel::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  semel completion bash > ~/.local/share/bash-completion/completions/semel\n"
    "  semel completion zsh > ~/.zfunc/_semel             # a directory of your $fpath\n"
    "  semel completion fish > ~/.config/fish/completions/semel.fish\n"
    "\n"
    "For this shell only: source <(semel completion bash)";

}  // namespace

void AddCompletionCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand("completion", "Print what makes a shell complete semel's commands");
  auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "The shell: bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->footer(kExamples);
  command->callback([shell, &app] {
    const CommandOutline semel = OutlineOf(app);
    std::cout << (*shell == "bash"  ? BashCompletion(semel)
                  : *shell == "zsh" ? ZshCompletion(semel)
                                    : FishCompletion(semel));
  });
}

}  // namespace semel::cli
