// TLS on the real process: who gets in, and certificates that change while it serves.

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "absl/strings/str_cat.h"
#include "tests/support/caller.h"
#include "tests/support/certificates.h"
#include "tests/support/requests.h"
#include "tests/support/scrape.h"
#include "tests/support/semeld.h"

namespace semel::e2e {
namespace {

using support::BeginOf;
using support::Caller;
using support::Eventually;
using support::Scrape;
using support::Semeld;
using testing::HasSubstr;
using testing::Not;

constexpr char kRefused[] = "semel_tls_files_refused";
constexpr char kExpiry[] = "semel_tls_certificate_expiry_timestamp_seconds";

class TlsTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* authority : {"ca", "next-ca", "clients", "stranger"}) pem_.MakeAuthority(authority);
    pem_.Make("first", {.authority = "ca", .days = 5});
    pem_.Make("second", {.authority = "next-ca", .days = 9});
    Mount("first", "first");
  }

  // As Kubernetes puts a secret into a directory: the files lead through ..data, and that is swapped as one.
  void Mount(const std::string& certificate, const std::string& key) {
    const std::string version = absl::StrCat("..version", ++mounts_);
    std::filesystem::create_directory(pem_.File(version));
    pem_.Write(version + "/tls.crt", pem_.Read(certificate + ".pem"));
    pem_.Write(version + "/tls.key", pem_.Read(key + ".key"));
    std::filesystem::create_symlink(version, pem_.File("..data_tmp"));
    std::filesystem::rename(pem_.File("..data_tmp"), pem_.File("..data"));
    if (mounts_ > 1) return;
    for (const char* file : {"tls.crt", "tls.key"}) {
      std::filesystem::create_symlink(std::string("..data/") + file, pem_.File(file));
    }
  }
  std::string Config(const std::string& client_ca = "") const {
    return absl::StrCat("tls:\n  certificate: ", pem_.File("tls.crt"), "\n  private_key: ", pem_.File("tls.key"), "\n",
                        client_ca.empty() ? "" : absl::StrCat("  client_ca: ", pem_.File(client_ca), "\n"));
  }
  void Serve(const std::string& config) {
    semeld_.emplace(directory_, Semeld::Options{.config = config});
    ASSERT_TRUE(semeld_->AwaitReady()) << semeld_->Log();
  }
  double Value(const char* metric) const { return Scrape(semeld_->Get("/metrics").body)[metric]; }

  // A connection of its own, of a client that trusts `ca` and shows `certificate`.
  std::shared_ptr<grpc::Channel> Connect(const std::string& ca, const std::string& certificate = "") const {
    grpc::SslCredentialsOptions options{.pem_root_certs = pem_.Read(ca + ".pem")};
    if (!certificate.empty()) {
      options.pem_private_key = pem_.Read(certificate + ".key");
      options.pem_cert_chain = pem_.Read(certificate + ".pem");
    }
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetString(GRPC_SSL_TARGET_NAME_OVERRIDE_ARG, "localhost");
    return grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", semeld_->port()), grpc::SslCredentials(options),
                                     arguments);
  }
  static grpc::StatusCode Begin(const std::shared_ptr<grpc::Channel>& channel, const std::string& key) {
    return Caller(channel).Call(BeginOf(key)).status.error_code();
  }
  // By the version's own flag, as openssl spells it.
  bool Agrees(const std::string& version) const {
    return std::system(absl::StrCat("openssl s_client -connect 127.0.0.1:", semeld_->port(), " -alpn h2 -", version,
                                    " -cipher DEFAULT@SECLEVEL=0 </dev/null >", pem_.File("s_client.log"), " 2>&1")
                           .c_str()) == 0;
  }

  const support::TemporaryDirectory directory_;
  support::Certificates pem_{directory_};
  std::optional<Semeld> semeld_;
  int mounts_ = 0;
};

