#include "semel/admin_client.h"

#include <utility>

#include "client/cpp/admin_wire.h"
#include "client/cpp/check_text.h"
#include "client/cpp/complete_options.h"
#include "client/cpp/connection.h"
#include "client/cpp/error_details.h"
#include "semel/v1/admin_service.grpc.pb.h"

namespace semel {
namespace {

using Stub = v1::AdminService::Stub;

std::string Naming(const std::string& call, const std::string& namespace_name, const std::string& key) {
  return call + " of " + namespace_name + " " + key;
}

// An outcome that ends the key stands until it is forgotten: who resolves it again in the same way changes nothing. A key that
// may be acquired again can be in doubt about another attempt by then.
Repeat RepeatOf(const ResolveKeyRequest& request) {
  if (request.attempt > 0) return Repeat::kAsBefore;
  const auto* failure = std::get_if<Failure>(&request.resolution);
  const bool ends = std::holds_alternative<Result>(request.resolution) || (failure != nullptr && !failure->retryable);
  return ends ? Repeat::kAsBefore : Repeat::kAnew;
}

}  // namespace

struct AdminClient::Core {
  explicit Core(ClientOptions complete_options)
      : options(std::move(complete_options)),
        connection(options),
        stub(v1::AdminService::NewStub(connection.channel())) {}

  CallBudget budget(Repeat repeat) const { return {options.call_timeout, options.try_timeout, repeat}; }

  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(const std::string& what, CallBudget budget,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Request& request) {
    if (absl::Status text = CheckText(request); !text.ok()) return text;
    return connection.Call(what, budget, *stub, method, request);
  }

  const ClientOptions options;
  Connection connection;
  const std::unique_ptr<Stub> stub;
};

absl::StatusOr<std::unique_ptr<AdminClient>> AdminClient::Connect(ClientOptions options) {
  absl::StatusOr<ClientOptions> complete = CompleteConnectionOptions(std::move(options));
  if (!complete.ok()) return complete.status();
  return std::unique_ptr<AdminClient>(new AdminClient(std::make_unique<Core>(*std::move(complete))));
}

AdminClient::AdminClient(std::unique_ptr<Core> core) : core_(std::move(core)) {}
AdminClient::~AdminClient() = default;

const ClientOptions& AdminClient::options() const { return core_->options; }

absl::StatusOr<KeysPage> AdminClient::ListKeys(const ListKeysRequest& request) {
  auto response = core_->Call("ListKeys", core_->budget(Repeat::kAsBefore), &Stub::ListKeys, ToWire(request));
  if (!response.ok()) return response.status();
  return ToKeysPage(*response);
}

absl::Status AdminClient::ForEachKey(const ListKeysRequest& request,
                                     const std::function<bool(const ListedKey&)>& visit) {
  ListKeysRequest next = request;
  do {
    absl::StatusOr<KeysPage> page = ListKeys(next);
    if (!page.ok()) return page.status();
    for (const ListedKey& key : page->keys) {
      if (!visit(key)) return absl::OkStatus();
    }
    next.page_token = std::move(page->next_page_token);
  } while (!next.page_token.empty());
  return absl::OkStatus();
}

absl::StatusOr<Resolved> AdminClient::ResolveKey(const ResolveKeyRequest& request) {
  auto response = core_->Call(Naming("ResolveKey", request.namespace_name, request.key),
                              core_->budget(RepeatOf(request)), &Stub::ResolveKey, ToWire(request));
  if (!response.ok()) return response.status();
  return ToResolved(*response);
}

absl::StatusOr<State> AdminClient::DeleteKey(const DeleteKeyRequest& request) {
  auto response = core_->Call(Naming("DeleteKey", request.namespace_name, request.key), core_->budget(Repeat::kAnew),
                              &Stub::DeleteKey, ToWire(request));
  if (!response.ok()) return response.status();
  return ToDeleted(*response);
}

absl::StatusOr<Stats> AdminClient::GetStats() {
  auto response = core_->Call("GetStats", core_->budget(Repeat::kAsBefore), &Stub::GetStats, v1::GetStatsRequest());
  if (!response.ok()) return response.status();
  return ToStats(*response);
}

absl::StatusOr<CreatedBackup> AdminClient::CreateBackup(const CreateBackupRequest& request) {
  if (request.timeout <= Duration::zero()) {
    return LocalError(absl::StatusCode::kInvalidArgument, reason::kFieldInvalid,
                      "CreateBackupRequest::timeout must be above zero", {{"field", "timeout"}});
  }
  auto response = core_->Call("CreateBackup", {request.timeout, request.timeout, Repeat::kAnew}, &Stub::CreateBackup,
                              ToWire(request));
  if (!response.ok()) return response.status();
  return ToCreatedBackup(*response);
}

}  // namespace semel
