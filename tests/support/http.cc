#include "tests/support/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>

#include "absl/strings/numbers.h"

namespace semel::support {
namespace {

constexpr size_t kCodeAt = sizeof("HTTP/1.1 ") - 1;

// What comes until the server closes.
std::string Exchange(int socket, int port, const std::string& request) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) return "";
  if (send(socket, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) return "";
  std::string answer;
  char chunk[4096];
  for (ssize_t got = 0; (got = recv(socket, chunk, sizeof(chunk), 0)) > 0;) answer.append(chunk, got);
  return answer;
}

HttpAnswer Ask(int port, const std::string& method, const std::string& path, const std::string& more_headers) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const std::string text =
      Exchange(socket, port, method + " " + path + " HTTP/1.1\r\nHost: test\r\n" + more_headers + "\r\n");
  close(socket);
  HttpAnswer answer;
  const size_t head_end = text.find("\r\n\r\n");
  if (head_end == std::string::npos || !absl::SimpleAtoi(text.substr(kCodeAt, 3), &answer.code)) return {};
  answer.body = text.substr(head_end + 4);
  return answer;
}

}  // namespace

HttpAnswer HttpGet(int port, const std::string& path) { return Ask(port, "GET", path, ""); }
HttpAnswer HttpPost(int port, const std::string& path) { return Ask(port, "POST", path, "Content-Length: 0\r\n"); }

}  // namespace semel::support
