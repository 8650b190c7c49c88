#include "server/ops/admin_http.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <exception>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "CivetServer.h"
#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "fmt/format.h"
#include "server/ops/config_values.h"

namespace semel::ops {
namespace {

constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kPrometheusText = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view kIndex = "semeld " SEMEL_VERSION
                                    "\n\n"
                                    "/metrics   figures for Prometheus\n"
                                    "/livez     200 while the process answers\n"
                                    "/readyz    200 when calls are taken, otherwise 503 and why\n";

struct Response {
  int code = 200;
  std::string_view phrase = "OK";
  std::string_view content_type = kText;
  std::string body;
  std::string_view more_headers;
};

Response Posted(const absl::Status& status) {
  if (status.ok()) return {.body = "ok\n"};
  return {.code = 400, .phrase = "Bad Request", .body = std::string(status.message()) + "\n"};
}

Response Answer(std::string_view method, std::string_view path, const std::string& query,
                const AdminHttp::Routes& routes) {
  if (method == "POST") {
    if (auto post = routes.posts.find(path); post != routes.posts.end()) return Posted(post->second(query));
  }
  if (method != "GET" && method != "HEAD") {
    return {.code = 405,
            .phrase = "Method Not Allowed",
            .body = "only GET and HEAD\n",
            .more_headers = "Allow: GET, HEAD\r\n"};
  }
  if (path == "/metrics") return {.content_type = kPrometheusText, .body = routes.metrics()};
  if (path == "/livez") return {.body = "ok\n"};
  if (path == "/readyz") {
    std::optional<std::string> reason = routes.not_ready_reason();
    if (!reason) return {.body = "ok\n"};
    return {.code = 503, .phrase = "Service Unavailable", .body = *std::move(reason) + "\n"};
  }
  if (path == "/") return {.body = std::string(kIndex)};
  return {.code = 404, .phrase = "Not Found", .body = "no such page; / lists what there is\n"};
}

std::vector<std::string> CivetOptions(const std::string& listen) {
  return {
      "listening_ports",
      listen,
      // A scraper and two probes at a time, and one to spare. Connections are not kept: an idle one would hold a thread.
      "num_threads",
      "4",
      "enable_keep_alive",
      "no",
      "request_timeout_ms",
      "5000",
      "max_request_size",
      "8192",
      // Requests are ours alone: no files, no cross-origin answers, no names to compare.
      "access_control_allow_methods",
      "",
      "access_control_allow_origin",
      "",
      "enable_auth_domain_check",
      "no",
      "enable_directory_listing",
      "no",
  };
}

// Connects and hangs up.
void Knock(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  std::string name = host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
  addrinfo* found = nullptr;
  if (getaddrinfo(name.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return;
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, &freeaddrinfo);
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    int fd = socket(address->ai_family, address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) continue;
    (void)connect(fd, address->ai_addr, address->ai_addrlen);
    close(fd);
  }
}

}  // namespace

// Holds what the server's threads need; outlives them.
class AdminHttp::Listener {
 public:
  Listener(Routes routes, std::string host) : routes_(std::move(routes)), host_(std::move(host)) {}

  absl::Status Listen(const std::string& listen) {
    CivetCallbacks callbacks;
    callbacks.begin_request = &Listener::OnRequest;
    callbacks.log_message = &Listener::OnMessage;
    try {
      server_ = std::make_unique<CivetServer>(CivetOptions(listen), &callbacks, this);
    } catch (const CivetException& error) {
      std::lock_guard lock(mutex_);
      return absl::UnavailableError(
          fmt::format("cannot serve admin HTTP on {}: {}", listen, message_.empty() ? error.what() : message_));
    }
    std::vector<int> ports = server_->getListeningPorts();
    if (ports.empty()) return absl::InternalError("admin HTTP listens on no port");
    port_ = ports.front();
    return absl::OkStatus();
  }

  // civetweb looks every two seconds whether it should stop, unless a connection wakes it.
  ~Listener() {
    absl::Notification stopped;
    std::thread stopping([&] {
      server_.reset();
      stopped.Notify();
    });
    while (!stopped.WaitForNotificationWithTimeout(absl::Milliseconds(10))) Knock(host_, port_);
    stopping.join();
  }

  int port() const { return port_; }

 private:
  static Listener* Of(const mg_connection* connection) {
    auto* server = static_cast<CivetServer*>(mg_get_user_data(mg_get_context(connection)));
    return server == nullptr ? nullptr : static_cast<Listener*>(const_cast<void*>(server->getUserContext()));
  }

  static int OnRequest(mg_connection* connection) {
    const mg_request_info* request = mg_get_request_info(connection);
    std::string_view method = request->request_method;
    Response response;
    try {
      const std::string query = request->query_string == nullptr ? "" : request->query_string;
      response = Answer(method, request->local_uri, query, Of(connection)->routes_);
    } catch (const std::exception& error) {
      response = {.code = 500, .phrase = "Internal Server Error", .body = std::string(error.what()) + "\n"};
    }
    std::string text = fmt::format(
        "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}Cache-Control: no-store\r\n"
        "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
        response.code, response.phrase, response.content_type, response.body.size(), response.more_headers);
    if (method != "HEAD") text += response.body;
    mg_write(connection, text.data(), text.size());
    return response.code;
  }

  // While starting, the only way to learn why a port could not be had. Later: clients that hang up, of no interest.
  static int OnMessage(const mg_connection* connection, const char* message) {
    if (Listener* listener = Of(connection); listener != nullptr) {
      std::lock_guard lock(listener->mutex_);
      if (listener->message_.empty()) listener->message_ = message;
    }
    return 1;
  }

  const Routes routes_;
  const std::string host_;
  std::mutex mutex_;
  std::string message_;  // guarded by mutex_; the first one: those after it follow from it
  int port_ = 0;
  std::unique_ptr<CivetServer> server_;  // last: its threads end before what they use
};

absl::StatusOr<std::unique_ptr<AdminHttp>> AdminHttp::Start(const std::string& listen, Routes routes) {
  absl::StatusOr<Address> address = ParseAddress(listen);
  if (!address.ok()) return address.status();
  if (address->host.starts_with('[') && mg_check_feature(MG_FEATURES_IPV6) == 0) {
    return absl::UnavailableError(
        fmt::format("cannot serve admin HTTP on {}: this build's civetweb knows IPv4 only; try 0.0.0.0", listen));
  }
  auto listener = std::make_unique<Listener>(std::move(routes), address->host);
  if (absl::Status status = listener->Listen(listen); !status.ok()) return status;
  return std::unique_ptr<AdminHttp>(new AdminHttp(std::move(listener)));
}

AdminHttp::AdminHttp(std::unique_ptr<Listener> listener) : listener_(std::move(listener)) {}
AdminHttp::~AdminHttp() = default;
int AdminHttp::port() const { return listener_->port(); }

}  // namespace semel::ops
