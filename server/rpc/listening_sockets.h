// The sockets that listen on one host:port: one for every address that the host stands for.
//
//   auto sockets = ListeningSockets::Open("0.0.0.0:7420", std::chrono::seconds(20));
//   sockets->port(); sockets->files();

#ifndef SEMEL_SERVER_RPC_LISTENING_SOCKETS_H_
#define SEMEL_SERVER_RPC_LISTENING_SOCKETS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/engine/limits.h"

namespace semel::rpc {

class ListeningSockets {
 public:
  // `address` is host:port: an IPv4 address, [an IPv6 one], or a name; port 0 takes one that is free at the first address of the
  // name, and fails where it is taken at another. 0.0.0.0 and [::] both stand for every interface, by IPv6 too where the machine
  // has it. A connection whose peer leaves what was sent unacknowledged for longer than `unacknowledged` is given up
  // (TCP_USER_TIMEOUT). The error says what is wrong with the address.
  static absl::StatusOr<ListeningSockets> Open(const std::string& address, engine::Duration unacknowledged);

  ListeningSockets(ListeningSockets&& other) noexcept
      : files_(std::exchange(other.files_, {})), port_(std::exchange(other.port_, 0)) {}
  ListeningSockets& operator=(ListeningSockets&&) = delete;
  ~ListeningSockets();

  int port() const { return port_; }
  const std::vector<int>& files() const { return files_; }  // non-blocking; at least one

 private:
  ListeningSockets() = default;

  // One for each address of the host. NOT_FOUND: this machine has none of them.
  absl::Status Add(const std::string& host, const std::string& port, engine::Duration unacknowledged);

  std::vector<int> files_;
  int port_ = 0;
};

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_LISTENING_SOCKETS_H_
