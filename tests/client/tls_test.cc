// TLS, tokens and names, against a real server with certificates that are made here.

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "semel/client.h"
#include "semel/v1/idempotency_service.grpc.pb.h"

namespace semel {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// The conversation ends at the front door: what it is about is whether, and how, calls get through to it.
class FrontDoor : public v1::IdempotencyService::Service {
 public:
  grpc::Status Lookup(grpc::ServerContext* context, const v1::LookupRequest*, v1::LookupResponse*) override {
    Note(*context);
    return grpc::Status::OK;
  }
  // Answers one operation; then the token is no longer good.
  grpc::Status Session(grpc::ServerContext* context,
                       grpc::ServerReaderWriter<v1::SessionResponse, v1::SessionRequest>* stream) override {
    Note(*context);
    v1::SessionResponse response;
    response.mutable_limits()->set_max_operations(10);
    response.mutable_limits()->set_max_unanswered(10);
    stream->Write(response);
    v1::SessionRequest request;
    while (stream->Read(&request)) {
      if (request.operations().empty()) continue;
      response.Clear();
      response.add_answers()->set_id(request.operations(0).id());
      response.mutable_answers(0)->mutable_lookup();
      stream->Write(response);
      return {grpc::StatusCode::UNAUTHENTICATED, "the token has run out"};
    }
    return grpc::Status::OK;
  }
  void Note(const grpc::ServerContext& context) {
    std::lock_guard lock(mutex_);
    ++calls_;
    for (const auto& [name, value] : context.client_metadata()) {
      metadata_[std::string(name.data(), name.size())] = std::string(value.data(), value.size());
    }
    peer_ = context.auth_context()->GetPeerIdentity().empty()
                ? ""
                : std::string(context.auth_context()->GetPeerIdentity().front().data(),
                              context.auth_context()->GetPeerIdentity().front().size());
  }
  int calls() {
    std::lock_guard lock(mutex_);
    return calls_;
  }
  std::string peer() {
    std::lock_guard lock(mutex_);
    return peer_;
  }
  std::string metadata(const std::string& name) {
    std::lock_guard lock(mutex_);
    return metadata_[name];
  }

 private:
  std::mutex mutex_;
  int calls_ = 0;
  std::string peer_;
  std::map<std::string, std::string> metadata_;
};

class TlsTest : public testing::Test {
 protected:
  void SetUp() override {
    setenv("GRPC_DNS_RESOLVER", "native", 1);  // Debian's c-ares leaks ten bytes for every localhost
    std::string pattern = std::filesystem::temp_directory_path() / "semel-tls-test-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    MakeAuthority("ca");
    MakeAuthority("stranger");
    MakeCertificate("server", "ca", "localhost");
    MakeCertificate("client", "ca", "till-3");
    Serve();
  }
  void TearDown() override {
    if (server_) server_->Shutdown();
    std::filesystem::remove_all(directory_);
  }

  std::string File(const std::string& name) const { return directory_ + "/" + name; }
  std::string Read(const std::string& name) const {
    std::ifstream stream(File(name));
    std::ostringstream contents;
    contents << stream.rdbuf();
    return contents.str();
  }
  void OpenSsl(const std::string& arguments) {
    ASSERT_EQ(std::system(("cd " + directory_ + " && openssl " + arguments + " >>openssl.log 2>&1").c_str()), 0)
        << "openssl " << arguments << "\n"
        << Read("openssl.log");
  }
  void MakeAuthority(const std::string& name) {
    OpenSsl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=" + name +
            " -keyout " + name + ".key -out " + name + ".pem");
  }
  void MakeCertificate(const std::string& name, const std::string& authority, const std::string& host) {
    OpenSsl("req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=" + host + " -keyout " + name +
            ".key -out " + name + ".csr");
    std::ofstream(File(name + ".ext")) << "subjectAltName=DNS:" << host << "\n";
    OpenSsl("x509 -req -in " + name + ".csr -CA " + authority + ".pem -CAkey " + authority +
            ".key -CAcreateserial -days 2 -extfile " + name + ".ext -out " + name + ".pem");
  }

  void Serve(grpc_ssl_client_certificate_request_type asks = GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE) {
    if (server_) server_->Shutdown();
    grpc::SslServerCredentialsOptions options(asks);
    options.pem_root_certs = Read("ca.pem");
    options.pem_key_cert_pairs.push_back({Read("server.key"), Read("server.pem")});
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(options), &port_);
    builder.RegisterService(&door_);
    server_ = builder.BuildAndStart();
    ASSERT_TRUE(server_);
  }

  ClientOptions Options(const std::string& ca) const {
    return {.address = "localhost:" + std::to_string(port_),
            .namespace_name = "shop",
            .call_timeout = 60s,
            .try_timeout = 20s,
            .tls = Tls{.ca_file = File(ca)}};
  }
  static absl::Status LookUp(const ClientOptions& options) {
    auto client = Client::Connect(options);
    return client.ok() ? (*client)->Lookup("k").status() : client.status();
  }

  std::string directory_;
  int port_ = 0;
  FrontDoor door_;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(TlsTest, ReachesAServerThatItTrusts) {
  EXPECT_TRUE(LookUp(Options("ca.pem")).ok()) << LookUp(Options("ca.pem"));
  EXPECT_GE(door_.calls(), 1);
  EXPECT_THAT(door_.metadata("user-agent"), testing::StartsWith("semel-cpp/0."));
}

