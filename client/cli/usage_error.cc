#include "client/cli/usage_error.h"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

#include "client/cli/facts.h"

namespace semel::cli {
namespace {

// Levenshtein's distance: letters to insert, delete or change.
size_t Mistakes(std::string_view word, std::string_view meant) {
  std::vector<size_t> row(meant.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < word.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < meant.size(); ++j) {
      const size_t changed = diagonal + (word[i] == meant[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

// The command that was meant, or "" where none is near.
std::string NearestCommand(const CLI::App& app, std::string_view word) {
  constexpr size_t kLongestWord = 32;  // longer ones are no misspelled command
  if (word.size() > kLongestWord) return "";
  std::string nearest;
  size_t fewest = std::max<size_t>(1, word.size() / 2) + 1;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    const std::string& name = command->get_name();
    const size_t mistakes = name.starts_with(word) ? 1 : Mistakes(word, name);
    if (mistakes >= fewest) continue;
    fewest = mistakes;
    nearest = name;
  }
  return nearest;
}

std::string NoSuchCommand(const CLI::App& app, const std::string& word) {
  const std::string nearest = NearestCommand(app, word);
  return "there is no command \"" + word + "\"" + (nearest.empty() ? "" : "; did you mean " + nearest + "?");
}

std::string NotExpected(const std::vector<std::string>& words) {
  std::string text = "not expected:";
  for (const std::string& word : words) text += " " + word;
  return text;
}

// CLI11's own words speak of subcommands, and name leftovers in reverse.
std::string ProblemOf(const CLI::App& app, const CLI::App& command, const CLI::Error& error) {
  const bool is_extra = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
  const bool is_missing = dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
  const std::vector<std::string> unknown = app.remaining();
  if (is_extra || is_missing) {
    if (!unknown.empty() && !unknown.front().starts_with('-')) return NoSuchCommand(app, unknown.front());
    if (!unknown.empty()) return NotExpected(unknown);
    if (&command == &app) return "a command is required";
  }
  return is_extra ? NotExpected(command.remaining()) : error.what();
}

}  // namespace

std::string ExplainUsage(const CLI::App& app, const CLI::Error& error) {
  const std::vector<CLI::App*> commands = app.get_subcommands();
  const CLI::App& command = commands.empty() ? app : *commands.front();
  const std::string where = commands.empty()
                                ? "semel --help lists the commands, semel COMMAND --help says what each takes."
                                : "semel " + command.get_name() + " --help says what it takes.";
  return "semel: " + Shown(ProblemOf(app, command, error)) + "\n  " + where + "\n";
}

}  // namespace semel::cli
