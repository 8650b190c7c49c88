// The recorded stream of order requests; make_orders.py describes the file.

#ifndef SEMEL_CLIENT_DEMO_ORDER_STREAM_H_
#define SEMEL_CLIENT_DEMO_ORDER_STREAM_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"

namespace semel::demo {

struct Order {
  std::string id;
  bool by_card = false;  // the card is charged with the order: it cannot be taken back
  int64_t total_cents = 0;
  nlohmann::ordered_json content;  // everything, as recorded

  std::string key() const { return "order/" + id; }
};

enum class Kind { kFirst, kDuplicate, kRetry, kChanged };
enum class Fault { kNone, kLoseReply, kKilledBeforeEffect, kKilledAfterEffect, kPaused };

struct OrderRequest {
  int number = 0;
  Kind kind = Kind::kFirst;
  Order order;
  Fault fault = Fault::kNone;
};

// One line of the file: a request, or nullopt for the moment at which the server is killed.
using StreamEntry = std::optional<OrderRequest>;

absl::StatusOr<Order> ParseOrder(const nlohmann::ordered_json& json);
// Errors: kNotFound, kInvalidArgument (says which line).
absl::StatusOr<std::vector<StreamEntry>> ReadOrderStream(const std::string& path);

}  // namespace semel::demo

#endif  // SEMEL_CLIENT_DEMO_ORDER_STREAM_H_
