// Takes connections from the listening sockets and hands them to gRPC, in a thread of its own.
//
// gRPC 1.51 could accept by itself, but does so in one of the threads that serve, does not serve any of them before it has accepted
// all that stand in line, reads the clock once for all of those (the keepalive of the last may then be due at once, in another
// thread, while its connection is still being made: an assertion ends the process), and where it once finds no free file it never
// accepts again. It would also leave no file to the storage. What is lost: under memory pressure it drops new connections, where the
// quota now closes idle ones.

#ifndef SEMEL_SERVER_RPC_ACCEPTOR_H_
#define SEMEL_SERVER_RPC_ACCEPTOR_H_

#include <grpcpp/server_builder.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "server/engine/stats.h"
#include "server/rpc/listening_sockets.h"

namespace semel::rpc {

class Acceptor {
 public:
  struct Options {
    // Connections are closed at once where so many files are open. The system gives each the lowest number that is free.
    int max_files = std::numeric_limits<int>::max();
    std::function<void(const std::string& why)> on_full;  // in the accepting thread, at most once in ten seconds
  };
  using GrpcAcceptor = grpc::experimental::ExternalConnectionAcceptor;

  // Accepts from now on. The server that `grpc` belongs to must have been started, and is shut down after this has ended.
  Acceptor(ListeningSockets sockets, std::unique_ptr<GrpcAcceptor> grpc, Options options, engine::Counter& turned_away);
  ~Acceptor();  // closes the listening sockets; what was accepted lives on

 private:
  void Run();
  void AcceptSome(int listening);
  void TellFull(std::string_view why);

  const ListeningSockets sockets_;
  const std::unique_ptr<GrpcAcceptor> grpc_;
  const Options options_;
  engine::Counter& turned_away_;
  bool cannot_accept_ = false;  // and no connection is to blame: no free file, no memory
  std::optional<std::chrono::steady_clock::time_point> told_;
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_ACCEPTOR_H_
