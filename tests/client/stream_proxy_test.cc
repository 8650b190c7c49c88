// What stands between client and server: proxies that pass the stream, refuse it or swallow it, and servers that do not know it.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "client/demo/child_process.h"
#include "semel/v1/idempotency_service.grpc.pb.h"
#include "tests/client/server_fixture.h"

namespace semel {
namespace {

using testing::HasSubstr;

// Takes connections and never says a word.
class Silence {
 public:
  Silence() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(listen(socket_, 16), 0);
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length), 0);
    port_ = ntohs(address.sin_port);
  }
  ~Silence() { close(socket_); }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // Until somebody has connected. False: nobody did for a long time.
  bool AwaitConnection() const {
    pollfd waiting{.fd = socket_, .events = POLLIN, .revents = 0};
    return poll(&waiting, 1, /*milliseconds=*/60'000) == 1;
  }

 private:
  const int socket_;
  int port_ = 0;
};

// An nginx before the server, on a socket of its own.
class StreamProxyTest : public ServerTest {
 protected:
  // `session`: what it does with the stream.
  void StartProxy(const std::string& session) {
    std::ofstream(directory() + "/nginx.conf") << R"(
      daemon off;
      master_process off;
      error_log )" << directory() << R"(/nginx.log;
      pid )" << directory() << R"(/nginx.pid;
      events {}
      http {
        access_log off;
        client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
        uwsgi_temp_path uwsgi; scgi_temp_path scgi;
        grpc_read_timeout 1h; grpc_send_timeout 1h; client_body_timeout 1h;
        server {
          listen unix:)" << directory() << R"(/nginx.sock http2;
          location / { grpc_pass grpc://)" << server().address()
                                               << R"(; }
          location = /semel.v1.IdempotencyService/Session {
            access_log )" << directory() << R"(/sessions.log combined;
            )" << session << R"( }
        }
      })";
    auto nginx = demo::ChildProcess::Start({"/usr/sbin/nginx", "-p", directory(), "-c", directory() + "/nginx.conf"},
                                           directory() + "/nginx.err");
    ASSERT_TRUE(nginx.ok()) << nginx.status();
    nginx_ = *std::move(nginx);
  }
  // Streams that ended at the proxy.
  int Sessions() const {
    std::ifstream log(directory() + "/sessions.log");
    return static_cast<int>(std::count(std::istreambuf_iterator<char>(log), {}, '\n'));
  }
  std::string PassTo(const std::string& address) const { return "grpc_pass grpc://" + address + ";"; }

  std::unique_ptr<Client> ThroughNginx(Transport transport, Duration call_timeout = 60s) const {
    return Client::Connect({.address = "unix:" + directory() + "/nginx.sock",
                            .namespace_name = "shop",
                            .call_timeout = call_timeout,
                            .transport = transport})
        .value();
  }

  // Calls that overlap, all answered, until that many were.
  static void Overlap(Client& client, int calls) {
    std::atomic<int> left = calls;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        while (--left >= 0) {
          const auto record = client.Lookup("k");
          EXPECT_TRUE(record.ok()) << record.status();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

 private:
  std::unique_ptr<demo::ChildProcess> nginx_;
};

TEST_F(StreamProxyTest, AProxyThatPassesStreamsIsNoObstacle) {
  StartProxy(PassTo(server().address()));
  const auto client = ThroughNginx(Transport::kAuto);
  EXPECT_TRUE(Eventually([&] {
    Overlap(*client, 20);
    return client->transport_in_use() == Transport::kStream;
  }));
  const Acquired acquired = Acquire(*client, "k");
  EXPECT_TRUE(client->Complete({.key = "k", .token = acquired.token, .outcome = Result{.payload = "r"}}).ok());
}

TEST_F(StreamProxyTest, WhereAProxyRefusesStreamsCallsGoByThemselves) {
  StartProxy("return 404;");
  const auto client = ThroughNginx(Transport::kAuto);
  Overlap(*client, 500);
  EXPECT_TRUE(Eventually([&] { return Sessions() > 0; })) << "none was tried";
  Overlap(*client, 500);
  EXPECT_EQ(Sessions(), 1) << "it is left alone for a while";
  EXPECT_EQ(client->transport_in_use(), Transport::kUnary);
  EXPECT_EQ(Acquire(*client, "k").attempt, 1);
}

TEST_F(StreamProxyTest, AStreamAndNothingElseIsAClearErrorThere) {
  StartProxy("return 404;");
  const auto client = ThroughNginx(Transport::kStream);
  const auto answer = client->Begin({.key = "k"});
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnimplemented) << answer.status();
  EXPECT_FALSE(DetailsOf(answer.status()).outcome_unknown);
  EXPECT_THAT(std::string(answer.status().message()), HasSubstr("set ClientOptions::transport"));
}

TEST_F(StreamProxyTest, WhereAProxySwallowsStreamsNoCallWaitsForThem) {
  const Silence silence;
  StartProxy(PassTo(silence.address()));
  const auto client = ThroughNginx(Transport::kAuto);
  const auto begin = std::chrono::steady_clock::now();
  Overlap(*client, 500);
  EXPECT_TRUE(silence.AwaitConnection()) << "none was tried";
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
  EXPECT_EQ(client->transport_in_use(), Transport::kUnary);

  const absl::Status error = ThroughNginx(Transport::kStream, 500ms)->Lookup("k").status();
  EXPECT_EQ(error.code(), absl::StatusCode::kDeadlineExceeded) << error;
  EXPECT_FALSE(DetailsOf(error).outcome_unknown);
  EXPECT_THAT(std::string(error.message()), HasSubstr("the Session stream was not open"));
}

// Before there was a Session stream: passes every call on to the server, and knows no other.
class OlderServer final : public v1::IdempotencyService::Service {
 public:
  explicit OlderServer(const std::string& backend)
      : stub_(v1::IdempotencyService::NewStub(grpc::CreateChannel(backend, grpc::InsecureChannelCredentials()))) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~OlderServer() override { server_->Shutdown(); }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  grpc::Status Begin(grpc::ServerContext*, const v1::BeginRequest* request, v1::BeginResponse* response) override {
    grpc::ClientContext context;
    return stub_->Begin(&context, *request, response);
  }
  grpc::Status Lookup(grpc::ServerContext*, const v1::LookupRequest* request, v1::LookupResponse* response) override {
    grpc::ClientContext context;
    return stub_->Lookup(&context, *request, response);
  }

 private:
  const std::unique_ptr<v1::IdempotencyService::Stub> stub_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(StreamProxyTest, AnOlderServerServesCallsAndRefusesStreams) {
  const OlderServer older(server().address());
  const auto client = Client::Connect({.address = older.address(), .namespace_name = "shop"}).value();
  Overlap(*client, 500);
  EXPECT_EQ(client->transport_in_use(), Transport::kUnary);
  EXPECT_EQ(Acquire(*client, "k").attempt, 1);

  const auto stream =
      Client::Connect({.address = older.address(), .namespace_name = "shop", .transport = Transport::kStream}).value();
  const auto answer = stream->Begin({.key = "k"});
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnimplemented) << answer.status();
  EXPECT_THAT(std::string(answer.status().message()), HasSubstr("upgrade it"));
}

}  // namespace
}  // namespace semel
