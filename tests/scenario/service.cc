#include "tests/scenario/service.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include "absl/strings/str_cat.h"

namespace semel::scenario {
namespace {

constexpr int kMaxReplyBytes = 4 << 20;  // what gRPC clients accept by default, in every language

}  // namespace

// In the order in which things are made; taken apart in the opposite one.
struct Service::Process {
  std::unique_ptr<storage::Storage> storage;
  engine::EngineStats engine_stats;
  rpc::CallStats call_stats;
  engine::Committer committer;
  std::unique_ptr<rpc::Server> server;
  std::shared_ptr<v1::IdempotencyService::Stub> stub;
  std::shared_ptr<v1::AdminService::Stub> admin_stub;

  Process(std::unique_ptr<storage::Storage> opened, const engine::PolicyTable& policies, const engine::Limits& limits)
      : storage(std::move(opened)), committer(*storage, policies, limits, engine_stats) {}
};

Service::Service(ServiceSettings settings, OpenStorage open_storage)
    : policies_(settings.fallback, std::move(settings.namespaces)),
      limits_(settings.limits),
      open_storage_(std::move(open_storage)) {}

Service::~Service() { Kill(); }

absl::Status Service::Start() {
  absl::StatusOr<std::unique_ptr<storage::Storage>> storage = open_storage_(time_);
  if (!storage.ok()) return storage.status();
  auto process = std::make_unique<Process>(*std::move(storage), policies_, limits_);
  if (absl::Status status = process->committer.Start(); !status.ok()) return status;
  auto server =
      rpc::Server::Start({.listen = "127.0.0.1:0"}, process->committer, policies_, limits_, process->call_stats);
  if (!server.ok()) return server.status();
  process->server = *std::move(server);
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxReplyBytes);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const std::shared_ptr<grpc::Channel> channel = grpc::CreateCustomChannel(
      absl::StrCat("127.0.0.1:", process->server->port()), grpc::InsecureChannelCredentials(), arguments);
  process->stub = v1::IdempotencyService::NewStub(channel);
  process->admin_stub = v1::AdminService::NewStub(channel);
  process_ = std::move(process);
  return absl::OkStatus();
}

void Service::Stop() {
  process_->server->Drain();
  process_->server->Shutdown(std::chrono::seconds(10));
  process_.reset();
}

void Service::Kill() { process_.reset(); }

void Service::Drain() { process_->server->Drain(); }

absl::Status Service::Elapse(storage::Duration by) {
  time_.Advance(by);
  if (!running()) return absl::OkStatus();
  process_->committer.Run({});
  return process_->committer.Maintain();
}

int64_t Service::waiters() const { return process_->engine_stats.waiters.value(); }

std::shared_ptr<v1::IdempotencyService::Stub> Service::stub() { return process_->stub; }
std::shared_ptr<v1::AdminService::Stub> Service::admin_stub() { return process_->admin_stub; }

}  // namespace semel::scenario
