// The gRPC server: listens, polls, reports health, drains.
//
//   auto server = Server::Start({.listen = "127.0.0.1:0"}, committer, policies, limits, stats);
//   (*server)->port();
//   (*server)->Drain(); (*server)->Shutdown(timeout);

#ifndef SEMEL_SERVER_RPC_SERVER_H_
#define SEMEL_SERVER_RPC_SERVER_H_

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <grpcpp/server.h>

#include "absl/status/statusor.h"
#include "server/engine/committer.h"
#include "server/rpc/acceptor.h"
#include "server/rpc/administration.h"
#include "server/rpc/call.h"
#include "server/rpc/health_service.h"
#include "server/rpc/served_certificate.h"
#include "server/rpc/sessions.h"

namespace semel::rpc {

struct ServerOptions {
  std::string listen;       // host:port, port 0: any free one
  int polling_threads = 1;  // more compete for every connection: measured slower below four cores
  bool reflection = false;
  // A connection that has been silent for the interval is pinged, and closed when it does not answer in time.
  engine::Duration keepalive_interval = std::chrono::minutes(1);
  engine::Duration keepalive_timeout = std::chrono::seconds(20);
  engine::Duration max_idle = std::chrono::minutes(30);  // without calls; callers connect again by themselves
  ServedCertificate* certificate = nullptr;              // must outlive the server; none: what is sent is not encrypted
  Acceptor::Options acceptor;
};

class Server {
 public:
  // The references must outlive the server.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options, engine::Committer& committer,
                                                       const engine::PolicyTable& policies,
                                                       const engine::Limits& limits, CallStats& stats,
                                                       AdminOptions admin = {});
  ~Server();  // shuts down at once if nobody did before

  int port() const { return port_; }

  // Health turns NOT_SERVING, waiters are answered in_progress, Begins are refused; owners may still finish.
  void Drain();

  // Takes no more calls, lets those in flight finish, and cancels what is left after `timeout`. A backup under way is waited for,
  // also beyond. Once.
  void Shutdown(engine::Duration timeout);

  // Called when storage has failed for good: health says so.
  void SetNotServing();

 private:
  Server(engine::Committer& committer, CallStats& stats, AdminOptions admin)
      : committer_(committer),
        stats_(stats),
        administration_(std::make_unique<Administration>(std::move(admin), committer.Now())) {}

  engine::Committer& committer_;
  CallStats& stats_;
  IdempotencyAsyncService service_;
  v1::AdminService::AsyncService admin_service_;
  std::unique_ptr<Administration> administration_;
  HealthService health_;
  Sessions sessions_;
  std::vector<std::unique_ptr<Poller>> pollers_;
  std::vector<std::unique_ptr<Surroundings>> surroundings_;  // one for each poller
  std::unique_ptr<grpc::Server> server_;
  std::vector<std::thread> threads_;
  std::unique_ptr<Acceptor> acceptor_;
  int port_ = 0;
};

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_SERVER_H_
