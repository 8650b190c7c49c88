#include <cstdlib>
#include <memory>

#include "client/cli/attempt_options.h"
#include "client/cli/command.h"
#include "client/cli/input_bytes.h"
#include "client/cli/report.h"
#include "client/cli/run/checkpoint_file.h"
#include "client/cli/script_commands.h"

namespace semel::cli {
namespace {

constexpr char kExamples[] =
    "Saves bytes for the next attempt, should this one fail or fall silent: it finds the last ones in "
    "SEMEL_CHECKPOINT_FILE, or in\n"
    "the answer to its begin. --effects-began says that the work can no longer be taken back: should this attempt fall "
    "silent,\n"
    "the key is in doubt and nobody runs it again until somebody found out. Go on only if the exit code is 0.\n"
    "\n"
    "Examples, inside of semel run:\n"
    "  semel checkpoint 'rows 1 to 5000 are copied'\n"
    "  semel checkpoint --data-file progress.json\n"
    "  printf %s \"$cursor\" | semel checkpoint --data-file -\n"
    "  semel checkpoint --effects-began\n"
    "\n"
    "Anywhere:\n"
    "  semel checkpoint -n jobs --key backfill/7 --token 1714521600000001 'row 5000'\n"
    "\n";

constexpr size_t kMostData = size_t{64} * 1024;

struct Save {
  AttemptOptions attempt;
  std::optional<std::string> data;
  std::string file;
  bool effects_began = false;
};

std::string LockPath() {
  const char* path = std::getenv("SEMEL_CHECKPOINT_FILE");
  return path != nullptr ? path : "";
}

// Without new bytes those that were saved before are saved again: a checkpoint replaces the one before it.
absl::StatusOr<std::string> DataOf(const Save& save, Client& client) {
  if (save.data) return *save.data;
  const absl::StatusOr<std::optional<Record>> record = client.Lookup(save.attempt.key);
  if (!record.ok()) return record.status();
  return record->has_value() ? (*record)->checkpoint : std::string();
}

ExitCode Checkpoint(Save save, const CommonOptions& common) {
  auto client = Open(common);
  if (!client.ok()) return PrintError(common, client.status());
  if (!save.file.empty()) save.data = ReadInput("--data-file", save.file, kMostData);  // may take long: before the lock
  const CheckpointLock lock(LockPath());
  const absl::StatusOr<std::string> data = DataOf(save, **client);
  if (!data.ok()) return PrintError(common, data.status());
  const absl::StatusOr<Duration> remaining =
      (*client)->Checkpoint(save.attempt.key, save.attempt.token, *data, save.effects_began);
  if (!remaining.ok()) return PrintError(common, remaining.status());
  Facts facts("answer", "saved");
  facts.AddNumber("size", static_cast<int64_t>(data->size()));
  facts.AddFlag("effects_began", save.effects_began);
  facts.AddLength("lease_remaining", *remaining);
  Print(common, facts);
  return ExitCode::kOk;
}

}  // namespace

void AddCheckpointCommand(CLI::App& app, CommonOptions& common, ExitCode& exit_code) {
  CLI::App* command =
      app.add_subcommand("checkpoint", "Save bytes for the next attempt, or declare that effects began");
  auto save = std::make_shared<Save>();
  auto* data = command->add_option_function<std::string>(
      "DATA", [save](const std::string& text) { save->data = text; }, "What to save, as text, at most 65,536 bytes");
  command->add_option("--data-file", save->file, "Save the content of this file; - is standard input")
      ->type_name("FILE")
      ->excludes(data);
  command->add_flag("--effects-began", save->effects_began,
                    "From here on the work cannot be taken back. Without DATA and --data-file what was saved stays");
  AddAttemptOptions(*command, "--key", save->attempt);
  AddCommonOptions(*command, common);
  command->footer(std::string(kExamples) + kExitCodeHelp);
  command->callback([save, &common, &exit_code] {
    if (!save->data && save->file.empty() && !save->effects_began) {
      throw CLI::RequiredError("DATA, --data-file or --effects-began");
    }
    exit_code = Checkpoint(*save, common);
  });
}

}  // namespace semel::cli
