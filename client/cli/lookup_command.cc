#include <iostream>
#include <memory>

#include "client/cli/command.h"
#include "client/cli/report.h"

namespace semel::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  semel lookup order/1017 -n shop\n"
    "  semel lookup order/1017 -n shop --output json\n"
    "\n";

ExitCode Lookup(const std::string& key, const CommonOptions& common) {
  auto client = Open(common);
  if (!client.ok()) return PrintError(common, client.status());
  const absl::StatusOr<std::optional<Record>> record = (*client)->Lookup(key);
  if (!record.ok()) return PrintError(common, record.status());
  if (!record->has_value()) {
    Print(common, Facts("state", "absent"));
    return ExitCode::kNoRecord;
  }
  Print(common, FactsOf(**record));
  return ExitCode::kOk;
}

}  // namespace

void AddLookupCommand(CLI::App& app, CommonOptions& common, ExitCode& exit_code) {
  CLI::App* command = app.add_subcommand("lookup", "Show what is known of a key; changes nothing");
  auto key = std::make_shared<std::string>();
  command->add_option("KEY", *key, "The key")->required();
  AddCommonOptions(*command, common);
  command->footer(std::string(kExamples) + kExitCodeHelp);
  command->callback([key, &common, &exit_code] { exit_code = Lookup(*key, common); });
}

}  // namespace semel::cli
