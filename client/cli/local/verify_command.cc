#include <iostream>
#include <memory>
#include <string>

#include "client/cli/local/local_commands.h"
#include "storage/rocksdb/verify.h"

namespace semel::cli {
namespace {

constexpr char kFooter[] =
    "Reads every record, payload and block of the directory, compares all checksums, and changes nothing. It takes as "
    "long\n"
    "as the disk takes to read it all. A server that uses the directory must be stopped first; a copy or a restored "
    "backup\n"
    "can be verified at any time.\n"
    "\n"
    "Where it is not sound: do not start a server on it. Restore the latest backup into another directory (semel "
    "restore --help\n"
    "says what that means), and keep this one to look at.\n"
    "\n"
    "Examples:\n"
    "  semel verify /var/lib/semel\n"
    "  semel verify /var/lib/semel --output json\n"
    "\n"
    "Exit codes:\n"
    "   0  sound\n"
    "   1  it could not be read to its end, for another reason than damage\n"
    "   2  wrong usage\n"
    "  13  refused: in use, not a data directory, or of a newer release\n"
    "  14  not sound: what is wrong is printed, with the file where that is known";

Facts FactsOf(const storage::DatabaseReport& report) {
  Facts facts("verdict", report.sound() ? "sound" : "unsound");
  const auto number = [&](const char* name, uint64_t value) { facts.AddNumber(name, static_cast<int64_t>(value)); };
  number("in_progress", report.in_progress);
  number("in_doubt", report.in_doubt);
  number("done", report.done);
  number("failed", report.failed);
  number("vacant", report.vacant);
  number("journal_entries", report.journal_entries);
  number("payloads", report.payloads);
  number("payload_bytes", report.payload_bytes);
  number("disk_bytes", report.disk_bytes);
  if (report.oldest) facts.AddInstant("oldest", *report.oldest);
  if (report.newest) facts.AddInstant("newest", *report.newest);
  facts.AddInstant("clock_mark", report.mark.high_water);
  if (!report.torn_write.empty()) facts.AddText("torn_write", report.torn_write);
  facts.AddList("findings", report.findings);
  if (report.findings_in_all > report.findings.size()) number("findings_in_all", report.findings_in_all);
  return facts;
}

ExitCode Verify(const std::string& data_dir, const CommonOptions& common) {
  const absl::StatusOr<storage::DatabaseReport> report = storage::Verify(data_dir);
  if (!report.ok()) return PrintLocalError(common, report.status());
  Print(common, FactsOf(*report));
  return report->sound() ? ExitCode::kOk : ExitCode::kUnsound;
}

}  // namespace

void AddVerifyCommand(CLI::App& app, CommonOptions& common, ExitCode& exit_code) {
  CLI::App* command = app.add_subcommand("verify", "Read a stopped server's data directory end to end: is it sound?");
  auto data_dir = std::make_shared<std::string>();
  command->add_option("DATA_DIR", *data_dir, "The server's data directory")->required();
  AddOutputOption(*command, common);
  command->footer(kFooter);
  command->callback([data_dir, &common, &exit_code] { exit_code = Verify(*data_dir, common); });
}

}  // namespace semel::cli
