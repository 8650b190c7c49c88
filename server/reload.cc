#include "server/reload.h"

#include <chrono>
#include <string>

#include "absl/strings/str_split.h"
#include "server/ops/config_text.h"

namespace semel {

using ops::LogLevel;

void Reloader::Reload() {
  const absl::StatusOr<ops::Config> wanted = read_again_();
  if (!wanted.ok()) return Refuse(wanted.status());
  if (absl::Status status = policies_.Replace(wanted->default_policy, wanted->namespaces); !status.ok()) {
    return Refuse(status);
  }
  log_.SetLevel(wanted->log.level);
  Report(*wanted);
  running_ = ops::WithLiveSettings(std::move(running_), *wanted);
  figures_.applied.Add();
  figures_.last_success_seconds.Set(
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count());
}

// One line for each problem, as the start would print them.
void Reloader::Refuse(const absl::Status& why) {
  figures_.refused.Add();
  for (absl::string_view problem : absl::StrSplit(why.message(), '\n')) {
    log_.Log(LogLevel::kError, "configuration not reloaded, the one before stays in force",
             {{"problem", std::string(problem)}});
  }
}

void Reloader::Report(const ops::Config& wanted) {
  int64_t changes = 0;
  for (const ops::ConfigChange& change : ops::Differences(running_, wanted)) {
    if (change.needs_restart) {
      log_.Log(LogLevel::kWarning, "a changed setting needs a restart", {{"setting", change.what}});
    } else {
      ++changes;
      log_.Log(LogLevel::kInfo, "setting changed", {{"setting", change.what}});
    }
  }
  log_.Log(LogLevel::kInfo, "configuration reloaded", {{"changes", changes}});
}

}  // namespace semel
