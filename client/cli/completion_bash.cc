#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/substitute.h"
#include "client/cli/completion.h"

namespace semel::cli {
namespace {

// $0: the commands; $1: options before the command that take a value; $2: what follows an option, as cases of "COMMAND OPTION";
// $3: what else may stand in a command, as cases of COMMAND.
constexpr char kScript[] = R"(# bash completion of semel, made by: semel completion bash
_semel() {
  local current=$${COMP_WORDS[COMP_CWORD]} previous=$${COMP_WORDS[COMP_CWORD - 1]} command='' words='' i
  COMPREPLY=()
  # Bash takes --output=json for three words.
  if [[ $$current == = ]]; then
    current=''
  elif [[ $$previous == = ]]; then
    previous=$${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case $${COMP_WORDS[i]} in
      --)
        # Somebody else's command line.
        if ((i + 1 == COMP_CWORD)); then
          mapfile -t COMPREPLY < <(compgen -c -- "$$current")
        else
          mapfile -t COMPREPLY < <(compgen -f -- "$$current")
        fi
        return
        ;;
      $1) [[ -n $$command ]] || ((++i)) ;;
      $0) [[ -n $$command ]] || command=$${COMP_WORDS[i]} ;;
    esac
  done
  case "$$command $$previous" in
$2    *)
      case $$command in
$3      esac
      ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$$words" -- "$$current")
}
complete -o filenames -F _semel semel
)";

std::string FileCase(const std::string& compgen) {
  return absl::StrCat("mapfile -t COMPREPLY < <(compgen ", compgen, " -- \"$current\")\n      return\n      ;;\n");
}

std::string ValueCase(const std::string& command, const OptionOutline& option) {
  std::vector<std::string> patterns;
  patterns.reserve(option.names.size());
  for (const std::string& name : option.names) patterns.push_back("'" + command + " " + name + "'");
  const std::string head = "    " + absl::StrJoin(patterns, " | ") + ")\n      ";
  if (option.is_file()) return head + FileCase("-f");
  if (option.is_directory()) return head + FileCase("-d");
  // Where the choices are not known, nothing is offered: only the caller knows a key.
  return absl::StrCat(head, "words='", absl::StrJoin(option.choices, " "), "'\n      ;;\n");
}

std::string ValueCases(const std::string& command, const CommandOutline& outline) {
  std::string cases;
  for (const OptionOutline& option : outline.options) {
    if (option.names.empty() || option.value.empty() || option.value_optional) continue;
    cases += ValueCase(command, option);
  }
  return cases;
}

// What may come where no option waits for its value.
std::string WordsCase(const CommandOutline& outline) {
  std::vector<std::string> words;
  std::string files;
  for (const OptionOutline& option : outline.options) {
    words.insert(words.end(), option.names.begin(), option.names.end());
    if (option.place.empty()) continue;
    words.insert(words.end(), option.choices.begin(), option.choices.end());
    if (option.is_file()) files = "-f";
    if (option.is_directory()) files = "-d";
  }
  std::string text = absl::StrCat("        ", outline.name, ") words='", absl::StrJoin(words, " "), "'");
  if (files.empty()) return text + " ;;\n";
  return absl::StrCat(text, "\n          if [[ $current != -* ]]; then\n            mapfile -t COMPREPLY < <(compgen ",
                      files, " -- \"$current\")\n            return\n          fi\n          ;;\n");
}

}  // namespace

std::string BashCompletion(const CommandOutline& semel) {
  std::vector<std::string> commands;
  std::vector<std::string> options;
  std::vector<std::string> waiting;
  for (const OptionOutline& option : semel.options) {
    options.insert(options.end(), option.names.begin(), option.names.end());
    if (!option.value.empty()) waiting.insert(waiting.end(), option.names.begin(), option.names.end());
  }
  std::string values = ValueCases("", semel);
  std::string words;
  for (const CommandOutline& command : semel.commands) {
    commands.push_back(command.name);
    values += ValueCases(command.name, command);
    words += WordsCase(command);
  }
  words +=
      absl::StrCat("        '')\n          words='", absl::StrJoin(commands, " "),
                   "'\n          [[ $current != -* ]] || words='", absl::StrJoin(options, " "), "'\n          ;;\n");
  return absl::Substitute(kScript, absl::StrJoin(commands, " | "), absl::StrJoin(waiting, " | "), values, words);
}

}  // namespace semel::cli
