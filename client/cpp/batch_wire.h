// Between batches of plain values and the messages of the batch calls.

#ifndef SEMEL_CLIENT_CPP_BATCH_WIRE_H_
#define SEMEL_CLIENT_CPP_BATCH_WIRE_H_

#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cpp/error_details.h"
#include "client/cpp/lease_keeper.h"
#include "semel/v1/idempotency_service.pb.h"

namespace semel {

v1::BatchRenewRequest ToWire(const std::vector<HeldKey>& leases);

// The items of a BatchRenew, in order.
absl::StatusOr<LeaseKeeper::Renewed> ToRenewed(const v1::BatchRenewResponse& response, size_t expected);

// Each item as the single call would have answered or failed.
template <typename Answer, typename Response, typename Translate>
absl::StatusOr<std::vector<absl::StatusOr<Answer>>> ToItems(const Response& response, size_t expected,
                                                            Translate translate) {
  if (static_cast<size_t>(response.items_size()) != expected) {
    return absl::InternalError(
        absl::StrCat("the server answered ", response.items_size(), " items to a batch of ", expected));
  }
  std::vector<absl::StatusOr<Answer>> items;
  items.reserve(expected);
  for (const auto& item : response.items()) {
    if (item.has_response()) {
      items.emplace_back(translate(item.response()));
    } else {
      items.emplace_back(ToStatus(item.error()));
    }
  }
  return items;
}

}  // namespace semel

#endif  // SEMEL_CLIENT_CPP_BATCH_WIRE_H_
