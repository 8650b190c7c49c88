#include "semel/client.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cpp/batch_wire.h"
#include "client/cpp/client_core.h"
#include "client/cpp/complete_options.h"
#include "client/cpp/error_details.h"
#include "client/cpp/from_wire.h"
#include "client/cpp/to_wire.h"

namespace semel {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Many times what any server takes of a field, and so little that all of them fit in a message.
constexpr size_t kMaxFieldBytes = 128 << 10;

size_t SizeOf(const std::map<std::string, std::string>& attributes) {
  size_t size = 0;
  for (const auto& [name, value] : attributes) size += name.size() + value.size();
  return size;
}

absl::Status CheckFields(const Outcome& outcome) {
  std::vector<FieldViolation> violations;
  const auto check = [&](const char* field, size_t size) {
    if (size <= kMaxFieldBytes) return;
    violations.push_back({field, absl::StrCat("has ", size, " bytes, more than any server takes")});
  };
  if (const auto* result = std::get_if<Result>(&outcome)) {
    check("result.content_type", result->content_type.size());
    check("result.attributes", SizeOf(result->attributes));
  }
  if (const auto* failure = std::get_if<Failure>(&outcome)) {
    check("failure.reason", failure->reason.size());
    check("failure.message", failure->message.size());
    check("failure.details", failure->details.size());
  }
  return violations.empty() ? absl::OkStatus() : LocalFieldError(violations);
}

}  // namespace

absl::Status CheckSizes(const Outcome& outcome) {
  if (absl::Status fields = CheckFields(outcome); !fields.ok()) return fields;
  const auto* result = std::get_if<Result>(&outcome);
  if (result == nullptr || result->payload.size() <= kMaxResultBytes) return absl::OkStatus();
  return LocalError(absl::StatusCode::kInvalidArgument, reason::kResultTooLarge,
                    absl::StrCat("the result has ", result->payload.size(), " bytes, more than the ", kMaxResultBytes,
                                 " that can be stored: complete with `omitted` instead"),
                    {{"limit", absl::StrCat(kMaxResultBytes)}, {"size", absl::StrCat(result->payload.size())}});
}

ClientCore::ClientCore(ClientOptions complete_options)
    : options(std::move(complete_options)),
      connection(options),
      stub(v1::IdempotencyService::NewStub(connection.channel())),
      calls(options, connection, *stub),
      keeper(std::make_unique<LeaseKeeper>([this](grpc::ClientContext& context, const std::vector<HeldKey>& leases)
                                               -> absl::StatusOr<LeaseKeeper::Renewed> {
        connection.Authorize(context);
        v1::BatchRenewResponse response;
        const grpc::Status status = stub->BatchRenew(&context, ToWire(leases), &response);
        if (!status.ok()) return ToStatus(status);
        return ToRenewed(response, leases.size());
      })) {}

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(ClientOptions options) {
  absl::StatusOr<ClientOptions> complete = CompleteOptions(std::move(options));
  if (!complete.ok()) return complete.status();
  return std::unique_ptr<Client>(new Client(std::make_shared<ClientCore>(*std::move(complete))));
}

Client::Client(std::shared_ptr<ClientCore> core) : core_(std::move(core)) {}
Client::~Client() = default;

const ClientOptions& Client::options() const { return core_->options; }
Transport Client::transport_in_use() const { return core_->calls.InUse(); }

absl::StatusOr<BeginAnswer> Client::Begin(const BeginRequest& request, const CallOptions& options) {
  SteadyTime granted;
  return BeginNoting(request, options, granted);
}

absl::StatusOr<BeginAnswer> Client::BeginNoting(const BeginRequest& request, const CallOptions& options,
                                                SteadyTime& granted) {
  const bool waits = request.wait > Duration::zero();
  const SteadyTime waited_enough = SteadyClock::now() + request.wait;
  const auto before_try = [&](v1::BeginRequest& wire) {
    granted = SteadyClock::now();
    // A try after a lost reply waits for what is left, not from the beginning.
    if (waits) *wire.mutable_wait() = ToWire(std::max<Duration>(waited_enough - granted, Duration::zero()));
  };
  auto response = core_->Call("Begin", options, ToWire(request, core_->options), request.wait, before_try);
  if (!response.ok()) return response.status();
  return ToBeginAnswer(*response);
}

absl::StatusOr<Completed> Client::Complete(const CompleteRequest& request, const CallOptions& options) {
  if (absl::Status fits = CheckSizes(request.outcome); !fits.ok()) return fits;
  auto response = core_->Call("Complete", options, ToWire(request, core_->options));
  if (!response.ok()) return response.status();
  return ToCompleted(*response);
}

absl::StatusOr<std::optional<Record>> Client::Lookup(std::string_view key, const CallOptions& options) {
  v1::LookupRequest request;
  request.set_key(std::string(key));
  auto response = core_->Call("Lookup", options, std::move(request));
  if (!response.ok()) return response.status();
  return ToRecord(*response);
}

absl::StatusOr<Duration> Client::Renew(const RenewRequest& request, const CallOptions& options) {
  auto response = core_->Call("Renew", options, ToWire(request, core_->options));
  if (!response.ok()) return response.status();
  return ToDuration(response->lease());
}

absl::Status Client::Release(std::string_view key, int64_t token, const CallOptions& options) {
  v1::ReleaseRequest request;
  request.set_key(std::string(key));
  request.set_token(token);
  return core_->Call("Release", options, std::move(request)).status();
}

absl::StatusOr<Duration> Client::Checkpoint(std::string_view key, int64_t token, std::string_view data,
                                            bool effects_began, const CallOptions& options) {
  v1::CheckpointRequest request;
  request.set_key(std::string(key));
  request.set_token(token);
  request.set_data(std::string(data));
  request.set_effects_began(effects_began);
  auto response = core_->Call("Checkpoint", options, std::move(request));
  if (!response.ok()) return response.status();
  return ToDuration(response->lease_remaining());
}

}  // namespace semel
