#include <unistd.h>

#include <iostream>
#include <memory>
#include <utility>

#include "client/cli/bytes_text.h"
#include "client/cli/duration_text.h"
#include "client/cli/operator.h"
#include "client/cli/report.h"

namespace semel::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  semel delete order/1017 -n shop --reason 'test data'\n"
    "  semel delete order/1017 -n shop --reason 'test data' --yes --output json\n"
    "\n"
    "What it means: Semel forgets the key, whatever its state. The next begin runs the effect, also if it has "
    "happened\n"
    "before, and an owner that still works can no longer complete. To settle a key in doubt, use semel resolve.\n"
    "\n";

struct Deletion {
  std::string namespace_name;
  std::string key;
  Audit audit;
  bool yes = false;
};

std::string WhatFollows(const Record& record) {
  switch (record.state) {
    case State::kInProgress:
      return "Its owner may still be at work: it could not complete any more, and the next begin would run the effect "
             "a second "
             "time beside it.";
    case State::kInDoubt:
      return "Nobody knows whether the effect happened: the next begin would run it, perhaps again. semel resolve "
             "settles it instead.";
    case State::kDone: return "The effect has happened: the next begin would run it again.";
    case State::kFailed: return "The next begin would run the effect, also if the failure was final.";
    case State::kExpired: return "The effect has ended long ago: the next begin would run it again.";
  }
  return "";
}

// Shows what is about to be forgotten and asks. nullopt: go on.
std::optional<ExitCode> Confirm(const Deletion& deletion, const CommonOptions& common) {
  CommonOptions named = common;
  named.namespace_name = deletion.namespace_name;
  auto client = Open(named);
  if (!client.ok()) return PrintError(common, client.status());
  const absl::StatusOr<std::optional<Record>> record = (*client)->Lookup(deletion.key);
  if (!record.ok()) return PrintError(common, record.status());
  if (!record->has_value()) {
    Print(common, Facts("state", "absent"));
    return ExitCode::kNoRecord;
  }
  std::cerr << deletion.namespace_name << " " << ShellQuoted(deletion.key) << ": " << FactsOf(**record).AsText()
            << WhatFollows(**record) << "\nDelete it? [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return std::nullopt;
  std::cerr << "Nothing was deleted.\n";
  return ExitCode::kError;
}

ExitCode Delete(Deletion deletion, const CommonOptions& common) {
  absl::StatusOr<std::string> namespace_name = NamespaceOf(common);
  if (!namespace_name.ok()) return PrintError(common, namespace_name.status());
  deletion.namespace_name = *std::move(namespace_name);
  if (!deletion.yes) {
    if (isatty(STDIN_FILENO) == 0) {
      return PrintError(common,
                        absl::InvalidArgumentError("nobody can be asked here: give --yes to delete without asking"));
    }
    if (const std::optional<ExitCode> end = Confirm(deletion, common)) return *end;
  }
  auto admin = OpenAdmin(common);
  if (!admin.ok()) return PrintError(common, admin.status());
  const absl::StatusOr<State> was = (*admin)->DeleteKey({.namespace_name = deletion.namespace_name,
                                                         .key = deletion.key,
                                                         .reason = deletion.audit.reason,
                                                         .actor = deletion.audit.actor});
  if (!was.ok()) return PrintError(common, was.status());
  Facts facts("answer", "deleted");
  facts.AddText("namespace", deletion.namespace_name);
  facts.AddText("key", deletion.key);
  facts.AddText("state_before", NameOf(*was));
  Print(common, facts);
  return ExitCode::kOk;
}

}  // namespace

void AddDeleteCommand(CLI::App& app, CommonOptions& common, ExitCode& exit_code) {
  CLI::App* command = app.add_subcommand("delete", "Make Semel forget a key: its effect may run again");
  auto deletion = std::make_shared<Deletion>();
  command->add_option("KEY", deletion->key, "The key to forget")->required();
  AddAuditOptions(*command, deletion->audit);
  command->add_flag("--yes", deletion->yes, "Do not ask; required where no terminal is at standard input");
  AddCommonOptions(*command, common);
  command->footer(std::string(kExamples) + kExitCodeHelp);
  command->callback([deletion, &common, &exit_code] { exit_code = Delete(*deletion, common); });
}

}  // namespace semel::cli
