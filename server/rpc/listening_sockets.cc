#include "server/rpc/listening_sockets.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <set>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace semel::rpc {
namespace {

struct HostAndPort {
  std::string host;  // without brackets
  std::string port;
};

HostAndPort Split(std::string_view address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return {.host = std::string(address), .port = ""};
  std::string_view host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return {.host = std::string(host), .port = std::string(address.substr(colon + 1))};
}

bool IsWildcard(const std::string& host) { return host == "0.0.0.0" || host == "::"; }

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

absl::StatusOr<Addresses> Resolve(const std::string& host, const std::string& port) {
  const addrinfo hints{.ai_flags = AI_NUMERICSERV, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0) {
    return absl::UnavailableError(error == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(error));
  }
  return Addresses(found, &freeaddrinfo);
}

bool Set(int file, int level, int option, int value) {
  return setsockopt(file, level, option, &value, sizeof(value)) == 0;
}

void SetPort(sockaddr* address, int port) {
  const auto wire_port = htons(static_cast<uint16_t>(port));
  if (address->sa_family == AF_INET) reinterpret_cast<sockaddr_in*>(address)->sin_port = wire_port;
  if (address->sa_family == AF_INET6) reinterpret_cast<sockaddr_in6*>(address)->sin6_port = wire_port;
}

int PortOf(int file) {
  sockaddr_in6 bound{};  // the larger of the two families', and the port is at one place in both
  socklen_t size = sizeof(bound);
  if (getsockname(file, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return 0;
  return ntohs(bound.sin6_port);
}

// What is set here, connections inherit. SO_REUSEADDR lets a server start again beside the last connections of the one before; two
// on one port would each hold half of the keys, so SO_REUSEPORT stays off. Of the backlog the system cuts off what is too much.
bool Listen(int file, const sockaddr* address, socklen_t size, engine::Duration unacknowledged) {
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(unacknowledged).count();
  const bool ipv6 = address->sa_family == AF_INET6;
  const bool everywhere = ipv6 && IN6_IS_ADDR_UNSPECIFIED(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
  return Set(file, SOL_SOCKET, SO_REUSEADDR, 1) && Set(file, IPPROTO_TCP, TCP_NODELAY, 1) &&
         Set(file, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(millis)) &&
         (!ipv6 || Set(file, IPPROTO_IPV6, IPV6_V6ONLY, everywhere ? 0 : 1)) && bind(file, address, size) == 0 &&
         listen(file, std::numeric_limits<int>::max()) == 0;
}

}  // namespace

absl::StatusOr<ListeningSockets> ListeningSockets::Open(const std::string& address, engine::Duration unacknowledged) {
  const auto [host, port] = Split(address);
  ListeningSockets sockets;
  // By IPv6, every interface is heard by IPv4 as well: 0.0.0.0 is for machines that have no IPv6.
  absl::Status status = sockets.Add(IsWildcard(host) ? "::" : host, port, unacknowledged);
  if (IsWildcard(host) && absl::IsNotFound(status)) status = sockets.Add("0.0.0.0", port, unacknowledged);
  if (status.ok()) return sockets;
  return absl::UnavailableError(
      absl::StrCat("cannot listen on ", address, ": ", status.message(), "; choose another one"));
}

absl::Status ListeningSockets::Add(const std::string& host, const std::string& port, engine::Duration unacknowledged) {
  const absl::StatusOr<Addresses> addresses = Resolve(host, port);
  if (!addresses.ok()) return addresses.status();
  std::set<std::string> seen;  // a hosts file may name one twice
  absl::Status missing;
  for (addrinfo* one = addresses->get(); one != nullptr; one = one->ai_next) {
    if (!seen.emplace(reinterpret_cast<const char*>(one->ai_addr), one->ai_addrlen).second) continue;
    if (port_ != 0) SetPort(one->ai_addr, port_);
    const int file = socket(one->ai_family, one->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, one->ai_protocol);
    const bool listens = file >= 0 && Listen(file, one->ai_addr, one->ai_addrlen, unacknowledged);
    const int error = errno;
    if (listens) {
      port_ = PortOf(file);
      files_.push_back(file);
      continue;
    }
    if (file >= 0) close(file);
    // Not of this machine, or of a family that it has not: another address of the same name may do.
    if (error != EADDRNOTAVAIL && error != EAFNOSUPPORT) return absl::UnavailableError(std::strerror(error));
    missing = absl::NotFoundError(std::strerror(error));
  }
  return files_.empty() ? missing : absl::OkStatus();
}

ListeningSockets::~ListeningSockets() {
  for (const int file : files_) close(file);
}

}  // namespace semel::rpc
