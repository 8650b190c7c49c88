#include "client/demo/tally.h"

#include "absl/strings/str_format.h"

namespace semel::demo {
namespace {

struct Audit {
  int placed = 0;        // orders that stand in the ledger
  int placed_twice = 0;  // or more often
  int lost = 0;          // asked for, and not in the ledger
  int wrong = 0;         // with another total, or never asked for
};

Audit Compare(const Tally& tally, const std::vector<Placement>& ledger) {
  std::map<std::string, int> times;
  Audit audit;
  for (const Placement& placement : ledger) {
    ++times[placement.order];
    const auto asked = tally.asked_for.find(placement.order);
    if (asked == tally.asked_for.end() || asked->second != placement.total_cents) ++audit.wrong;
  }
  for (const auto& [order, count] : times) {
    ++audit.placed;
    if (count > 1) ++audit.placed_twice;
  }
  for (const auto& [order, total] : tally.asked_for) {
    if (!times.contains(order)) ++audit.lost;
  }
  return audit;
}

std::string Row(const std::string& name, int count, const std::string& remark = "") {
  return absl::StrFormat("  %-44s %6d%s\n", name, count, remark.empty() ? "" : "   " + remark);
}

}  // namespace

bool Holds(const Tally& tally, const std::vector<Placement>& ledger) {
  const Audit audit = Compare(tally, ledger);
  return audit.placed_twice == 0 && audit.lost == 0 && audit.wrong == 0 && tally.unanswered == 0 &&
         tally.wrongly_accepted == 0 && tally.not_done_in_semel == 0;
}

std::string Table(const Tally& tally, const std::vector<Placement>& ledger) {
  const Audit audit = Compare(tally, ledger);
  std::string table = "\n";
  table += Row("orders asked for", static_cast<int>(tally.asked_for.size()));
  table += Row("requests received", tally.requests + tally.asked_again,
               absl::StrFormat("%d recorded, %d asked again for want of an answer", tally.requests, tally.asked_again));
  table += Row("orders placed", audit.placed);
  table += Row("duplicates answered from the record", tally.replayed);
  table += Row("other orders under a used number, refused", tally.refused);
  table += Row("takeovers of abandoned attempts", tally.takeovers,
               absl::StrFormat("%d had been placed, %d had not", tally.takeovers_found_placed,
                               tally.takeovers - tally.takeovers_found_placed));
  table += Row("in doubt, settled by reading the ledger", tally.in_doubt,
               absl::StrFormat("%d had been placed, %d had not", tally.in_doubt_placed, tally.in_doubt_not_placed));
  table += Row("late writes refused by their fencing token", tally.fenced);
  table += Row("lost replies survived", tally.replies_lost);
  table += Row("workers killed -9", tally.workers_killed);
  table += Row("servers killed -9", tally.servers_killed);
  table += "\n";
  table += Row("orders placed twice", audit.placed_twice);
  table += Row("orders lost", audit.lost);
  if (audit.wrong > 0) table += Row("orders placed that nobody asked for", audit.wrong);
  if (tally.unanswered > 0) table += Row("requests without an answer", tally.unanswered);
  if (tally.wrongly_accepted > 0) table += Row("other orders under a used number, accepted", tally.wrongly_accepted);
  if (tally.not_done_in_semel > 0) table += Row("orders that Semel does not know as done", tally.not_done_in_semel);
  table += absl::StrFormat("\n%s (%.1f s)\n", Holds(tally, ledger) ? "Every order was placed exactly once." : "FAILED.",
                           tally.seconds);
  return table;
}

}  // namespace semel::demo