TEST_F(TlsTest, ServesThoseWhoTrustItAndNobodyInTheOpen) {
  Serve(Config());
  EXPECT_EQ(Begin(Connect("ca"), "order-1"), grpc::StatusCode::OK);
  EXPECT_EQ(Begin(Connect("stranger"), "order-2"), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Begin(semeld_->NewChannel(), "order-3"), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(semeld_->Get("/readyz").code, 200) << "the admin port stays plaintext";
  EXPECT_EQ(Value(kRefused), 0);
  EXPECT_NEAR(Value(kExpiry), static_cast<double>(time(nullptr)) + 5 * 86400, 3600);
}

TEST_F(TlsTest, ATlsVersionOfLongAgoIsRefused) {
  Serve(Config());
  EXPECT_TRUE(Agrees("tls1_3")) << pem_.Read("s_client.log");
  EXPECT_TRUE(Agrees("tls1_2")) << pem_.Read("s_client.log");
  EXPECT_FALSE(Agrees("tls1_1")) << pem_.Read("s_client.log");
}

TEST_F(TlsTest, ARenewedCertificateIsInForceWithoutARestart) {
  Serve(Config());
  const auto before = Connect("ca");
  EXPECT_EQ(Begin(before, "order-1"), grpc::StatusCode::OK);
  EXPECT_EQ(Begin(Connect("next-ca"), "order-2"), grpc::StatusCode::UNAVAILABLE);
  const double expiry = Value(kExpiry);
  Mount("second", "second");
  ASSERT_TRUE(Eventually([&] { return Value(kExpiry) > expiry; })) << semeld_->Log();
  EXPECT_EQ(Begin(Connect("next-ca"), "order-3"), grpc::StatusCode::OK);
  EXPECT_EQ(Begin(Connect("ca"), "order-4"), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Begin(before, "order-5"), grpc::StatusCode::OK) << "what stands keeps what it was made with";
}

TEST_F(TlsTest, APairThatDoesNotFitLeavesTheOlderInForce) {
  Serve(Config());
  Mount("second", "first");
  ASSERT_TRUE(Eventually([&] { return Value(kRefused) == 1; })) << semeld_->Log();
  EXPECT_THAT(semeld_->Log(), HasSubstr("the TLS files cannot be used"));
  EXPECT_EQ(Begin(Connect("ca"), "order-1"), grpc::StatusCode::OK);
  Mount("second", "second");
  ASSERT_TRUE(Eventually([&] { return Value(kRefused) == 0; })) << semeld_->Log();
  EXPECT_EQ(Begin(Connect("next-ca"), "order-2"), grpc::StatusCode::OK);
}

TEST_F(TlsTest, ARequestToReloadReadsTheFilesToo) {
  Serve(Config());
  const double expiry = Value(kExpiry);
  Mount("second", "second");
  semeld_->process().Signal(SIGHUP);
  ASSERT_TRUE(Eventually([&] { return semeld_->Log().find("configuration reloaded") != std::string::npos; }));
  EXPECT_GT(Value(kExpiry), expiry) << "before the reload was told";
}

TEST_F(TlsTest, WithAClientAuthorityOnlyThoseThatItSignedGetIn) {
  pem_.Make("till", {.authority = "clients", .host = "till-3"});
  pem_.Make("intruder", {.authority = "stranger", .host = "till-3"});
  Serve(Config("clients.pem"));
  EXPECT_EQ(Begin(Connect("ca", "till"), "order-1"), grpc::StatusCode::OK);
  EXPECT_THAT(semeld_->Log(), Not(HasSubstr("turned away")));
  EXPECT_EQ(Begin(Connect("ca"), "order-2"), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(semeld_->Log(), HasSubstr("reason=\"peer did not return a certificate.\""));
  EXPECT_EQ(Begin(Connect("ca", "intruder"), "order-3"), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, AnotherClientAuthorityIsForNewConnections) {
  pem_.Make("till", {.authority = "clients", .host = "till-3"});
  pem_.Make("kiosk", {.authority = "stranger", .host = "kiosk-1"});
  pem_.Write("client-ca.pem", pem_.Read("clients.pem"));
  Serve(Config("client-ca.pem"));
  EXPECT_EQ(Begin(Connect("ca", "kiosk"), "order-1"), grpc::StatusCode::UNAVAILABLE);
  pem_.Write("client-ca.pem", pem_.Read("stranger.pem"));
  semeld_->process().Signal(SIGHUP);
  ASSERT_TRUE(Eventually([&] { return semeld_->Log().find("configuration reloaded") != std::string::npos; }));
  EXPECT_EQ(Begin(Connect("ca", "kiosk"), "order-2"), grpc::StatusCode::OK);
  EXPECT_EQ(Begin(Connect("ca", "till"), "order-3"), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, AnExpiredCertificateIsServedWithAWarning) {
  pem_.Make("expired", {.authority = "ca", .days = -1});
  Mount("expired", "expired");
  Serve(Config());
  EXPECT_THAT(semeld_->Log(), HasSubstr("has expired: clients refuse it until it is renewed"));
  EXPECT_LT(Value(kExpiry), static_cast<double>(time(nullptr)));
}

TEST_F(TlsTest, WithoutAUsablePairItDoesNotStart) {
  Mount("second", "first");
  Semeld semeld(directory_, {.config = Config()});
  EXPECT_FALSE(semeld.AwaitReady());
  const auto ending = semeld.process().AwaitEnd();
  ASSERT_TRUE(ending);
  EXPECT_EQ(ending->exit_code, 1);
  EXPECT_THAT(semeld.Log(), HasSubstr("cannot use the TLS files"));
  EXPECT_THAT(semeld.Log(), HasSubstr("is not the key of"));
}

TEST_F(TlsTest, WithoutTlsThereAreNoMetricsOfIt) {
  Serve("log: {level: info}\n");
  EXPECT_THAT(semeld_->Get("/metrics").body, Not(HasSubstr("semel_tls_")));
  EXPECT_EQ(Begin(semeld_->NewChannel(), "order-1"), grpc::StatusCode::OK);
}

}  // namespace
}  // namespace semel::e2e
