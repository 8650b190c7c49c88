#include "tests/hardship/raw_connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "absl/strings/str_cat.h"

namespace semel::hardship {
namespace {

constexpr uint8_t kEndStream = 0x1;
constexpr uint8_t kEndHeaders = 0x4;
constexpr int kSendPatienceSeconds = 20;

// HPACK, RFC 7541: a literal that is not indexed, its name new, both plain. Lengths below 127 only.
std::string Literal(std::string_view name, std::string_view value) {
  std::string text(1, '\0');
  text += static_cast<char>(name.size());
  text += name;
  text += static_cast<char>(value.size());
  text += value;
  return text;
}

}  // namespace

RawConnection::RawConnection(int port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval patience{.tv_sec = kSendPatienceSeconds, .tv_usec = 0};
  setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (socket_ < 0 || connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return;
  close(socket_);
  socket_ = -1;
}

RawConnection::~RawConnection() {
  if (socket_ >= 0) close(socket_);
}

bool RawConnection::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool RawConnection::AwaitClosed(absl::Duration patience) {
  const absl::Time give_up = absl::Now() + patience;
  std::array<char, 65536> ignored;
  for (;;) {
    pollfd readable{.fd = socket_, .events = POLLIN};
    const int64_t left = absl::ToInt64Milliseconds(give_up - absl::Now());
    if (left <= 0 || poll(&readable, 1, static_cast<int>(left)) <= 0) return false;
    if (recv(socket_, ignored.data(), ignored.size(), 0) <= 0) return true;
  }
}

std::string RawConnection::ReadSome() {
  std::array<char, 65536> chunk;
  pollfd readable{.fd = socket_, .events = POLLIN};
  if (poll(&readable, 1, static_cast<int>(absl::ToInt64Milliseconds(support::kPatience))) <= 0) return "";
  const ssize_t got = recv(socket_, chunk.data(), chunk.size(), 0);
  return got <= 0 ? "" : std::string(chunk.data(), static_cast<size_t>(got));
}

void RawConnection::Reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(socket_);
  socket_ = -1;
}

std::string Frame(FrameType type, uint8_t flags, uint32_t stream, std::string_view payload) {
  std::string frame;
  for (const int shift : {16, 8, 0}) frame += static_cast<char>(payload.size() >> shift);
  frame += static_cast<char>(type);
  frame += static_cast<char>(flags);
  for (const int shift : {24, 16, 8, 0}) frame += static_cast<char>(stream >> shift);
  frame += payload;
  return frame;
}

std::string Hello() { return absl::StrCat(std::string(kPreface), Frame(FrameType::kSettings, 0, 0, "")); }

std::string UnaryCall(std::string_view method, std::string_view message) {
  const std::string headers = Literal(":method", "POST") + Literal(":scheme", "http") + Literal(":path", method) +
                              Literal(":authority", "localhost") + Literal("te", "trailers") +
                              Literal("content-type", "application/grpc");
  std::string body(1, '\0');  // not compressed
  for (const int shift : {24, 16, 8, 0}) body += static_cast<char>(message.size() >> shift);
  body += message;
  return Frame(FrameType::kHeaders, kEndHeaders, 1, headers) + Frame(FrameType::kData, kEndStream, 1, body);
}

}  // namespace semel::hardship
