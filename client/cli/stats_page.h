// The server's figures as a page for people and as JSON, and what changed between two readings.

#ifndef SEMEL_CLIENT_CLI_STATS_PAGE_H_
#define SEMEL_CLIENT_CLI_STATS_PAGE_H_

#include <map>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "semel/admin_client.h"

namespace semel::cli {

// Per second of the server's time, by namespace and by the figure's name, for example "begin_acquired".
using Rates = std::map<std::string, std::map<std::string, double>>;

// nullopt where the two readings cannot be compared: the server was restarted between them, so that its counters began again, or
// no time has passed.
std::optional<Rates> RatesBetween(const Stats& before, const Stats& now);

// With rates its table has those, without them what was counted since the process began.
std::string PageOf(const Stats& stats, const std::string& address, const std::optional<Rates>& rates);
nlohmann::ordered_json JsonOf(const Stats& stats, const std::optional<Rates>& rates);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_STATS_PAGE_H_
