#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/cli/completion.h"

namespace semel::cli {
namespace {

std::string Quoted(const std::string& text) {
  return "'" + absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}) + "'";
}

// What its value may be.
std::string ValueOf(const OptionOutline& option) {
  if (option.value.empty() || option.value_optional) return "";
  if (option.is_file()) return " -r -F";
  if (option.is_directory()) return " -x -a " + Quoted("(__fish_complete_directories)");
  if (!option.choices.empty()) return " -x -a " + Quoted(absl::StrJoin(option.choices, " "));
  return " -x";
}

std::string LinesOf(const CommandOutline& command, const std::string& condition) {
  const std::string start = "complete -c semel -n " + Quoted(condition);
  std::string lines;
  for (const OptionOutline& option : command.options) {
    std::string names;
    for (const std::string& name : option.names) {
      absl::StrAppend(&names, name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1));
    }
    if (!names.empty()) absl::StrAppend(&lines, start, names, ValueOf(option), " -d ", Quoted(option.about), "\n");
    if (option.place.empty()) continue;
    if (option.is_file() || option.is_directory()) absl::StrAppend(&lines, start, " -F\n");
    if (!option.choices.empty())
      absl::StrAppend(&lines, start, " -a ", Quoted(absl::StrJoin(option.choices, " ")), "\n");
  }
  return lines;
}

}  // namespace

std::string FishCompletion(const CommandOutline& semel) {
  // Files are offered only where one is asked for.
  std::string script = "# fish completion of semel, made by: semel completion fish\ncomplete -c semel -f\n";
  script += LinesOf(semel, "__fish_use_subcommand");
  for (const CommandOutline& command : semel.commands) {
    absl::StrAppend(&script, "complete -c semel -n '__fish_use_subcommand' -a ", command.name, " -d ",
                    Quoted(command.about), "\n", LinesOf(command, "__fish_seen_subcommand_from " + command.name));
  }
  return script;
}

}  // namespace semel::cli
