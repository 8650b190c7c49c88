#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cpp/client_core.h"
#include "client/cpp/error_details.h"
#include "client/cpp/from_wire.h"
#include "client/cpp/to_wire.h"
#include "semel/client.h"

namespace semel {
namespace {

using Stub = Connection::Stub;

std::string NamingBatch(const std::string& call, size_t count) { return absl::StrCat(call, " of ", count, " keys"); }

template <typename WireBatch, typename Request>
WireBatch ToWireBatch(const std::vector<Request>& requests, const ClientOptions& options) {
  WireBatch batch;
  for (const Request& request : requests) *batch.add_requests() = ToWire(request, options);
  return batch;
}

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

}  // namespace

absl::StatusOr<LeaseKeeper::Renewed> ToRenewed(const v1::BatchRenewResponse& response, size_t expected) {
  return ToItems<Duration>(response, expected,
                           [](const v1::RenewResponse& renewed) { return ToDuration(renewed.lease()); });
}

v1::BatchRenewRequest ToWire(const std::vector<RenewRequest>& requests, const ClientOptions& options) {
  return ToWireBatch<v1::BatchRenewRequest>(requests, options);
}

absl::StatusOr<std::vector<absl::StatusOr<BeginAnswer>>> Client::BatchBegin(const std::vector<BeginRequest>& requests) {
  auto response = core_->connection.Call(NamingBatch("BatchBegin", requests.size()), core_->budget(), &Stub::BatchBegin,
                                         ToWireBatch<v1::BatchBeginRequest>(requests, core_->options));
  if (!response.ok()) return response.status();
  return ToItems<BeginAnswer>(*response, requests.size(), ToBeginAnswer);
}

absl::StatusOr<std::vector<absl::StatusOr<Completed>>> Client::BatchComplete(
    const std::vector<CompleteRequest>& requests) {
  auto response =
      core_->connection.Call(NamingBatch("BatchComplete", requests.size()), core_->budget(), &Stub::BatchComplete,
                             ToWireBatch<v1::BatchCompleteRequest>(requests, core_->options));
  if (!response.ok()) return response.status();
  return ToItems<Completed>(*response, requests.size(), ToCompleted);
}

absl::StatusOr<std::vector<absl::StatusOr<Duration>>> Client::BatchRenew(const std::vector<RenewRequest>& requests) {
  auto response = core_->connection.Call(NamingBatch("BatchRenew", requests.size()), core_->budget(), &Stub::BatchRenew,
                                         ToWire(requests, core_->options));
  if (!response.ok()) return response.status();
  return ToRenewed(*response, requests.size());
}

}  // namespace semel
