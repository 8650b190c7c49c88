#include "server/ops/flags.h"

#include <optional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "server/ops/settings.h"

namespace semel::ops {
namespace {

struct Override {
  std::string flag;
  std::string setting;  // whose rules it follows
  std::string value_name;
  std::optional<std::string> value;
};

constexpr auto kFooter = R"(
Examples:
  semeld --data-dir /var/lib/semel
  semeld --config /etc/semel/semeld.yaml --log-level debug

Without --config every setting has its default. docs/configuration.md lists them all.)";

std::vector<Override> Overrides() {
  return {
      {"--listen", "listen", "HOST:PORT", {}},      {"--admin-listen", "admin.listen", "HOST:PORT", {}},
      {"--data-dir", "data_dir", "DIR", {}},        {"--log-level", "log.level", "LEVEL", {}},
      {"--log-format", "log.format", "FORMAT", {}},
  };
}

std::string About(const Setting<Config>& setting) {
  std::string text = fmt::format("{} {}; default {}.", setting.about, setting.values, setting.show(Config()));
  std::erase(text, '`');  // Markdown's, for the documents
  return text;
}

// True when all of them could be applied.
bool Apply(const std::vector<Override>& overrides, Config& config, std::ostream& err) {
  bool good = true;
  for (const Override& entry : overrides) {
    if (!entry.value) continue;
    absl::Status status = ServerSchema().Find(entry.setting)->set(*entry.value, config);
    if (status.ok()) continue;
    err << "semeld: " << entry.flag << ": " << status.message() << "\n";
    good = false;
  }
  if (!good) return false;
  // The file was checked when it was read; flags may have broken a relation since.
  for (const Rule<Config>& rule : ServerSchema().rules) {
    if (rule.holds(config)) continue;
    err << "semeld: " << rule.key << " (" << ServerSchema().Find(rule.key)->show(config) << ") " << rule.relation << " "
        << rule.other << " (" << ServerSchema().Find(rule.other)->show(config) << ")\n";
    good = false;
  }
  return good;
}

}  // namespace

std::variant<Config, ExitCode> ParseFlags(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  CLI::App app("Semel: lets any program do a side effect once.", "semeld");
  app.footer(kFooter);
  app.set_version_flag("--version", "semeld " SEMEL_VERSION);
  std::optional<std::string> path;
  app.add_option("--config", path, "The configuration file (YAML)")->type_name("FILE");
  std::vector<Override> overrides = Overrides();
  for (Override& entry : overrides) {
    app.add_option(entry.flag, entry.value, About(*ServerSchema().Find(entry.setting)))->type_name(entry.value_name);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return ExitCode{app.exit(error, out, err) == 0 ? 0 : kExitUsage};
  }

  absl::StatusOr<Config> config = path ? LoadConfig(*path) : Config();
  if (!config.ok()) {
    err << config.status().message() << "\n";
    return ExitCode{kExitUsage};
  }
  if (!Apply(overrides, *config, err)) return ExitCode{kExitUsage};
  return *std::move(config);
}

}  // namespace semel::ops
