// The whole command line of `semel` as one tree: what main parses, what completion is made from, and what the tests
// hold every example against.

#ifndef SEMEL_CLIENT_CLI_COMMAND_LINE_H_
#define SEMEL_CLIENT_CLI_COMMAND_LINE_H_

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "client/cli/command.h"

namespace semel::cli {

struct CommandLine {
  CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // Runs the command that was asked for; what it answers is the exit code of the process.
  int Run(int argc, const char* const* argv);

  // `arguments`: without the program's name. Runs the command that was asked for, unless its callback was replaced.
  // Throws CLI::ParseError.
  void Parse(std::vector<std::string> arguments);

  // The options and the exit code are written while `app` parses.
  CommonOptions common;
  ExitCode exit_code = ExitCode::kOk;
  std::vector<std::string> words;  // of the command that `run` runs
  CLI::App app;
};

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_COMMAND_LINE_H_
