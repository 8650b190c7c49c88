#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <utility>

#include "client/cli/key_table.h"
#include "client/cli/operator.h"
#include "client/cli/report.h"
#include "client/cli/value_checks.h"

namespace semel::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  semel list -n shop\n"
    "  semel list --all-namespaces --state in_doubt\n"
    "  semel list -n shop --prefix order/2024- --limit 0 --output json\n"
    "\n"
    "The time column tells when the lease lapses, since when a key is in doubt, or until when its outcome is "
    "replayed.\n"
    "JSON is one object a line, so that a long listing can be read while it comes:\n"
    "  semel list -A --state in_doubt --limit 0 -o json | jq -r '[.namespace, .key, .owner] | @tsv'\n"
    "\n";

constexpr State kStates[] = {State::kInProgress, State::kInDoubt, State::kDone, State::kFailed, State::kExpired};
constexpr size_t kMostPerPage = 1000;  // that the server gives

struct Listing {
  std::string prefix;
  std::string state;
  size_t limit = 100;  // 0: none
  bool all_namespaces = false;
};

std::vector<std::string> StateNames() {
  std::vector<std::string> names;
  for (const State state : kStates) names.emplace_back(NameOf(state));
  return names;
}

absl::StatusOr<ListKeysRequest> RequestOf(const Listing& listing, const CommonOptions& common) {
  ListKeysRequest request{.key_prefix = listing.prefix};
  if (!listing.all_namespaces) {
    absl::StatusOr<std::string> name = NamespaceOf(common, "or --all-namespaces, ");
    if (!name.ok()) return name.status();
    request.namespace_name = *std::move(name);
  }
  for (const State state : kStates) {
    if (NameOf(state) == listing.state) request.state = state;
  }
  return request;
}

std::optional<size_t> TerminalWidth() {
  winsize size{};
  if (isatty(STDOUT_FILENO) == 0 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return std::nullopt;
  return size.ws_col;
}

std::string LinesOf(const std::vector<ListedKey>& keys) {
  std::string lines;
  for (const ListedKey& key : keys) lines += FactsOf(key).AsJson();
  return lines;
}

// Page by page, so that a million keys never stand in memory.
ExitCode List(const Listing& listing, const CommonOptions& common) {
  absl::StatusOr<ListKeysRequest> request = RequestOf(listing, common);
  if (!request.ok()) return PrintError(common, request.status());
  auto admin = OpenAdmin(common);
  if (!admin.ok()) return PrintError(common, admin.status());
  KeyTable table(listing.all_namespaces, TerminalWidth());
  size_t listed = 0;
  bool more = false;
  do {
    // One key beyond the limit tells whether there are more.
    const size_t wanted = listing.limit == 0 ? kMostPerPage : listing.limit - listed + 1;
    request->page_size = static_cast<int>(std::min(wanted, kMostPerPage));
    absl::StatusOr<KeysPage> page = (*admin)->ListKeys(*request);
    if (!page.ok()) return PrintError(common, page.status());
    more = listing.limit != 0 && listed + page->keys.size() > listing.limit;
    if (more) page->keys.resize(listing.limit - listed);
    listed += page->keys.size();
    std::cout << (common.output == "json" ? LinesOf(page->keys)
                                          : table.Page(page->keys, std::chrono::system_clock::now()))
              << std::flush;
    if (!std::cout) return ExitCode::kError;  // nobody reads on
    request->page_token = std::move(page->next_page_token);
  } while (!more && !request->page_token.empty());
  if (more) std::cerr << "There are more: --limit 0 lists all, --state and --prefix narrow it down.\n";
  if (listed == 0 && common.output == "text") std::cerr << "No such keys.\n";
  return ExitCode::kOk;
}

}  // namespace

void AddListCommand(CLI::App& app, CommonOptions& common, ExitCode& exit_code) {
  CLI::App* command = app.add_subcommand("list", "Find keys, first those in progress and in doubt");
  auto listing = std::make_shared<Listing>();
  command->add_option("--prefix", listing->prefix, "Only keys that begin with this")->type_name("TEXT");
  command->add_option("--state", listing->state, "Only keys in this state; in_progress and in_doubt cost nothing")
      ->check(CLI::IsMember(StateNames()))
      ->type_name("STATE");
  command->add_option("--limit", listing->limit, "List at most so many keys (default: 100); 0 for all")
      ->check(WholeNumber(0))
      ->type_name("NUMBER");
  command->add_flag("-A,--all-namespaces", listing->all_namespaces, "The keys of every namespace")
      ->excludes(command->get_option("--prefix"));
  AddCommonOptions(*command, common);
  command->get_option("--all-namespaces")->excludes(command->get_option("--namespace"));
  command->footer(std::string(kExamples) + kExitCodeHelp);
  command->callback([listing, &common, &exit_code] { exit_code = List(*listing, common); });
}

}  // namespace semel::cli
