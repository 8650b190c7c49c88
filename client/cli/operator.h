// What the operators' commands share: the connection to the server's administration, and who asks for what reason.

#ifndef SEMEL_CLIENT_CLI_OPERATOR_H_
#define SEMEL_CLIENT_CLI_OPERATOR_H_

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "absl/status/statusor.h"
#include "client/cli/command.h"
#include "semel/admin_client.h"

namespace semel::cli {

absl::StatusOr<std::unique_ptr<AdminClient>> OpenAdmin(const CommonOptions& common);

// The common options without --namespace, for commands about the whole server.
void AddServerOptions(CLI::App& command, CommonOptions& common);

// For the server's audit log.
struct Audit {
  std::string reason;
  std::string actor;
};

// --reason, which is required, and --actor.
void AddAuditOptions(CLI::App& command, Audit& audit);

// user@host of who runs this; under sudo of who called it.
std::string DefaultActor();

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_OPERATOR_H_
