#include "server/ops/admin_http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace semel::ops {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// What the server says to `request`, byte for byte, until it closes.
std::string Exchange(int port, const std::string& request) {
  int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_EQ(send(socket, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
  std::string response;
  char buffer[4096];
  while (true) {
    ssize_t got = recv(socket, buffer, sizeof(buffer), 0);
    if (got <= 0) break;
    response.append(buffer, got);
  }
  close(socket);
  return response;
}

class AdminHttpTest : public testing::Test {
 protected:
  AdminHttpTest() {
    auto admin = AdminHttp::Start("127.0.0.1:0", {.metrics = [this] { return Metrics(); },
                                                  .not_ready_reason = [this]() -> std::optional<std::string> {
                                                    if (ready_) return std::nullopt;
                                                    return "draining";
                                                  }});
    EXPECT_TRUE(admin.ok()) << admin.status().message();
    admin_ = *std::move(admin);
  }

  std::string Metrics() {
    if (metrics_fail_) throw std::runtime_error("no figures");
    return metrics_;
  }
  std::string Ask(const std::string& method, const std::string& path) {
    return Exchange(admin_->port(), method + " " + path + " HTTP/1.1\r\nHost: test\r\n\r\n");
  }

  std::string metrics_ = "semel_waiters 0\n";
  std::atomic<bool> ready_{true};
  std::atomic<bool> metrics_fail_{false};
  std::unique_ptr<AdminHttp> admin_;
};

TEST_F(AdminHttpTest, ReportsThePortItGot) { EXPECT_GT(admin_->port(), 0); }

TEST_F(AdminHttpTest, Metrics) {
  std::string response = Ask("GET", "/metrics");
  EXPECT_THAT(response, AllOf(StartsWith("HTTP/1.1 200 OK\r\n"),
                              HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"),
                              HasSubstr("Content-Length: 16\r\n"), EndsWith("\r\n\r\nsemel_waiters 0\n")));
}

TEST_F(AdminHttpTest, LargeMetricsArriveWhole) {
  metrics_ = std::string(4 << 20, 'x');
  std::string response = Ask("GET", "/metrics");
  EXPECT_EQ(response.size() - response.find("\r\n\r\n") - 4, metrics_.size());
}

TEST_F(AdminHttpTest, Livez) {
  ready_ = false;
  EXPECT_THAT(Ask("GET", "/livez"), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), EndsWith("\r\n\r\nok\n")));
}

TEST_F(AdminHttpTest, ReadyzFollowsItsReason) {
  EXPECT_THAT(Ask("GET", "/readyz"), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), EndsWith("\r\n\r\nok\n")));
  ready_ = false;
  EXPECT_THAT(Ask("GET", "/readyz"),
              AllOf(StartsWith("HTTP/1.1 503 Service Unavailable\r\n"), EndsWith("\r\n\r\ndraining\n")));
}

TEST_F(AdminHttpTest, IndexListsThePages) {
  EXPECT_THAT(Ask("GET", "/"), AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("semeld " SEMEL_VERSION),
                                     HasSubstr("/metrics"), HasSubstr("/livez"), HasSubstr("/readyz")));
}

TEST_F(AdminHttpTest, HeadHasNoBody) {
  EXPECT_THAT(Ask("HEAD", "/metrics"),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Content-Length: 16\r\n"), EndsWith("\r\n\r\n")));
}

TEST_F(AdminHttpTest, QueryStringsDoNotMatter) { EXPECT_THAT(Ask("GET", "/livez?verbose=1"), HasSubstr(" 200 OK")); }

TEST_F(AdminHttpTest, OtherPagesAreNotFound) {
  for (const char* path : {"/metricsx", "/metrics/x", "/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/favicon.ico"}) {
    EXPECT_THAT(Ask("GET", path), AnyOf(StartsWith("HTTP/1.1 404 "), StartsWith("HTTP/1.1 400 "))) << path;
  }
}

TEST_F(AdminHttpTest, OtherMethodsAreRefused) {
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS"}) {
    EXPECT_THAT(Ask(method, "/metrics"),
                AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("Allow: GET, HEAD\r\n"), Not(HasSubstr("semel_waiters"))))
        << method;
  }
}

TEST_F(AdminHttpTest, OversizedRequestIsRefused) {
  std::string request = "GET /metrics HTTP/1.1\r\nHost: test\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n";
  EXPECT_THAT(Exchange(admin_->port(), request), Not(HasSubstr("semel_waiters")));
  EXPECT_THAT(Ask("GET", "/livez"), HasSubstr(" 200 OK"));
}

TEST_F(AdminHttpTest, GarbageIsRefused) {
  EXPECT_THAT(Exchange(admin_->port(), "\x16\x03\x01 not http\r\n\r\n"), Not(HasSubstr(" 200 ")));
  EXPECT_THAT(Ask("GET", "/livez"), HasSubstr(" 200 OK"));
}

TEST_F(AdminHttpTest, AFailingRouteIsAnError) {
  metrics_fail_ = true;
  EXPECT_THAT(Ask("GET", "/metrics"), AllOf(StartsWith("HTTP/1.1 500 "), EndsWith("no figures\n")));
}

TEST_F(AdminHttpTest, AnswersSeveralAtATime) {
  std::vector<std::future<std::string>> answers;
  answers.reserve(16);
  for (int i = 0; i < 16; ++i) {
    answers.push_back(std::async(std::launch::async, [this] { return Ask("GET", "/metrics"); }));
  }
  for (std::future<std::string>& answer : answers) EXPECT_THAT(answer.get(), HasSubstr("semel_waiters 0"));
}

TEST(AdminHttpStart, AddressInUseIsTold) {
  AdminHttp::Routes routes{.metrics = [] { return ""; }, .not_ready_reason = [] { return std::nullopt; }};
  auto first = AdminHttp::Start("127.0.0.1:0", routes);
  ASSERT_TRUE(first.ok()) << first.status().message();
  auto second = AdminHttp::Start("127.0.0.1:" + std::to_string((*first)->port()), routes);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()),
              AllOf(StartsWith("cannot serve admin HTTP on 127.0.0.1:"), HasSubstr("Address already in use")));
}

TEST(AdminHttpStart, ForeignAddressIsTold) {
  auto admin = AdminHttp::Start("192.0.2.1:0", {});
  EXPECT_EQ(admin.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(admin.status().message()), HasSubstr("Cannot assign requested address"));
}

TEST(AdminHttpStart, MalformedAddressIsTold) {
  EXPECT_EQ(AdminHttp::Start("8080,9090", {}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(AdminHttpStart, TakesNames) {
  AdminHttp::Routes routes{.metrics = [] { return ""; }, .not_ready_reason = [] { return std::nullopt; }};
  auto name = AdminHttp::Start("localhost:0", routes);
  ASSERT_TRUE(name.ok()) << name.status().message();
  EXPECT_THAT(Exchange((*name)->port(), "GET /livez HTTP/1.0\r\n\r\n"), HasSubstr(" 200 OK"));
}

// Debian builds civetweb without IPv6; elsewhere it works.
TEST(AdminHttpStart, Ipv6WorksOrSaysWhyNot) {
  AdminHttp::Routes routes{.metrics = [] { return ""; }, .not_ready_reason = [] { return std::nullopt; }};
  auto admin = AdminHttp::Start("[::]:0", routes);
  if (admin.ok()) return;
  EXPECT_THAT(std::string(admin.status().message()), StartsWith("cannot serve admin HTTP on [::]:0: "));
}

}  // namespace
}  // namespace semel::ops
