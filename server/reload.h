// SIGHUP: the configuration is read again and, where all of it is right, put in force as far as a running server can.

#ifndef SEMEL_SERVER_RELOAD_H_
#define SEMEL_SERVER_RELOAD_H_

#include <functional>

#include "server/engine/policy_table.h"
#include "server/ops/config.h"
#include "server/ops/flags.h"
#include "server/ops/logging.h"
#include "server/ops/metrics.h"

namespace semel {

class Reloader {
 public:
  // The references must outlive it. `command_line.config` is in force already.
  Reloader(const ops::CommandLine& command_line, engine::PolicyTable& policies, ops::Logger& log)
      : read_again_(command_line.read_again), running_(command_line.config), policies_(policies), log_(log) {}

  // One thread at a time. A configuration with a mistake changes nothing. Says in the log what came of it.
  void Reload();

  // Any thread.
  const ops::ReloadFigures& figures() const { return figures_; }

 private:
  void Refuse(const absl::Status& why);
  void Report(const ops::Config& wanted);

  const std::function<absl::StatusOr<ops::Config>()> read_again_;
  ops::Config running_;  // what is in force: as at start, but for what was reloaded since
  engine::PolicyTable& policies_;
  ops::Logger& log_;
  ops::ReloadFigures figures_;
};

}  // namespace semel

#endif  // SEMEL_SERVER_RELOAD_H_
