// The command line as plain values: what completion and tests read. Walked from the tree that is parsed, so it never
// says anything that the program does not do.

#ifndef SEMEL_CLIENT_CLI_OUTLINE_H_
#define SEMEL_CLIENT_CLI_OUTLINE_H_

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace semel::cli {

struct OptionOutline {
  std::vector<std::string> names;    // with dashes: "-n", "--namespace"; none where it is told by its place alone
  std::string place;                 // its name where it may stand alone: "KEY"
  std::string value;                 // what its value is called: "DURATION"; empty for a flag
  std::vector<std::string> choices;  // all values that it takes, where these are few words
  std::string about;
  std::string group;
  bool value_optional = false;
  bool required = false;

  // Values of these names are files.
  bool is_file() const { return value == "FILE"; }
  bool is_directory() const { return value == "DIR"; }
};

struct CommandOutline {
  std::string name;
  std::string about;
  std::string group;
  std::string footer;  // examples and notes
  std::vector<OptionOutline> options;
  std::vector<CommandOutline> commands;
};

// Without what is hidden.
CommandOutline OutlineOf(const CLI::App& app);

// The commands that stand in the examples of `footer`, each as its words without "semel": in indented lines, where
// a command may begin, together with the lines that a backslash continues. Each ends at a comment, a pipe or a redirection.
std::vector<std::vector<std::string>> ExamplesIn(const std::string& footer);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_OUTLINE_H_
