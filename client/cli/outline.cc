#include "client/cli/outline.h"

#include <utility>

#include "absl/strings/str_split.h"

namespace semel::cli {
namespace {

// CLI11 tells the choices only in words: "FORMAT:{text,json}".
void TakeChoices(std::string& value, std::vector<std::string>& choices) {
  const size_t open = value.find(":{");
  if (open == std::string::npos || value.back() != '}') {
    // Nor is what a number has to be part of its name: "NUMBER:POSITIVE".
    for (const char* bound : {":POSITIVE", ":NONNEGATIVE"}) {
      if (value.ends_with(bound)) value.resize(value.size() - std::string(bound).size());
    }
    return;
  }
  choices = absl::StrSplit(value.substr(open + 2, value.size() - open - 3), ',');
  value.resize(open);
}

OptionOutline OutlineOf(const CLI::Option& option) {
  OptionOutline outline{
      .about = option.get_description(), .group = option.get_group(), .required = option.get_required()};
  for (const std::string& name : option.get_snames()) outline.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) outline.names.push_back("--" + name);
  outline.place = option.get_positional() ? option.get_name(true) : "";
  // A flag takes nothing: CLI11 gives it no type.
  if (option.get_items_expected_max() == 0) return outline;
  outline.value = option.get_type_name();
  outline.value_optional = option.get_expected_min() == 0;
  TakeChoices(outline.value, outline.choices);
  if (outline.value.starts_with('[') && outline.value.ends_with(']')) {
    outline.value = outline.value.substr(1, outline.value.size() - 2);
  }
  return outline;
}

bool IsVisible(const CLI::App* command) { return !command->get_group().empty() && !command->get_name().empty(); }

void AddOptions(const CLI::App& app, CommandOutline& outline) {
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_group().empty()) outline.options.push_back(OutlineOf(*option));
  }
  // Groups of options are nameless apps to CLI11.
  for (const CLI::App* group : app.get_subcommands([](const CLI::App* sub) { return sub->get_name().empty(); })) {
    for (const CLI::Option* option : group->get_options()) {
      if (option->get_group().empty()) continue;
      outline.options.push_back(OutlineOf(*option));
      outline.options.back().group = group->get_group();
    }
  }
}

// The words of a line as a shell would split it, up to a comment, a pipe, the next command or a closing parenthesis.
std::vector<std::string> ShellWords(const std::string& line) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = '\0';
  int substitutions = 0;  // "$(...)" that are open: all in them is one word
  const auto end_word = [&] {
    if (in_word) words.push_back(std::exchange(word, ""));
    in_word = false;
  };
  for (const char c : line) {
    if (c == '(' && (substitutions > 0 || word.ends_with('$'))) {
      ++substitutions;
      word += c;
    } else if (substitutions > 0) {
      if (c == ')') --substitutions;
      word += c;
    } else if (quote != '\0') {
      if (c == quote) {
        quote = '\0';
      } else {
        word += c;
      }
    } else if (c == '\'' || c == '"') {
      quote = c;
      in_word = true;
    } else if (c == ' ') {
      end_word();
    } else if ((c == '#' && !in_word) || c == '|' || c == ';' || c == '&' || c == ')' || c == '>') {
      break;
    } else {
      word += c;
      in_word = true;
    }
  }
  end_word();
  return words;
}

}  // namespace

CommandOutline OutlineOf(const CLI::App& app) {
  CommandOutline outline{
      .name = app.get_name(), .about = app.get_description(), .group = app.get_group(), .footer = app.get_footer()};
  AddOptions(app, outline);
  for (const CLI::App* command : app.get_subcommands(IsVisible)) outline.commands.push_back(OutlineOf(*command));
  return outline;
}

std::vector<std::vector<std::string>> ExamplesIn(const std::string& footer) {
  std::string joined = footer;
  for (size_t at = joined.find("\\\n"); at != std::string::npos; at = joined.find("\\\n")) joined.erase(at, 2);
  std::vector<std::vector<std::string>> examples;
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(joined, '\n'))) {
    // Also in the middle of a line of a script: "if answer=$(semel begin ...", "./nightly && semel complete ...".
    if (!line.starts_with("  ")) continue;
    for (size_t at = line.find("semel "); at != std::string::npos; at = line.find("semel ", at + 1)) {
      // Where a command may begin; elsewhere it is prose.
      const std::string before = line.substr(0, at);
      if (at != 2 && !before.ends_with("(") && !before.ends_with("&& ")) continue;
      examples.push_back(ShellWords(line.substr(at + std::string("semel ").size())));
    }
  }
  return examples;
}

}  // namespace semel::cli