TEST_F(TlsTest, AnUntrustedServerIsAnErrorAtOnceAndSaysWhatToDo) {
  const auto begin = std::chrono::steady_clock::now();
  const absl::Status status = LookUp(Options("stranger.pem"));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("tls.ca_file"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("localhost"));
  EXPECT_FALSE(DetailsOf(status).outcome_unknown);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 50s) << "it was retried until the call's timeout";
  EXPECT_EQ(door_.calls(), 0);
}

TEST_F(TlsTest, TheCertificateMustNameTheHostOrTheAuthority) {
  ClientOptions options = Options("ca.pem");
  options.address = "127.0.0.1:" + std::to_string(port_);
  EXPECT_EQ(LookUp(options).code(), absl::StatusCode::kUnauthenticated) << LookUp(options);
  options.authority = "localhost";
  EXPECT_TRUE(LookUp(options).ok()) << LookUp(options);
}

TEST_F(TlsTest, ShowsItsOwnCertificate) {
  Serve(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  ClientOptions options = Options("ca.pem");
  options.tls->cert_file = File("client.pem");
  options.tls->key_file = File("client.key");
  EXPECT_TRUE(LookUp(options).ok()) << LookUp(options);
  EXPECT_EQ(door_.peer(), "till-3");

  ClientOptions bare = Options("ca.pem");
  bare.call_timeout = 2s;
  EXPECT_FALSE(LookUp(bare).ok());
}

TEST_F(TlsTest, BringsItsTokenToEveryTryAndNeverInTheOpen) {
  ClientOptions options = Options("ca.pem");
  int asked = 0;
  options.bearer_token = [&asked] { return "secret-" + std::to_string(++asked); };
  auto client = Client::Connect(options);
  ASSERT_TRUE(client.ok()) << client.status();
  EXPECT_TRUE((*client)->Lookup("k").ok());
  EXPECT_EQ(door_.metadata("authorization"), "Bearer secret-" + std::to_string(asked));
  EXPECT_TRUE((*client)->Lookup("k").ok());
  EXPECT_EQ(door_.metadata("authorization"), "Bearer secret-" + std::to_string(asked));
  EXPECT_GE(asked, 2);

  options.tls.reset();
  EXPECT_THAT(std::string(Client::Connect(options).status().message()), HasSubstr("in the open"));
}

TEST_F(TlsTest, AStreamThatEndsWithItsTokenIsFollowedByOneWithTheNext) {
  ClientOptions options = Options("ca.pem");
  options.transport = Transport::kStream;
  std::atomic<int> asked = 0;
  options.bearer_token = [&asked] { return "secret-" + std::to_string(++asked); };
  auto client = Client::Connect(options);
  ASSERT_TRUE(client.ok()) << client.status();
  for (int stream = 1; stream <= 3; ++stream) {
    const auto record = (*client)->Lookup("k");
    EXPECT_TRUE(record.ok()) << record.status();
    EXPECT_EQ(door_.calls(), stream);
    EXPECT_EQ(door_.metadata("authorization"), "Bearer secret-" + std::to_string(stream));
  }
}

TEST_F(TlsTest, FilesThatCannotBeUsedAreNamed) {
  const auto refusal = [this](Tls tls) {
    ClientOptions options = Options("ca.pem");
    options.tls = std::move(tls);
    return std::string(Client::Connect(options).status().message());
  };
  EXPECT_THAT(refusal({.ca_file = File("absent.pem")}), HasSubstr(File("absent.pem") + ": No such file"));
  EXPECT_THAT(refusal({.ca_file = directory_}), HasSubstr("tls.ca_file"));
  std::ofstream(File("garbage.pem")) << "no certificate";
  EXPECT_THAT(refusal({.ca_file = File("garbage.pem")}), HasSubstr("is not PEM"));
  EXPECT_THAT(refusal({.cert_file = File("client.pem")}), HasSubstr("belong together"));
}

TEST_F(TlsTest, ACallInTheOpenGetsNoAnswer) {
  ClientOptions options = Options("ca.pem");
  options.tls.reset();
  options.call_timeout = 1s;
  EXPECT_FALSE(LookUp(options).ok());
  EXPECT_EQ(door_.calls(), 0);
}

}  // namespace
}  // namespace semel
