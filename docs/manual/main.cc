// Writes the manual pages and the completion scripts into a directory, while Semel is built: semel(1) with a page for each command,
// semeld(8), semeld.yaml(5). All of it comes from what the programs parse, so none of it can say anything else.
//
//   semel_manual DIRECTORY 2024-05-01

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "client/cli/command_line.h"
#include "client/cli/completion.h"
#include "client/cli/outline.h"
#include "docs/manual/roff.h"
#include "server/ops/flags.h"
#include "server/ops/settings.h"

namespace semel::manual {
namespace {

using cli::CommandOutline;
using cli::OptionOutline;

std::string Joined(const std::vector<std::string>& words, const std::string& between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

// "Find keys" -> "find keys", as names of pages have it.
std::string Lower(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

// Ends a text that is no sentence yet.
std::string Sentence(const std::string& text) { return text.ends_with('.') ? text : text + "."; }

void AddOption(const OptionOutline& option, Page& page) {
  std::string value;
  if (!option.value.empty() && !option.names.empty())
    value = option.value_optional ? " [" + option.value + "]" : " " + option.value;
  std::string about = Sentence(option.about);
  if (!option.choices.empty()) about += " One of: " + Joined(option.choices, ", ") + ".";
  if (option.required) about += " Required.";
  page.Term(option.names.empty() ? option.place : Joined(option.names, ", "), value, about);
}

void AddOptions(const CommandOutline& command, Page& page) {
  page.Section("Options");
  std::vector<std::string> groups;
  for (const OptionOutline& option : command.options) {
    if (std::find(groups.begin(), groups.end(), option.group) == groups.end()) groups.push_back(option.group);
  }
  for (const std::string& group : groups) {
    page.Subsection(group);
    for (const OptionOutline& option : command.options) {
      if (option.group == group) AddOption(option, page);
    }
  }
}

// "   0  text" of the table of exit codes becomes a term of its own.
void AddExitCodes(const std::string& table, Page& page) {
  page.Section("Exit status");
  size_t at = table.find('\n');
  while (at != std::string::npos) {
    const size_t end = table.find('\n', at + 1);
    const std::string line = table.substr(at + 1, end == std::string::npos ? end : end - at - 1);
    const size_t number = line.find_first_of("0123456789");
    const size_t gap = number == std::string::npos ? number : line.find("  ", number);
    if (gap != std::string::npos)
      page.Term(line.substr(number, gap - number), "", line.substr(line.find_first_not_of(' ', gap)));
    at = end;
  }
}

void AddFooter(const std::string& footer, Page& page) {
  const size_t codes = footer.find("Exit codes:");
  page.Section("Examples");
  page.Notes(footer.substr(0, codes));
  if (codes != std::string::npos) AddExitCodes(footer.substr(codes), page);
}

void AddEnvironment(Page& page) {
  page.Section("Environment");
  page.Term("SEMEL_ADDRESS", "", "Where semeld listens, where --address does not say. Without both: localhost:7420.");
  page.Term("SEMEL_NAMESPACE", "", "Who the keys belong to, where --namespace does not say.");
  page.Term("SEMEL_TLS", "", "true or 1, false or 0: whether to encrypt the connection, where --tls does not say.");
  page.Term(
      "SEMEL_TLS_CA, SEMEL_TLS_CERTIFICATE, SEMEL_TLS_KEY, SEMEL_TLS_SERVER_NAME", "",
      "With what, where --tls-ca, --tls-certificate, --tls-key and --tls-server-name do not say. One of them alone "
      "encrypts the connection too, unless SEMEL_TLS or --tls=false says otherwise.");
}

std::string CommandPage(const CommandOutline& command, const std::string& date) {
  Page page("semel-" + command.name, 1, date, Lower(command.about));
  page.Section("Synopsis");
  std::string synopsis = " [OPTIONS]";
  for (const OptionOutline& option : command.options) {
    if (!option.place.empty()) synopsis += option.required ? " " + option.place : " [" + option.place + "]";
  }
  page.Term("semel " + command.name, synopsis, Sentence(command.about));
  AddOptions(command, page);
  AddFooter(command.footer, page);
  AddEnvironment(page);
  page.Section("See also");
  page.Paragraph("semel(1), semeld(8)");
  return page.text();
}

std::string SemelPage(const CommandOutline& semel, const std::string& date) {
  Page page("semel", 1, date, Lower(semel.about));
  page.Section("Synopsis");
  page.Term("semel", " COMMAND [OPTIONS] ...", "Talks with a semeld(8). Each command has a page of its own.");
  page.Section("Commands");
  std::string group;
  for (const CommandOutline& command : semel.commands) {
    if (command.group != group) page.Subsection(command.group);
    group = command.group;
    page.Term("semel-" + command.name, "(1)", Sentence(command.about));
  }
  AddOptions(semel, page);
  AddFooter(semel.footer, page);
  AddEnvironment(page);
  page.Section("See also");
  page.Paragraph("semeld(8), semeld.yaml(5)");
  return page.text();
}

std::string ServerPage(const std::string& date) {
  Page page("semeld", 8, date, "the server of Semel, which lets any program do a side effect once");
  page.Section("Synopsis");
  page.Term("semeld", " [OPTIONS]",
            "Serves until SIGTERM or SIGINT, then drains. SIGHUP reads the configuration again: what can change while "
            "it serves "
            "is put in force, a file with a mistake changes nothing. Its log goes to standard error.");
  ops::WithFlags([&](const CLI::App& app) {
    const CommandOutline semeld = cli::OutlineOf(app);
    AddOptions(semeld, page);
    AddFooter(semeld.footer.substr(semeld.footer.find_first_not_of('\n')), page);
  });
  page.Section("Exit status");
  page.Term("0", "", "It served, and drained.");
  page.Term("1", "", "It could not start, or its storage failed; the log says why.");
  page.Term("2", "", "The command line or the configuration is wrong; every mistake is told with its place.");
  page.Section("See also");
  page.Paragraph("semeld.yaml(5), semel(1)");
  return page.text();
}

// Without Markdown's marks.
std::string Plain(std::string text) {
  std::erase(text, '`');
  return text;
}

template <class Target>
void AddSettings(const ops::Schema<Target>& schema, Page& page) {
  const Target defaults;
  for (const ops::Setting<Target>& setting : schema.settings) {
    const std::string usual = setting.show(defaults);
    page.Term(std::string(setting.name), "", Plain(std::string(setting.about)));
    page.Paragraph("Takes: " + Plain(setting.values) + ". Default: " + (usual.empty() ? "none" : usual) + ".");
  }
}

template <class Target>
void AddRules(const ops::Schema<Target>& schema, Page& page) {
  for (const ops::Rule<Target>& rule : schema.rules) {
    page.Paragraph(std::string(rule.key) + " " + std::string(rule.relation) + " " + std::string(rule.other) + ".");
  }
}

std::string ConfigurationPage(const std::string& date) {
  Page page("semeld.yaml", 5, date, "the configuration of semeld");
  page.Section("Description");
  page.Paragraph(
      "A YAML file for semeld --config. What is not in it has its default. A dot stands for nesting: log.level is the "
      "key "
      "level below log. semeld --check-config tells what is wrong with a file.");
  page.Paragraph(
      "Durations are a whole number and a unit: us, ms, s, m, h or d. Sizes are a whole number and a unit: B, KiB, "
      "MiB, GiB "
      "or TiB.");
  page.Section("The server");
  AddSettings(ops::ServerSchema(), page);
  page.Section("Policies");
  page.Paragraph(
      "Below default_policy they hold for every namespace; below namespaces and a namespace's name for that one.");
  AddSettings(ops::PolicySchema(), page);
  page.Section("What cannot be combined");
  AddRules(ops::ServerSchema(), page);
  AddRules(ops::PolicySchema(), page);
  page.Section("See also");
  page.Paragraph("semeld(8)");
  return page.text();
}

bool Write(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file << text << std::flush;
  if (!file) std::cerr << "semel_manual: cannot write " << path << "\n";
  return static_cast<bool>(file);
}

bool WriteAll(const std::filesystem::path& directory, const std::string& date) {
  const CommandOutline semel = cli::OutlineOf(cli::CommandLine().app);
  bool written = Write(directory / "man1/semel.1", SemelPage(semel, date)) &&
                 Write(directory / "man8/semeld.8", ServerPage(date)) &&
                 Write(directory / "man5/semeld.yaml.5", ConfigurationPage(date)) &&
                 Write(directory / "bash/semel", cli::BashCompletion(semel)) &&
                 Write(directory / "zsh/_semel", cli::ZshCompletion(semel)) &&
                 Write(directory / "fish/semel.fish", cli::FishCompletion(semel));
  for (const CommandOutline& command : semel.commands) {
    written = written && Write(directory / "man1" / ("semel-" + command.name + ".1"), CommandPage(command, date));
  }
  return written;
}

}  // namespace
}  // namespace semel::manual

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "Usage: semel_manual DIRECTORY YYYY-MM-DD\n";
    return 2;
  }
  return semel::manual::WriteAll(argv[1], argv[2]) ? 0 : 1;
}
