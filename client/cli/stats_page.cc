#include "client/cli/stats_page.h"

#include <array>
#include <chrono>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/columns.h"
#include "client/cli/instant_text.h"
#include "client/cli/key_table.h"
#include "client/cli/number_text.h"

namespace semel::cli {
namespace {

using nlohmann::ordered_json;
using Counted = std::vector<std::pair<std::string, int64_t>>;
using Row = std::vector<std::string>;

constexpr std::array<std::string_view, 8> kAnswers = {"acquired", "done",    "failed",   "in_progress",
                                                      "in_doubt", "expired", "mismatch", "refused"};

double Seconds(Duration length) { return std::chrono::duration<double>(length).count(); }

// All counters of a namespace by name, always the same ones in the same order.
Counted CountersOf(const NamespaceFigures& figures) {
  Counted counters;
  for (const std::string_view answer : kAnswers) {
    const auto found = figures.begins.find(std::string(answer));
    counters.emplace_back("begin_" + std::string(answer), found == figures.begins.end() ? 0 : found->second);
  }
  counters.emplace_back("completed_done", figures.completed_done);
  counters.emplace_back("completed_failed", figures.completed_failed);
  counters.emplace_back("takeovers", figures.takeovers);
  counters.emplace_back("stale_tokens", figures.stale_tokens);
  return counters;
}

const NamespaceFigures* Find(const Stats& stats, const std::string& name) {
  for (const NamespaceFigures& figures : stats.namespaces) {
    if (figures.namespace_name == name) return &figures;
  }
  return nullptr;
}

std::string Share(int64_t part, int64_t whole) {
  const std::string share = whole > 0 ? absl::StrCat(" (", 100 * part / whole, " %)") : "";
  return share;
}

Row OpenKeysRow(const OpenKeys& open) {
  return {"open keys",
          absl::StrCat(Grouped(open.in_progress), " in progress, ", Grouped(open.in_doubt), " in doubt, of ",
                       Grouped(open.max_keys), Share(open.in_progress + open.in_doubt, open.max_keys))};
}

std::vector<Row> Summary(const Stats& stats) {
  std::vector<Row> rows = {
      {"started", InstantText(stats.start_time, stats.server_time)},
      OpenKeysRow(stats.open_keys),
      {"their memory", absl::StrCat(RoughSize(stats.open_keys.bytes), " of ", RoughSize(stats.open_keys.max_bytes),
                                    Share(stats.open_keys.bytes, stats.open_keys.max_bytes))},
      {"waiters", Grouped(stats.waiters)},
      {"calls in flight", Grouped(stats.calls_in_flight)},
  };
  const std::optional<Backup>& backup = stats.last_backup;
  rows.push_back({"last backup", backup ? absl::StrCat("number ", backup->id, ", ", RoughSize(backup->size_bytes), ", ",
                                                       InstantText(backup->create_time, stats.server_time))
                                        : "none"});
  if (stats.wall_clock_offset >= std::chrono::seconds(1)) {
    rows.push_back({"clock", "the machine's is " + RoughDuration(stats.wall_clock_offset) + " ahead of the server's"});
  } else if (stats.wall_clock_offset <= -std::chrono::seconds(1)) {
    rows.push_back({"clock", "the machine's is " + RoughDuration(-stats.wall_clock_offset) +
                                 " behind the server's: it was set back"});
  }
  return rows;
}

std::vector<Row> NamespaceTable(const Stats& stats, const std::optional<Rates>& rates) {
  // Short, so that the table fits 120 columns; the names of the JSON are the long ones, in the same order.
  std::vector<Row> rows = {{"NAMESPACE", "ACQUIRED", "DONE", "FAILED", "IN PROGR.", "IN DOUBT", "EXPIRED", "MISMATCH",
                            "REFUSED", "RESULTS", "FAILURES", "TAKEOVERS", "STALE"}};
  for (const NamespaceFigures& figures : stats.namespaces) {
    Row row = {Word(figures.namespace_name)};
    if (figures.namespace_name == "(other)") row[0] = figures.namespace_name;
    for (const auto& [name, count] : CountersOf(figures)) {
      if (!rates) {
        row.push_back(Grouped(count));
        continue;
      }
      const auto found = rates->find(figures.namespace_name);
      row.push_back(found == rates->end() ? "-" : RoughNumber(found->second.at(name)));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<Row> StorageTable(const Stats& stats) {
  std::vector<Row> rows;
  for (const auto& [name, value] : stats.storage) {
    const bool bytes = std::string_view(name).ends_with("_bytes");
    rows.push_back({name, bytes ? RoughSize(static_cast<int64_t>(value)) : Grouped(static_cast<int64_t>(value))});
  }
  return rows;
}

}  // namespace

std::optional<Rates> RatesBetween(const Stats& before, const Stats& now) {
  const double seconds = Seconds(now.server_time - before.server_time);
  if (before.start_time != now.start_time || seconds <= 0) return std::nullopt;
  Rates rates;
  for (const NamespaceFigures& figures : now.namespaces) {
    const NamespaceFigures* earlier = Find(before, figures.namespace_name);
    if (earlier == nullptr) continue;
    const Counted then = CountersOf(*earlier);
    const Counted counters = CountersOf(figures);
    for (size_t i = 0; i < counters.size(); ++i) {
      if (counters[i].second < then[i].second) return std::nullopt;
      rates[figures.namespace_name][counters[i].first] =
          static_cast<double>(counters[i].second - then[i].second) / seconds;
    }
  }
  return rates;
}

std::string PageOf(const Stats& stats, const std::string& address, const std::optional<Rates>& rates) {
  std::string page = absl::StrCat("semeld ", stats.version, " at ", address, ": ",
                                  stats.not_ready_reason.empty() ? "ready" : "NOT READY", "\n");
  if (!stats.not_ready_reason.empty()) absl::StrAppend(&page, "  ", stats.not_ready_reason, "\n");
  absl::StrAppend(&page, Aligned(Summary(stats)), "\n",
                  rates ? "Per second: begins by answer" : "Since the start: begins by answer",
                  ", then completes, takeovers and stale tokens\n", Aligned(NamespaceTable(stats, rates)));
  if (!stats.storage.empty()) absl::StrAppend(&page, "\nStorage\n", Aligned(StorageTable(stats)));
  return page;
}

ordered_json JsonOf(const Stats& stats, const std::optional<Rates>& rates) {
  ordered_json json;
  json["version"] = stats.version;
  json["ready"] = stats.not_ready_reason.empty();
  if (!stats.not_ready_reason.empty()) json["not_ready_reason"] = stats.not_ready_reason;
  json["start_time"] = Rfc3339(stats.start_time);
  json["server_time"] = Rfc3339(stats.server_time);
  json["wall_clock_offset_seconds"] = Seconds(stats.wall_clock_offset);
  const OpenKeys& open = stats.open_keys;
  json["open_keys"] = {{"in_progress", open.in_progress},
                       {"in_doubt", open.in_doubt},
                       {"bytes", open.bytes},
                       {"max_keys", open.max_keys},
                       {"max_bytes", open.max_bytes}};
  json["waiters"] = stats.waiters;
  json["calls_in_flight"] = stats.calls_in_flight;
  json["namespaces"] = ordered_json::array();
  for (const NamespaceFigures& figures : stats.namespaces) {
    ordered_json entry;
    entry["namespace"] = figures.namespace_name;
    for (const auto& [name, count] : CountersOf(figures)) entry[name] = count;
    if (rates && rates->contains(figures.namespace_name)) entry["per_second"] = rates->at(figures.namespace_name);
    json["namespaces"].push_back(std::move(entry));
  }
  json["storage"] = stats.storage;
  if (stats.last_backup) {
    json["last_backup"] = {{"id", stats.last_backup->id},
                           {"create_time", Rfc3339(stats.last_backup->create_time)},
                           {"size_bytes", stats.last_backup->size_bytes}};
  }
  return json;
}

}  // namespace semel::cli
