#include "server/rpc/server.h"

#include <chrono>
#include <utility>
#include <vector>

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>

#include "absl/strings/str_cat.h"
#include "server/rpc/idempotency_service.h"

namespace semel::rpc {
namespace {

// Largest request: a full message and its framing.
constexpr int kMaxReceiveBytes = engine::kMaxMessageBytes + 64 * engine::kKiB;

// Whoever links gRPC's reflection library has it in every server: this takes it out again.
class WithoutReflection final : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    std::erase_if(*plugins, [](const auto& plugin) { return plugin->name() == "proto_server_reflection"; });
  }
};

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options, engine::Committer& committer,
                                                      const engine::PolicyTable& policies, const engine::Limits& limits,
                                                      CallStats& stats) {
  auto server = std::unique_ptr<Server>(new Server(committer, stats));
  if (options.reflection) grpc::reflection::InitProtoReflectionServerBuilderPlugin();  // where the linker left it out
  grpc::ServerBuilder builder;
  if (!options.reflection) builder.SetOption(std::make_unique<WithoutReflection>());
  builder.AddListeningPort(options.listen, grpc::InsecureServerCredentials(), &server->port_);
  builder.RegisterService(&server->service_);
  builder.RegisterService(&server->health_.service());
  builder.SetMaxReceiveMessageSize(kMaxReceiveBytes);
  // Two servers on one port would each hold half of the keys: refuse the second instead.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  for (int i = 0; i < options.polling_threads; ++i) {
    server->pollers_.push_back(
        std::make_unique<Poller>(builder.AddCompletionQueue(), committer, limits.max_batch_operations));
  }
  server->server_ = builder.BuildAndStart();
  if (server->server_ == nullptr || server->port_ == 0) {
    for (auto& poller : server->pollers_) poller->queue()->Shutdown();
    for (auto& poller : server->pollers_) poller->Poll();
    server->pollers_.clear();
    return absl::UnavailableError(absl::StrCat("cannot listen on ", options.listen,
                                               ": the address is in use or not of this machine; choose another one"));
  }
  for (auto& poller : server->pollers_) {
    server->surroundings_.push_back(
        std::unique_ptr<Surroundings>(new Surroundings{server->service_, *poller, committer, policies, limits, stats}));
    ServeIdempotency(*server->surroundings_.back());
  }
  server->health_.Serve(server->pollers_.front()->queue());
  for (auto& poller : server->pollers_) {
    server->threads_.emplace_back([&poller = *poller] { poller.Poll(); });
  }
  return server;
}

Server::~Server() {
  if (!threads_.empty()) Shutdown(engine::Duration::zero());
}

void Server::SetNotServing() { health_.SetServing(false); }

void Server::Drain() {
  SetNotServing();
  committer_.Drain();
}

void Server::Shutdown(engine::Duration timeout) {
  health_.EndWatches();
  server_->Shutdown(std::chrono::system_clock::now() + timeout);
  // gRPC does not wait for calls whose connection is gone but whose batch is still being synced: they answer on the queue.
  stats_.live.AwaitNone();
  for (auto& poller : pollers_) poller->queue()->Shutdown();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace semel::rpc
