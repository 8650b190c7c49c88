// `semel`: the conversation with semeld, by hand.

#include <CLI/CLI.hpp>

#include "client/cli/command.h"

namespace {

constexpr char kDescription[] = "Do a side effect once: begin before it, complete after it.";
constexpr char kExamples[] =
    "A first conversation:\n"
    "  export SEMEL_NAMESPACE=shop\n"
    "  semel begin order/1017                                  # acquired, with a token\n"
    "  semel begin order/1017                                  # in progress\n"
    "  semel complete order/1017 --token TOKEN --result done\n"
    "  semel begin order/1017                                  # done, with the result\n"
    "  semel lookup order/1017\n"
    "\n"
    "semel COMMAND --help has examples for each.\n"
    "\n";

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(kDescription, "semel");
  semel::cli::CommonOptions common;
  semel::cli::ExitCode exit_code = semel::cli::ExitCode::kOk;
  app.require_subcommand(1);
  app.footer(std::string(kExamples) + semel::cli::kExitCodeHelp);
  semel::cli::AddCommonOptions(app, common);
  semel::cli::AddBeginCommand(app, common, exit_code);
  semel::cli::AddCompleteCommand(app, common, exit_code);
  semel::cli::AddLookupCommand(app, common, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // CLI11 has many codes for wrong usage; callers need one.
    return app.exit(error) == 0 ? 0 : static_cast<int>(semel::cli::ExitCode::kUsage);
  }
  return static_cast<int>(exit_code);
}
