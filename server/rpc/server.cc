#include "server/rpc/server.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>
#include <vector>

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/resource_quota.h>

#include "server/rpc/admin_service.h"
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

// How often a client may ping, with a call or without. Half of the ten seconds that clients are told, for what the network does
// to their rhythm.
constexpr engine::Duration kMinPingInterval = std::chrono::seconds(5);

// Who connects has so long to speak HTTP/2.
constexpr engine::Duration kMaxHandshake = std::chrono::seconds(10);

int Millis(engine::Duration duration) {
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  return static_cast<int>(std::min<int64_t>(millis, std::numeric_limits<int>::max()));
}

void BoundConnections(const ServerOptions& options, const engine::Limits& limits, grpc::ServerBuilder& builder) {
  grpc::ResourceQuota quota("semeld");
  quota.Resize(limits.max_connection_bytes);
  builder.SetResourceQuota(quota);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, static_cast<int>(limits.max_streams_per_connection));
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, Millis(kMaxHandshake));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, Millis(options.max_idle));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, Millis(options.keepalive_interval));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Millis(options.keepalive_timeout));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // of ours: as often as the interval says
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, Millis(kMinPingInterval));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options, engine::Committer& committer,
                                                      const engine::PolicyTable& policies, const engine::Limits& limits,
                                                      CallStats& stats, AdminOptions admin) {
  auto sockets = ListeningSockets::Open(options.listen, options.keepalive_timeout);
  if (!sockets.ok()) return sockets.status();
  auto server = std::unique_ptr<Server>(new Server(committer, stats, std::move(admin)));
  server->port_ = sockets->port();
  if (options.reflection) grpc::reflection::InitProtoReflectionServerBuilderPlugin();  // where the linker left it out
  grpc::ServerBuilder builder;
  if (!options.reflection) builder.SetOption(std::make_unique<WithoutReflection>());
  auto grpc_acceptor = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
      options.certificate == nullptr ? grpc::InsecureServerCredentials() : options.certificate->Credentials());
  builder.RegisterService(&server->service_);
  builder.RegisterService(&server->admin_service_);
  builder.RegisterService(&server->health_.service());
  builder.SetMaxReceiveMessageSize(kMaxReceiveBytes);
  BoundConnections(options, limits, builder);
  for (int i = 0; i < options.polling_threads; ++i) {
    server->pollers_.push_back(std::make_unique<Poller>(builder.AddCompletionQueue(), committer, limits));
  }
  server->server_ = builder.BuildAndStart();
  if (server->server_ == nullptr) {
    for (auto& poller : server->pollers_) poller->Shutdown();
    for (auto& poller : server->pollers_) poller->Poll();
    server->pollers_.clear();
    return absl::InternalError("gRPC refuses to start; log.level debug tells what it says");
  }
  for (auto& poller : server->pollers_) {
    server->surroundings_.push_back(std::unique_ptr<Surroundings>(
        new Surroundings{server->service_, server->admin_service_, *server->administration_, *poller, committer,
                         policies, limits, stats}));
    ServeIdempotency(*server->surroundings_.back());
    server->sessions_.Serve(*server->surroundings_.back());
    ServeAdministration(*server->surroundings_.back());
  }
  server->health_.Serve(server->pollers_.front()->queue());
  for (auto& poller : server->pollers_) {
    server->threads_.emplace_back([&poller = *poller] { poller.Poll(); });
  }
  server->acceptor_ = std::make_unique<Acceptor>(*std::move(sockets), std::move(grpc_acceptor), options.acceptor,
                                                 stats.connections_turned_away);
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
  acceptor_.reset();
  health_.EndWatches();
  sessions_.End();
  server_->Shutdown(std::chrono::system_clock::now() + timeout);
  // gRPC does not wait for calls whose connection is gone but whose batch is still being synced: they answer on the queue.
  stats_.live.AwaitNone();
  stats_.sessions.open.AwaitNone();
  for (auto& poller : pollers_) poller->Shutdown();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  administration_.reset();  // after the polling threads, which hand it what arrives
}

}  // namespace semel::rpc
