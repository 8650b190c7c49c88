#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/substitute.h"
#include "client/cli/completion.h"

namespace semel::cli {
namespace {

// $0: options before the command; $1: the commands with what they do; $2: the cases of what a command takes.
constexpr char kScript[] = R"(#compdef semel
# zsh completion of semel, made by: semel completion zsh
compdef _semel semel
_semel() {
  local state line context
  typeset -A opt_args
  _arguments -C \
$0    '1: :->command' \
    '*:: :->arguments'
  case $$state in
    command)
      local -a commands
      commands=(
$1      )
      _describe command commands
      ;;
    arguments)
      case $$words[1] in
$2      esac
      ;;
  esac
}
# Called by the shell itself where it was loaded from its function path; only defined where it was sourced.
if [ "$$funcstack[1]" = "_semel" ]; then _semel "$$@"; fi
)";

std::string Quoted(const std::string& text) { return "'" + absl::StrReplaceAll(text, {{"'", "'\\''"}}) + "'"; }

// Within a specification for _arguments.
std::string Plain(const std::string& text) {
  return absl::StrReplaceAll(text, {{"[", "\\["}, {"]", "\\]"}, {":", "\\:"}});
}

std::string ValueOf(const OptionOutline& option) {
  const std::string name =
      (option.value_optional ? "::" : ":") + Plain(option.value.empty() ? option.place : option.value);
  if (option.is_file()) return name + ":_files";
  if (option.is_directory()) return name + ":_files -/";
  if (!option.choices.empty()) return absl::StrCat(name, ":(", absl::StrJoin(option.choices, " "), ")");
  return name + ": ";
}

std::string ArgumentsOf(const CommandOutline& command, const std::string& indent) {
  std::string lines;
  int place = 0;
  for (const OptionOutline& option : command.options) {
    const std::string about = "[" + Plain(option.about) + "]";
    for (const std::string& name : option.names) {
      const std::string others = option.names.size() > 1 ? "(" + absl::StrJoin(option.names, " ") + ")" : "";
      lines += indent + Quoted(others + name + about + (option.value.empty() ? "" : ValueOf(option))) + " \\\n";
    }
    if (!option.place.empty()) lines += indent + Quoted(absl::StrCat(++place, ValueOf(option))) + " \\\n";
  }
  return lines;
}

}  // namespace

std::string ZshCompletion(const CommandOutline& semel) {
  std::string commands;
  std::string cases;
  for (const CommandOutline& command : semel.commands) {
    absl::StrAppend(&commands, "        ", Quoted(command.name + ":" + command.about), "\n");
    absl::StrAppend(&cases, "        ", command.name, ")\n          _arguments \\\n",
                    ArgumentsOf(command, "            "), "            && return\n          ;;\n");
  }
  return absl::Substitute(kScript, ArgumentsOf(semel, "    "), commands, cases);
}

}  // namespace semel::cli
