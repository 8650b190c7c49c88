#include "server/ops/flags.h"

#include <optional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "server/ops/config_text.h"
#include "server/ops/settings.h"
#include "server/ops/tls_files.h"

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
  semeld --check-config /etc/semel/semeld.yaml && systemctl reload semeld

Without --config every setting has its default. docs/configuration.md lists them all.)";

#ifdef SEMEL_TEST_CLOCK
constexpr bool kHasTestClock = true;
#else
constexpr bool kHasTestClock = false;
#endif

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

// Every problem, one a line.
absl::Status Apply(const std::vector<Override>& overrides, Config& config) {
  std::string problems;
  const auto add = [&](const std::string& problem) { problems += (problems.empty() ? "" : "\n") + problem; };
  for (const Override& entry : overrides) {
    if (!entry.value) continue;
    absl::Status status = ServerSchema().Find(entry.setting)->set(*entry.value, config);
    if (status.ok()) continue;
    add(fmt::format("semeld: {}: {}", entry.flag, std::string(status.message())));
  }
  if (!problems.empty()) return absl::InvalidArgumentError(problems);
  // The file was checked when it was read; flags may have broken a relation since.
  for (const Rule<Config>& rule : ServerSchema().rules) {
    if (rule.holds(config)) continue;
    add(fmt::format("semeld: {} ({}) {} {} ({})", rule.key, ServerSchema().Find(rule.key)->show(config), rule.relation,
                    rule.other, ServerSchema().Find(rule.other)->show(config)));
  }
  return problems.empty() ? absl::OkStatus() : absl::InvalidArgumentError(problems);
}

absl::StatusOr<Config> Read(const std::optional<std::string>& path, const std::vector<Override>& overrides) {
  absl::StatusOr<Config> config = path ? LoadConfig(*path) : Config();
  if (!config.ok()) return config;
  if (absl::Status status = Apply(overrides, *config); !status.ok()) return status;
  return config;
}

// What a start would find in the files that the configuration names.
absl::Status CheckFiles(const Config& config) {
  if (!config.tls.enabled()) return absl::OkStatus();
  const absl::StatusOr<rpc::TlsIdentity> identity = ReadTlsFiles(config.tls);
  return identity.ok() ? CheckTls(*identity, config.tls).status() : identity.status();
}

struct Flags {
  std::optional<std::string> path;
  std::optional<int64_t> test_clock;
  bool check_only = false;
  std::vector<Override> overrides = Overrides();
};

// The flags are written while `app` parses.
void AddFlags(CLI::App& app, Flags& flags) {
  app.name("semeld");
  app.description("Semel: lets any program do a side effect once.");
  app.footer(kFooter);
  app.set_version_flag("--version", "semeld " SEMEL_VERSION);
  auto* config_option = app.add_option("--config", flags.path, "The configuration file (YAML); SIGHUP reads it again");
  config_option->type_name("FILE");
  app.add_option(
         "--check-config", flags.path,
         "Only reads the file, and those of tls: prints what would be in force, as YAML, and exits with 0; or every "
         "problem, and exits with 2. Opens neither ports nor data.")
      ->type_name("FILE")
      ->excludes(config_option)
      ->each([&flags](const std::string&) { flags.check_only = true; });
  for (Override& entry : flags.overrides) {
    app.add_option(entry.flag, entry.value, About(*ServerSchema().Find(entry.setting)))->type_name(entry.value_name);
  }
  // Hidden: nobody who serves others wants it.
  app.add_option("--test-clock", flags.test_clock)->check(CLI::NonNegativeNumber)->group("");
}

}  // namespace

std::variant<CommandLine, ExitCode> ParseFlags(int argc, const char* const* argv, std::ostream& out,
                                               std::ostream& err) {
  CLI::App app;
  Flags flags;
  AddFlags(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return ExitCode{app.exit(error, out, err) == 0 ? 0 : kExitUsage};
  }

  if (flags.test_clock && !kHasTestClock) {
    err << "semeld: --test-clock: only builds for tests have it (cmake -DSEMEL_TEST_CLOCK=ON), because leases and "
           "retention mean nothing with it\n";
    return ExitCode{kExitUsage};
  }
  absl::StatusOr<Config> config = Read(flags.path, flags.overrides);
  if (!config.ok()) {
    err << config.status().message() << "\n";
    return ExitCode{kExitUsage};
  }
  if (flags.check_only) {
    if (absl::Status files = CheckFiles(*config); !files.ok()) {
      err << "semeld: " << files.message() << "\n";
      return ExitCode{kExitUsage};
    }
    out << "# " << *flags.path << ": OK. In force would be:\n" << ToYaml(*config);
    return ExitCode{0};
  }
  return CommandLine{.config = *std::move(config),
                     .read_again = [path = flags.path, overrides = flags.overrides]() -> absl::StatusOr<Config> {
                       if (!path) return absl::FailedPreconditionError("semeld was started without --config");
                       return Read(path, overrides);
                     },
                     .test_clock = flags.test_clock};
}

void WithFlags(const std::function<void(const CLI::App&)>& read) {
  CLI::App app;
  Flags flags;
  AddFlags(app, flags);
  read(app);
}

}  // namespace semel::ops
