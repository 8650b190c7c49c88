#include "client/demo/order_stream.h"

#include <fstream>
#include <map>
#include <string_view>
#include <utility>

namespace semel::demo {
namespace {

using Json = nlohmann::ordered_json;

const std::map<std::string, Kind, std::less<>>& Kinds() {
  static const std::map<std::string, Kind, std::less<>> kKinds = {
      {"first", Kind::kFirst}, {"duplicate", Kind::kDuplicate}, {"retry", Kind::kRetry}, {"changed", Kind::kChanged}};
  return kKinds;
}

const std::map<std::string, Fault, std::less<>>& Faults() {
  static const std::map<std::string, Fault, std::less<>> kFaults = {
      {"", Fault::kNone},
      {"lose_reply", Fault::kLoseReply},
      {"worker_killed_before_effect", Fault::kKilledBeforeEffect},
      {"worker_killed_after_effect", Fault::kKilledAfterEffect},
      {"worker_paused", Fault::kPaused}};
  return kFaults;
}

absl::StatusOr<StreamEntry> ParseEntry(const std::string& line) try {
  const Json json = Json::parse(line);
  if (json.contains("event")) {
    if (json.at("event") != "server_killed") return absl::InvalidArgumentError("unknown event");
    return StreamEntry();
  }
  const auto kind = Kinds().find(json.at("kind").get<std::string>());
  const auto fault = Faults().find(json.value("fault", ""));
  if (kind == Kinds().end()) return absl::InvalidArgumentError("unknown kind");
  if (fault == Faults().end()) return absl::InvalidArgumentError("unknown fault");
  absl::StatusOr<Order> order = ParseOrder(json.at("order"));
  if (!order.ok()) return order.status();
  return OrderRequest{
      .number = json.at("request"), .kind = kind->second, .order = *std::move(order), .fault = fault->second};
} catch (const Json::exception& error) {
  return absl::InvalidArgumentError(error.what());
}

}  // namespace

absl::StatusOr<Order> ParseOrder(const Json& json) try {
  return Order{.id = json.at("id"),
               .by_card = json.at("payment") == "card",
               .total_cents = json.at("total_cents"),
               .content = json};
} catch (const Json::exception& error) {
  return absl::InvalidArgumentError(error.what());
}

absl::StatusOr<std::vector<StreamEntry>> ReadOrderStream(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError("cannot read " + path);
  std::vector<StreamEntry> entries;
  for (std::string line; std::getline(file, line);) {
    absl::StatusOr<StreamEntry> entry = ParseEntry(line);
    if (!entry.ok()) {
      return absl::InvalidArgumentError(path + ":" + std::to_string(entries.size() + 1) + ": " +
                                        std::string(entry.status().message()));
    }
    entries.push_back(*std::move(entry));
  }
  return entries;
}

}  // namespace semel::demo
