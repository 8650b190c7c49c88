#include "client/cli/operator.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace semel::cli {
namespace {

std::string UserName() {
  // Everybody is root under sudo: the audit log asks for the person.
  if (geteuid() == 0) {
    if (std::string caller = Environment("SUDO_USER"); !caller.empty()) return caller;
  }
  const passwd* user = getpwuid(geteuid());
  return user == nullptr ? "uid " + std::to_string(geteuid()) : user->pw_name;
}

}  // namespace

absl::StatusOr<std::unique_ptr<AdminClient>> OpenAdmin(const CommonOptions& common) {
  absl::StatusOr<ClientOptions> options = ConnectionOf(common);
  if (!options.ok()) return options.status();
  return AdminClient::Connect(*std::move(options));
}

void AddServerOptions(CLI::App& command, CommonOptions& common) {
  AddCommonOptions(command, common);
  command.remove_option(command.get_option("--namespace"));
}

void AddAuditOptions(CLI::App& command, Audit& audit) {
  command.add_option("--reason", audit.reason, "Why, for the server's audit log, at most 512 bytes")
      ->required()
      ->type_name("TEXT");
  audit.actor = DefaultActor();
  command.add_option("--actor", audit.actor, "Who decides, for the audit log, at most 128 bytes (default: user@host)")
      ->type_name("NAME");
}

std::string DefaultActor() {
  std::array<char, 256> host{};
  // Leaves room for the terminating zero, which gethostname does not promise.
  if (gethostname(host.data(), host.size() - 1) != 0) return UserName();
  return UserName() + "@" + host.data();
}

}  // namespace semel::cli
