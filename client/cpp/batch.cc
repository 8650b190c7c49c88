#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cpp/batch_wire.h"
#include "client/cpp/check_text.h"
#include "client/cpp/client_core.h"
#include "client/cpp/error_details.h"
#include "client/cpp/from_wire.h"
#include "client/cpp/to_wire.h"
#include "semel/client.h"

namespace semel {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Stub = v1::IdempotencyService::Stub;

// Of one message; the server takes no more.
constexpr size_t kMaxItems = 1000;
constexpr size_t kMaxBytes = size_t{4} * 1024 * 1024;
// What an item takes in its message beside its own bytes: a tag and a length.
constexpr size_t kItemOverhead = 6;

absl::Status CheckItem(const CompleteRequest& request) { return CheckSizes(request.outcome); }
absl::Status CheckItem(const BeginRequest&) { return absl::OkStatus(); }
absl::Status CheckItem(const RenewRequest&) { return absl::OkStatus(); }

absl::Status CheckSize(const std::string& key, size_t size) {
  if (size + kItemOverhead <= kMaxBytes) return absl::OkStatus();
  return LocalError(absl::StatusCode::kInvalidArgument, reason::kFieldInvalid,
                    absl::StrCat("the request of ", key.substr(0, 255), " has ", size,
                                 " bytes, more than a message of ", kMaxBytes, " carries"),
                    {{"limit", absl::StrCat(kMaxBytes)}, {"size", absl::StrCat(size)}});
}

absl::Status NotSent(const absl::Status& error) {
  return absl::Status(error.code(),
                      absl::StrCat("not sent, as a message of the same batch before it failed: ", error.message()));
}

// The way of one batch to the server, in as many messages as it needs.
template <typename WireBatch, typename Response, typename Answer, typename Translate>
class Messages {
 public:
  using Items = std::vector<absl::StatusOr<Answer>>;
  using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const WireBatch&, Response*);

  Messages(ClientCore& core, const char* name, const CallOptions& options, Method method, Translate translate)
      : core_(core),
        name_(name),
        options_(options),
        method_(method),
        translate_(translate),
        deadline_(SteadyClock::now() + core.budget(options).total) {}

  template <typename Request>
  absl::StatusOr<Items> Send(const std::vector<Request>& requests) {
    items_.assign(requests.size(), absl::UnknownError("no answer"));
    for (size_t i = 0; i < requests.size() && failed_.ok(); ++i) Add(requests[i], i);
    // An empty batch goes too: the server says what it thinks of it.
    if (failed_.ok() && (!waiting_.empty() || requests.empty())) Flush();
    if (!failed_.ok() && !answered_) return failed_;
    if (!failed_.ok()) {
      for (size_t i = sent_; i < items_.size(); ++i) items_[i] = NotSent(failed_);
    }
    return std::move(items_);
  }

 private:
  template <typename Request>
  void Add(const Request& request, size_t index) {
    auto wire = ToWire(request, core_.options);
    wire.set_namespace_(core_.NamespaceOf(options_));
    const size_t size = wire.ByteSizeLong();
    absl::Status fits = CheckItem(request);
    if (fits.ok()) fits = CheckText(wire);  // or one item would make the whole message unreadable
    if (fits.ok()) fits = CheckSize(request.key, size);
    const bool full = waiting_.size() == kMaxItems || bytes_ + size + kItemOverhead > kMaxBytes;
    if (fits.ok() && full) Flush();
    if (!failed_.ok()) return;
    sent_ = index + 1;
    if (!fits.ok()) {
      items_[index] = std::move(fits);
      return;
    }
    bytes_ += size + kItemOverhead;
    waiting_.push_back(index);
    *batch_.add_requests() = std::move(wire);
  }

  // Sends what waits, and puts the answers where they belong.
  void Flush() {
    CallBudget budget = core_.budget(options_);
    budget.total = deadline_ - SteadyClock::now();  // of all messages together
    auto response = core_.connection.Call(absl::StrCat(name_, " of ", waiting_.size(), " keys"), budget, *core_.stub,
                                          method_, batch_);
    absl::StatusOr<Items> answers =
        response.ok() ? ToItems<Answer>(*response, waiting_.size(), translate_) : response.status();
    if (answers.ok()) {
      answered_ = true;
    } else {
      failed_ = answers.status();
    }
    for (size_t i = 0; i < waiting_.size(); ++i) {
      items_[waiting_[i]] = answers.ok() ? std::move((*answers)[i]) : absl::StatusOr<Answer>(answers.status());
    }
    waiting_.clear();
    batch_.Clear();
    bytes_ = 0;
  }

  ClientCore& core_;
  const char* const name_;
  const CallOptions& options_;
  const Method method_;
  const Translate translate_;
  const SteadyClock::time_point deadline_;

  Items items_;
  WireBatch batch_;              // what waits to be sent
  std::vector<size_t> waiting_;  // its places in items_
  size_t bytes_ = 0;             // its size
  size_t sent_ = 0;              // all before it were sent, wait, or were refused here
  bool answered_ = false;        // some message was
  absl::Status failed_;          // the first message that was not
};

}  // namespace

absl::StatusOr<LeaseKeeper::Renewed> ToRenewed(const v1::BatchRenewResponse& response, size_t expected) {
  return ToItems<Duration>(response, expected,
                           [](const v1::RenewResponse& renewed) { return ToDuration(renewed.lease()); });
}

v1::BatchRenewRequest ToWire(const std::vector<HeldKey>& leases) {
  v1::BatchRenewRequest batch;
  for (const HeldKey& lease : leases) {
    v1::RenewRequest& request = *batch.add_requests();
    request.set_namespace_(lease.namespace_name);
    request.set_key(lease.key);
    request.set_token(lease.token);
  }
  return batch;
}

absl::StatusOr<std::vector<absl::StatusOr<BeginAnswer>>> Client::BatchBegin(const std::vector<BeginRequest>& requests,
                                                                            const CallOptions& options) {
  Messages<v1::BatchBeginRequest, v1::BatchBeginResponse, BeginAnswer, decltype(&ToBeginAnswer)> messages(
      *core_, "BatchBegin", options, &Stub::BatchBegin, &ToBeginAnswer);
  return messages.Send(requests);
}

absl::StatusOr<std::vector<absl::StatusOr<Completed>>> Client::BatchComplete(
    const std::vector<CompleteRequest>& requests, const CallOptions& options) {
  Messages<v1::BatchCompleteRequest, v1::BatchCompleteResponse, Completed, decltype(&ToCompleted)> messages(
      *core_, "BatchComplete", options, &Stub::BatchComplete, &ToCompleted);
  return messages.Send(requests);
}

absl::StatusOr<std::vector<absl::StatusOr<Duration>>> Client::BatchRenew(const std::vector<RenewRequest>& requests,
                                                                         const CallOptions& options) {
  const auto translate = [](const v1::RenewResponse& renewed) { return ToDuration(renewed.lease()); };
  Messages<v1::BatchRenewRequest, v1::BatchRenewResponse, Duration, decltype(translate)> messages(
      *core_, "BatchRenew", options, &Stub::BatchRenew, translate);
  return messages.Send(requests);
}

}  // namespace semel
