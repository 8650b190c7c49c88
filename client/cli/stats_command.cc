#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "client/cli/duration_text.h"
#include "client/cli/operator.h"
#include "client/cli/report.h"
#include "client/cli/stats_page.h"
#include "client/cli/value_checks.h"

namespace semel::cli {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr char kExamples[] =
    "Examples:\n"
    "  semel stats\n"
    "  semel stats --watch\n"
    "  semel stats --watch 10s --count 6 --output json\n"
    "\n"
    "With --watch the table shows rates per second, and JSON is one object a line. Ctrl-C ends it.\n"
    "\n";

constexpr Duration kUsualInterval = 2s;
constexpr Duration kShortestInterval = 100ms;
constexpr Duration kPatienceWithReader = 1s;

struct Watch {
  bool on = false;
  Duration interval = kUsualInterval;
  uint64_t count = 0;  // readings; 0: until Ctrl-C
};

// Ends the process with success on Ctrl-C or SIGTERM, and not in the middle of a page, unless nobody reads it.
class EndOnSignal {
 public:
  // Before any other thread is started, so that all of them leave the signals to this one.
  EndOnSignal() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::thread([this, signals] {
      int signal = 0;
      sigwait(&signals, &signal);
      printing_.try_lock_for(kPatienceWithReader);
      std::_Exit(static_cast<int>(ExitCode::kOk));
    }).detach();
  }

  void Print(std::ostream& out, const std::string& text) {
    const std::lock_guard<std::timed_mutex> lock(printing_);
    out << text << std::flush;
  }

 private:
  std::timed_mutex printing_;
};

bool IsAway(const absl::Status& error) {
  return error.code() == absl::StatusCode::kUnavailable || error.code() == absl::StatusCode::kDeadlineExceeded;
}

// Readings of one server, one after another; those after the first come with rates.
class Readings {
 public:
  Readings(AdminClient& admin, const CommonOptions& common) : admin_(admin), common_(common) {}

  // What to print, or an error that waiting does not heal. While the server is away it says so, and tries again next time.
  absl::StatusOr<std::string> Next() {
    const absl::StatusOr<Stats> stats = admin_.GetStats();
    if (!stats.ok() && !IsAway(stats.status())) return stats.status();
    if (!stats.ok()) {
      return common_.output == "json"
                 ? FactsOf(stats.status(), admin_.options().tls).AsJson()
                 : admin_.options().address + " is away: " + std::string(stats.status().message()) + "\n";
    }
    const std::optional<Rates> rates = before_ ? RatesBetween(*before_, *stats) : std::nullopt;
    before_ = *stats;
    return common_.output == "json" ? JsonOf(*stats, rates).dump() + "\n"
                                    : PageOf(*stats, admin_.options().address, rates);
  }

 private:
  AdminClient& admin_;
  const CommonOptions& common_;
  std::optional<Stats> before_;
};

ExitCode WatchStats(const Watch& watch, CommonOptions common) {
  auto* end_on_signal = new EndOnSignal();  // its thread lives as long as the process
  // One reading must not wait for a server that is away for longer than it takes to say so.
  common.timeout = std::min<Duration>(common.timeout, std::max<Duration>(watch.interval, 1s));
  auto admin = OpenAdmin(common);
  if (!admin.ok()) return PrintError(common, admin.status());
  Readings readings(**admin, common);
  const bool in_place = common.output == "text" && isatty(STDOUT_FILENO) != 0;
  Clock::time_point next = Clock::now();
  for (uint64_t n = 1;; ++n) {
    const absl::StatusOr<std::string> text = readings.Next();
    if (!text.ok()) return PrintError(common, text.status());
    // From the top of the screen on, and what is left below of the page before is cleared.
    const std::string between = common.output == "json" ? "" : n > 1 ? "\n" : "";
    end_on_signal->Print(std::cout, in_place ? "\x1b[H\x1b[2J" + *text : between + *text);
    if (!std::cout) return ExitCode::kError;  // nobody reads on
    if (n == watch.count) return ExitCode::kOk;
    next = std::max(next + watch.interval, Clock::now());
    std::this_thread::sleep_until(next);
  }
}

ExitCode ShowStats(const CommonOptions& common) {
  auto admin = OpenAdmin(common);
  if (!admin.ok()) return PrintError(common, admin.status());
  const absl::StatusOr<Stats> stats = (*admin)->GetStats();
  if (!stats.ok()) return PrintError(common, stats.status());
  std::cout << (common.output == "json" ? JsonOf(*stats, std::nullopt).dump() + "\n"
                                        : PageOf(*stats, (*admin)->options().address, std::nullopt))
            << std::flush;
  return ExitCode::kOk;
}

void SetInterval(const std::string& text, Watch& watch) {
  watch.on = true;
  if (text.empty() || text == "true") return;  // CLI11's word for an option without its value
  const std::optional<Duration> interval = ParseDuration(text);
  if (!interval || *interval < kShortestInterval) {
    throw CLI::ValidationError("--watch", "\"" + text + "\" is no length of time of 100ms or more, such as 2s");
  }
  watch.interval = *interval;
}

}  // namespace

void AddStatsCommand(CLI::App& app, CommonOptions& common, ExitCode& exit_code) {
  CLI::App* command = app.add_subcommand("stats", "Show the server's figures: open keys, calls, storage, health");
  auto watch = std::make_shared<Watch>();
  auto* interval = command
                       ->add_option_function<std::string>(
                           "--watch", [watch](const std::string& text) { SetInterval(text, *watch); },
                           "Again and again, every 2s or as often as this says, with rates per second")
                       ->expected(0, 1)
                       ->type_name("[INTERVAL]");
  command->add_option("--count", watch->count, "End after so many readings (default: never)")
      ->check(WholeNumber(1))
      ->needs(interval)
      ->type_name("NUMBER");
  AddServerOptions(*command, common);
  command->footer(std::string(kExamples) + kExitCodeHelp);
  command->callback(
      [watch, &common, &exit_code] { exit_code = watch->on ? WatchStats(*watch, common) : ShowStats(common); });
}

}  // namespace semel::cli
