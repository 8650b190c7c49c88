#include "semel/client.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cpp/client_core.h"
#include "client/cpp/complete_options.h"
#include "client/cpp/error_details.h"
#include "client/cpp/from_wire.h"
#include "client/cpp/to_wire.h"

namespace semel {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Stub = Connection::Stub;

// A request that the server could only refuse as a message too large, without saying which field it was.
absl::Status CheckPayload(const Outcome& outcome) {
  const auto* result = std::get_if<Result>(&outcome);
  if (result == nullptr || result->payload.size() <= kMaxResultBytes) return absl::OkStatus();
  return LocalError(absl::StatusCode::kInvalidArgument, reason::kResultTooLarge,
                    absl::StrCat("the result has ", result->payload.size(), " bytes, more than the ", kMaxResultBytes,
                                 " that can be stored: complete with `omitted` instead"),
                    {{"limit", absl::StrCat(kMaxResultBytes)}, {"size", absl::StrCat(result->payload.size())}});
}

}  // namespace

std::string Naming(const std::string& call, std::string_view key) { return call + " of " + std::string(key); }

Client::Core::Core(ClientOptions complete_options)
    : options(std::move(complete_options)),
      connection(options),
      keeper([this](grpc::ClientContext& context,
                    const std::vector<RenewRequest>& leases) -> absl::StatusOr<LeaseKeeper::Renewed> {
        v1::BatchRenewResponse response;
        const grpc::Status status = connection.stub().BatchRenew(&context, ToWire(leases, options), &response);
        if (!status.ok()) return ToStatus(status);
        return ToRenewed(response, leases.size());
      }) {}

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(ClientOptions options) {
  absl::StatusOr<ClientOptions> complete = CompleteOptions(std::move(options));
  if (!complete.ok()) return complete.status();
  return std::unique_ptr<Client>(new Client(std::make_unique<Core>(*std::move(complete))));
}

Client::Client(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Client::~Client() = default;

const ClientOptions& Client::options() const { return core_->options; }

absl::StatusOr<BeginAnswer> Client::Begin(const BeginRequest& request) {
  SteadyTime granted;
  return BeginNoting(request, granted);
}

absl::StatusOr<BeginAnswer> Client::BeginNoting(const BeginRequest& request, SteadyTime& granted) {
  const bool waits = request.wait > Duration::zero();
  const SteadyTime waited_enough = SteadyClock::now() + request.wait;
  v1::BeginRequest wire = ToWire(request, core_->options);
  v1::BeginResponse response;
  const absl::Status status = core_->connection.Call(
      Naming("Begin", request.key), core_->budget(request.wait), [&](grpc::ClientContext& context) {
        granted = SteadyClock::now();
        // A try after a lost reply waits for what is left, not from the beginning.
        if (waits) *wire.mutable_wait() = ToWire(std::max<Duration>(waited_enough - granted, Duration::zero()));
        response.Clear();
        return core_->connection.stub().Begin(&context, wire, &response);
      });
  if (!status.ok()) return status;
  return ToBeginAnswer(response);
}

absl::StatusOr<Completed> Client::Complete(const CompleteRequest& request) {
  return CompleteWithin(request, core_->options.call_timeout);
}

absl::StatusOr<Completed> Client::CompleteWithin(const CompleteRequest& request, Duration timeout) {
  if (absl::Status fits = CheckPayload(request.outcome); !fits.ok()) return fits;
  auto response = core_->connection.Call(Naming("Complete", request.key), {timeout, core_->options.try_timeout},
                                         &Stub::Complete, ToWire(request, core_->options));
  if (!response.ok()) return response.status();
  return ToCompleted(*response);
}

absl::StatusOr<std::optional<Record>> Client::Lookup(std::string_view key) {
  v1::LookupRequest request;
  request.set_namespace_(core_->options.namespace_name);
  request.set_key(std::string(key));
  auto response = core_->connection.Call(Naming("Lookup", key), core_->budget(), &Stub::Lookup, request);
  if (!response.ok()) return response.status();
  return ToRecord(*response);
}

absl::StatusOr<Duration> Client::Renew(const RenewRequest& request) {
  auto response = core_->connection.Call(Naming("Renew", request.key), core_->budget(), &Stub::Renew,
                                         ToWire(request, core_->options));
  if (!response.ok()) return response.status();
  return ToDuration(response->lease());
}

absl::Status Client::Release(std::string_view key, int64_t token) {
  v1::ReleaseRequest request;
  request.set_namespace_(core_->options.namespace_name);
  request.set_key(std::string(key));
  request.set_token(token);
  return core_->connection.Call(Naming("Release", key), core_->budget(), &Stub::Release, request).status();
}

absl::StatusOr<Duration> Client::Checkpoint(std::string_view key, int64_t token, std::string_view data,
                                            bool effects_began) {
  v1::CheckpointRequest request;
  request.set_namespace_(core_->options.namespace_name);
  request.set_key(std::string(key));
  request.set_token(token);
  request.set_data(std::string(data));
  request.set_effects_began(effects_began);
  auto response = core_->connection.Call(Naming("Checkpoint", key), core_->budget(), &Stub::Checkpoint, request);
  if (!response.ok()) return response.status();
  return ToDuration(response->lease_remaining());
}

}  // namespace semel
