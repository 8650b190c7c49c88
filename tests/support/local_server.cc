#include "tests/support/local_server.h"

#include <chrono>
#include <utility>

#include "storage/memory_storage.h"
#include "storage/rocksdb/rocksdb_storage.h"
#include "tests/support/semeld.h"

namespace semel::support {

// In the order in which things are made; taken apart in the opposite one.
struct LocalServer::Process {
  std::unique_ptr<storage::Storage> storage;
  engine::EngineStats engine_stats;
  rpc::CallStats call_stats;
  engine::Committer committer;
  std::unique_ptr<rpc::Server> server;
  std::shared_ptr<grpc::Channel> channel;

  Process(std::unique_ptr<storage::Storage> opened, const engine::PolicyTable& policies, const engine::Limits& limits)
      : storage(std::move(opened)), committer(*storage, policies, limits, engine_stats) {}
};

OpenStorage InMemory() {
  return [disk = std::make_shared<storage::MemoryDisk>()](const storage::TimeSource& time) {
    return std::make_unique<storage::MemoryStorage>(time, disk);
  };
}

OpenStorage InDirectory(const std::string& data_dir) {
  return
      [data_dir](const storage::TimeSource& time) { return storage::RocksDbStorage::Open({.path = data_dir}, time); };
}

LocalServer::LocalServer(Options options, OpenStorage open_storage)
    : options_(std::move(options)),
      policies_(options_.policy, options_.namespaces),
      open_storage_(std::move(open_storage)) {}

LocalServer::~LocalServer() { Kill(); }

namespace {

// Unless a test tells them itself.
rpc::AdminOptions WithFactsOf(storage::Storage& storage, const engine::Committer& committer, rpc::AdminOptions admin) {
  if (admin.facts) return admin;
  admin.facts = [&storage, &committer] {
    return rpc::ServerFacts{.not_ready_reason = std::string(storage.Health().message()),
                            .wall_clock_offset = storage.clock().WallOffset(),
                            .open = committer.Open(),
                            .storage = storage.Properties()};
  };
  return admin;
}

}  // namespace

absl::Status LocalServer::Start() {
  absl::StatusOr<std::unique_ptr<storage::Storage>> storage = open_storage_(time_);
  if (!storage.ok()) return storage.status();
  auto process = std::make_unique<Process>(*std::move(storage), policies_, options_.limits);
  if (absl::Status status = process->committer.Start(); !status.ok()) return status;
  auto server = rpc::Server::Start({.listen = "127.0.0.1:0", .polling_threads = options_.polling_threads},
                                   process->committer, policies_, options_.limits, process->call_stats,
                                   WithFactsOf(*process->storage, process->committer, options_.admin));
  if (!server.ok()) return server.status();
  process->server = *std::move(server);
  process->channel = NewChannelTo(process->server->port());
  process_ = std::move(process);
  return absl::OkStatus();
}

void LocalServer::Stop() {
  process_->server->Drain();
  process_->server->Shutdown(std::chrono::seconds(30));
  process_.reset();
}

void LocalServer::Kill() { process_.reset(); }

absl::Status LocalServer::Elapse(storage::Duration by) {
  time_.Advance(by);
  if (!running()) return absl::OkStatus();
  process_->committer.Run({});
  return process_->committer.Maintain();
}

rpc::Server& LocalServer::server() { return *process_->server; }
storage::Storage& LocalServer::storage() { return *process_->storage; }
const engine::EngineStats& LocalServer::engine_stats() const { return process_->engine_stats; }
const rpc::CallStats& LocalServer::call_stats() const { return process_->call_stats; }
const std::shared_ptr<grpc::Channel>& LocalServer::channel() const { return process_->channel; }
std::shared_ptr<grpc::Channel> LocalServer::NewChannel() const { return NewChannelTo(process_->server->port()); }

}  // namespace semel::support
