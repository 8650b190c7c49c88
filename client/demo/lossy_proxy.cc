#include "client/demo/lossy_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "client/demo/reply_frames.h"

namespace semel::demo {
namespace {

sockaddr_in LoopbackAddress(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

void SendAtOnce(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

// -1 where nobody listens.
int ConnectTo(const std::string& backend) {
  const sockaddr_in address = LoopbackAddress(std::atoi(backend.substr(backend.rfind(':') + 1).c_str()));
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    SendAtOnce(fd);
    return fd;
  }
  close(fd);
  return -1;
}

bool SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

// Empty at the end or when the connection was cut.
std::string_view Receive(int fd, char* buffer, size_t size) {
  ssize_t count = 0;
  do {
    count = recv(fd, buffer, size, 0);
  } while (count < 0 && errno == EINTR);
  return {buffer, count > 0 ? static_cast<size_t>(count) : 0};
}

constexpr size_t kChunkBytes = 64 * 1024;

}  // namespace

struct LossyProxy::Connection {
  Connection(int client_fd, int server_fd) : client(client_fd), server(server_fd) {}
  ~Connection() {
    Cut();
    if (requests.joinable()) requests.join();
    if (replies.joinable()) replies.join();
    close(client);
    close(server);
  }
  // Wakes both pumps, which then end. The descriptors stay open until they have: their numbers must not be reused before.
  void Cut() const {
    shutdown(client, SHUT_RDWR);
    shutdown(server, SHUT_RDWR);
  }

  const int client;
  const int server;
  std::atomic<int> pumps_running = 2;
  std::thread requests;
  std::thread replies;
};

absl::StatusOr<std::unique_ptr<LossyProxy>> LossyProxy::Start(std::string backend) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = LoopbackAddress(0);
  socklen_t length = sizeof(address);
  if (listener < 0 || bind(listener, reinterpret_cast<sockaddr*>(&address), length) != 0 || listen(listener, 64) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    return absl::UnavailableError(std::string("cannot listen: ") + strerror(errno));
  }
  std::string own = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  return std::unique_ptr<LossyProxy>(new LossyProxy(listener, std::move(own), std::move(backend)));
}

LossyProxy::LossyProxy(int listener, std::string address, std::string backend)
    : listener_(listener),
      address_(std::move(address)),
      backend_(std::move(backend)),
      acceptor_([this] { Accept(); }) {}

LossyProxy::~LossyProxy() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  connections_.clear();
  close(listener_);
}

void LossyProxy::SetBackend(std::string backend) {
  std::lock_guard lock(mutex_);
  backend_ = std::move(backend);
}

void LossyProxy::LoseReplies(int count, int after) {
  std::lock_guard lock(mutex_);
  to_pass_ = 2 * after;  // what has an answer has two HEADERS frames: where it begins, and the trailers
  to_lose_ += count;
}

int LossyProxy::replies_lost() const {
  std::lock_guard lock(mutex_);
  return replies_lost_;
}

bool LossyProxy::AwaitRepliesLost(int count, std::chrono::steady_clock::time_point deadline) const {
  std::unique_lock lock(mutex_);
  return lost_.wait_until(lock, deadline, [&] { return replies_lost_ >= count; });
}

void LossyProxy::CutOff() { SetMode(Mode::kRefuse); }
void LossyProxy::Swallow() { SetMode(Mode::kSwallow); }
void LossyProxy::Restore() { SetMode(Mode::kPass); }

void LossyProxy::SetMode(Mode mode) {
  std::lock_guard lock(mutex_);
  mode_ = mode;
  if (mode == Mode::kSwallow) return;
  for (const Connection& connection : connections_) connection.Cut();
}

bool LossyProxy::TakeLoss() {
  std::lock_guard lock(mutex_);
  if (to_lose_ == 0) return false;
  if (to_pass_ > 0) {
    --to_pass_;
    return false;
  }
  --to_lose_;
  ++replies_lost_;
  lost_.notify_all();
  return true;
}

bool LossyProxy::Swallowing() const {
  std::lock_guard lock(mutex_);
  return mode_ == Mode::kSwallow;
}

void LossyProxy::Accept() {
  for (;;) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0 && errno == EINTR) continue;
    if (client < 0) return;
    Serve(client);
  }
}

void LossyProxy::Serve(int client) {
  SendAtOnce(client);
  std::lock_guard lock(mutex_);
  const int server = stopping_ || mode_ == Mode::kRefuse ? -1 : ConnectTo(backend_);
  if (server < 0) {
    close(client);
    return;
  }
  connections_.remove_if([](const Connection& old) { return old.pumps_running == 0; });
  Connection& connection = connections_.emplace_back(client, server);
  connection.requests = std::thread([this, &connection] { PumpRequests(connection); });
  connection.replies = std::thread([this, &connection] { PumpReplies(connection); });
}

void LossyProxy::PumpRequests(Connection& connection) {
  std::string buffer(kChunkBytes, '\0');
  for (;;) {
    const std::string_view received = Receive(connection.client, buffer.data(), buffer.size());
    if (received.empty() || !SendAll(connection.server, received)) break;
  }
  connection.Cut();
  --connection.pumps_running;
}

void LossyProxy::PumpReplies(Connection& connection) {
  std::string buffer(kChunkBytes, '\0');
  std::string passed;
  ReplyFrames frames;
  for (;;) {
    std::string_view received = Receive(connection.server, buffer.data(), buffer.size());
    if (received.empty()) break;
    passed.clear();
    bool lost = false;
    while (!lost && frames.Next(received, passed)) lost = TakeLoss();
    if (Swallowing()) continue;
    if (!SendAll(connection.client, passed) || lost) break;
  }
  connection.Cut();
  --connection.pumps_running;
}

}  // namespace semel::demo
