// What the files of `tls` may hold, and what --check-config says of those that cannot be used.

#include "server/ops/tls_files.h"

#include <sys/stat.h>

#include <chrono>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/ops/flags.h"
#include "tests/support/certificates.h"

namespace semel::ops {
namespace {

using support::Certificates;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class TlsFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    pem_.MakeAuthority("ca");
    pem_.Make("server", {.authority = "ca"});
    pem_.Make("other", {.authority = "ca"});
  }

  Config::Tls Files(const std::string& certificate = "server.pem", const std::string& key = "server.key",
                    const std::string& ca = "") const {
    return {.certificate = pem_.File(certificate),
            .private_key = pem_.File(key),
            .client_ca = ca.empty() ? "" : pem_.File(ca)};
  }
  static absl::StatusOr<TlsFacts> Check(const Config::Tls& files) {
    const absl::StatusOr<rpc::TlsIdentity> identity = ReadTlsFiles(files);
    return identity.ok() ? CheckTls(*identity, files) : identity.status();
  }
  std::string Refusal(const Config::Tls& files) { return std::string(Check(files).status().message()); }
  // Of --check-config.
  int CheckConfig(const Config::Tls& files) {
    pem_.Write("semeld.yaml",
               absl::StrCat("tls:\n  certificate: ", files.certificate, "\n  private_key: ", files.private_key, "\n",
                            files.client_ca.empty() ? "" : "  client_ca: ", files.client_ca, "\n"));
    const std::string path = pem_.File("semeld.yaml");
    const std::vector<const char*> arguments = {"semeld", "--check-config", path.c_str()};
    const auto parsed = ParseFlags(static_cast<int>(arguments.size()), arguments.data(), out_, err_);
    const auto* exit = std::get_if<ExitCode>(&parsed);
    return exit == nullptr ? -1 : exit->value;
  }

  const support::TemporaryDirectory directory_;
  Certificates pem_{directory_};
  std::ostringstream out_, err_;
};

TEST_F(TlsFilesTest, APairThatFitsIsTakenWithOrWithoutClientAuthority) {
  EXPECT_TRUE(Check(Files()).ok()) << Check(Files()).status();
  EXPECT_TRUE(Check(Files("server.pem", "server.key", "ca.pem")).ok());
  EXPECT_EQ(CheckConfig(Files("server.pem", "server.key", "ca.pem")), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("client_ca: " + pem_.File("ca.pem")));
}

TEST_F(TlsFilesTest, ExpiresWithTheFirstOfItsChain) {
  const auto days = [](const absl::StatusOr<TlsFacts>& facts) {
    return std::chrono::duration<double>(facts.value().expires - std::chrono::system_clock::now()).count() / 86400;
  };
  EXPECT_NEAR(days(Check(Files())), 2, 0.1);
  pem_.Make("short", {.authority = "ca", .days = 1});
  pem_.Write("chain.pem", pem_.Read("server.pem") + pem_.Read("short.pem"));
  EXPECT_NEAR(days(Check(Files("chain.pem"))), 1, 0.1);
  pem_.Make("expired", {.authority = "ca", .days = -1});
  EXPECT_NEAR(days(Check(Files("expired.pem", "expired.key"))), -1, 0.1) << "which is no reason to serve nobody";
}

TEST_F(TlsFilesTest, WhatCannotBeUsedIsNamedWithItsSetting) {
  EXPECT_THAT(Refusal(Files("server.pem", "other.key")),
              AllOf(StartsWith("tls.private_key: " + pem_.File("other.key")),
                    HasSubstr("is not the key of " + pem_.File("server.pem"))));
  EXPECT_THAT(Refusal(Files("absent.pem")), AllOf(HasSubstr("tls.certificate"), HasSubstr("No such file")));
  EXPECT_THAT(Refusal(Files("server.key")), HasSubstr("tls.certificate: " + pem_.File("server.key") + ": there is no"));
  EXPECT_THAT(Refusal(Files("server.pem", "server.pem")), HasSubstr("there is no private key in PEM in it"));
  pem_.Write("empty.pem", "");
  EXPECT_THAT(Refusal(Files("empty.pem")), HasSubstr("there is no certificate in PEM in it"));
  EXPECT_THAT(Refusal(Files("server.pem", "server.key", "empty.pem")), StartsWith("tls.client_ca: "));
  pem_.Write("half.pem", pem_.Read("server.pem").substr(0, pem_.Read("server.pem").size() / 2));
  EXPECT_THAT(Refusal(Files("half.pem")), HasSubstr("certificate 1 in it is damaged"));
  pem_.Write("chain.pem", pem_.Read("server.pem") + pem_.Read("half.pem"));
  EXPECT_THAT(Refusal(Files("chain.pem")), HasSubstr("certificate 2 in it is damaged"));
}

TEST_F(TlsFilesTest, NobodyIsAskedForAPassphrase) {
  pem_.OpenSsl("pkey -in server.key -aes256 -passout pass:secret -out locked.key");
  EXPECT_THAT(Refusal(Files("server.pem", "locked.key")), HasSubstr("is encrypted with a passphrase"));
}

// gRPC would pass over such a pair in silence.
TEST_F(TlsFilesTest, WhatOpenSslThinksTooWeakIsRefused) {
  pem_.Make("weak", {.authority = "ca", .key = "rsa:1024"});
  EXPECT_THAT(Refusal(Files("weak.pem", "weak.key")), HasSubstr("OpenSSL does not take it (ee key too small)"));
}

TEST_F(TlsFilesTest, APipeIsNotWaitedForNorAHugeFileRead) {
  ASSERT_EQ(mkfifo(pem_.File("pipe").c_str(), 0600), 0);
  EXPECT_THAT(Refusal(Files("pipe")), HasSubstr("is no file"));
  EXPECT_THAT(Refusal(Files(".")), HasSubstr("is no file"));
  pem_.Write("huge.pem", std::string(kMaxPemBytes + 1, '\n'));
  EXPECT_THAT(Refusal(Files("huge.pem")), HasSubstr("is larger than 4 MiB"));
}

TEST_F(TlsFilesTest, CheckConfigReadsTheFilesAsAStartWould) {
  EXPECT_EQ(CheckConfig(Files("server.pem", "other.key")), kExitUsage);
  EXPECT_EQ(out_.str(), "");
  EXPECT_THAT(err_.str(), StartsWith("semeld: tls.private_key: " + pem_.File("other.key") + ": is not the key of"));
}

}  // namespace
}  // namespace semel::ops
