// `semel` against a server that speaks TLS, and what it advises where the two sides do not agree.

#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/cli_fixture.h"
#include "tests/support/certificates.h"

namespace semel {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kVariables[] = {"SEMEL_TLS", "SEMEL_TLS_CA", "SEMEL_TLS_CERTIFICATE", "SEMEL_TLS_KEY",
                                      "SEMEL_TLS_SERVER_NAME"};

// Beside the server that speaks in the open.
class CliTlsTest : public CliTest {
 protected:
  void SetUp() override {
    setenv("GRPC_DNS_RESOLVER", "native", 1);  // Debian's c-ares leaks ten bytes for every localhost
    for (const char* authority : {"ca", "stranger"}) pem_.MakeAuthority(authority);
    pem_.Make("server", {.authority = "ca"});
    pem_.Make("till", {.authority = "ca", .host = "till-3"});
    pem_.Make("intruder", {.authority = "stranger", .host = "till-3"});
  }
  void TearDown() override {
    for (const char* variable : kVariables) unsetenv(variable);
  }

  // From here on SEMEL_ADDRESS leads to a server with TLS, which has a certificate for localhost.
  void ServeTls(const std::string& client_ca = "none") {
    const std::string path = directory() + "/tls";
    std::filesystem::create_directory(path);
    pem_.Write("semeld.yaml", "tls:\n  certificate: " + pem_.File("server.pem") +
                                  "\n  private_key: " + pem_.File("server.key") + "\n  client_ca: " + client_ca + "\n" +
                                  "backup: {directory: " + directory() + "/backups}\n");
    tls_ = demo::ServerProcess::Start(SEMELD_PATH, path, {"--config", pem_.File("semeld.yaml")}).value();
    setenv("SEMEL_ADDRESS", ("localhost" + tls_->address().substr(tls_->address().rfind(':'))).c_str(), 1);
  }
  Ran LookUp(std::vector<std::string> options) {
    options.insert(options.begin(), {"lookup", "order-1", "--timeout", "3s"});
    return Semel(options);
  }

  const support::TemporaryDirectory pem_directory_;
  support::Certificates pem_{pem_directory_};
  std::unique_ptr<demo::ServerProcess> tls_;
};

// What a lookup of a key that nobody began exits with.
constexpr ExitCode kReached = ExitCode::kNoRecord;

TEST_F(CliTlsTest, EveryKindOfCommandReachesAServerThatItTrusts) {
  ServeTls();
  const std::string ca = pem_.File("ca.pem");
  EXPECT_EQ(LookUp({"--tls", "--tls-ca", ca}).exit_code, kReached);
  EXPECT_EQ(Semel({"begin", "order-1", "--tls-ca", ca}).exit_code, ExitCode::kOk);
  EXPECT_EQ(Semel({"--tls-ca", ca, "stats"}).exit_code, ExitCode::kOk) << "before the command";
  EXPECT_EQ(Semel({"list", "--tls-ca", ca}).exit_code, ExitCode::kOk);
  EXPECT_EQ(Semel({"backup", "--reason", "a test", "--tls-ca", ca}).exit_code, ExitCode::kOk);
  const Ran run = Semel({"run", "--key", "nightly", "--tls-ca", ca, "--", "echo", "done"});
  EXPECT_EQ(run.exit_code, ExitCode::kOk) << run.err;
  EXPECT_EQ(run.out, "done\n");
}

TEST_F(CliTlsTest, TheEnvironmentSaysItToo) {
  ServeTls(pem_.File("ca.pem"));
  setenv("SEMEL_TLS", "true", 1);
  setenv("SEMEL_TLS_CA", pem_.File("ca.pem").c_str(), 1);
  setenv("SEMEL_TLS_CERTIFICATE", pem_.File("till.pem").c_str(), 1);
  setenv("SEMEL_TLS_KEY", pem_.File("till.key").c_str(), 1);
  EXPECT_EQ(LookUp({}).exit_code, kReached);
  unsetenv("SEMEL_TLS");
  EXPECT_EQ(LookUp({}).exit_code, kReached) << "the files are enough";
  setenv("SEMEL_TLS_CA", pem_.File("stranger.pem").c_str(), 1);
  EXPECT_EQ(LookUp({"--tls-ca", pem_.File("ca.pem")}).exit_code, kReached) << "an option wins";
  setenv("SEMEL_TLS", "0", 1);
  const Ran open = Semel({"lookup", "order-1", "--address", server().address()});
  EXPECT_EQ(open.exit_code, kReached) << open.err;
}

TEST_F(CliTlsTest, CanBeSwitchedOff) {
  setenv("SEMEL_TLS", "1", 1);
  EXPECT_EQ(LookUp({"--tls=false"}).exit_code, kReached);
  EXPECT_EQ(LookUp({}).exit_code, ExitCode::kUnavailable);
  setenv("SEMEL_TLS", "false", 1);
  EXPECT_EQ(LookUp({}).exit_code, kReached);
}

TEST_F(CliTlsTest, WhatCannotBeIsRefused) {
  EXPECT_THAT(LookUp({"--tls=maybe"}).err, HasSubstr("--tls"));
  EXPECT_EQ(LookUp({"--tls=maybe"}).exit_code, ExitCode::kUsage);
  const Ran both = LookUp({"--tls=false", "--tls-ca", pem_.File("ca.pem")});
  EXPECT_THAT(both.err, HasSubstr("--tls=false does not go with --tls-ca"));
  const Ran half = LookUp({"--tls-certificate", pem_.File("till.pem")});
  EXPECT_THAT(half.err, AllOf(HasSubstr("--tls-certificate needs --tls-key"), HasSubstr("SEMEL_TLS_KEY")));
  const Ran absent = LookUp({"--tls-ca", pem_.File("absent.pem")});
  EXPECT_THAT(absent.err,
              AllOf(HasSubstr("--tls-ca cannot be read: " + pem_.File("absent.pem")), Not(HasSubstr("ClientOptions"))));
  for (const char* word : {"yes", "TRUE", "2"}) {
    setenv("SEMEL_TLS", word, 1);
    EXPECT_THAT(LookUp({}).err, AllOf(HasSubstr("SEMEL_TLS: \"" + std::string(word) + "\""), HasSubstr("true or 1")));
  }
}

TEST_F(CliTlsTest, InTheOpenToAServerWithTlsIsAdvisedToEncrypt) {
  ServeTls();
  const Ran ran = LookUp({});
  EXPECT_EQ(ran.exit_code, ExitCode::kUnavailable);
  EXPECT_THAT(ran.err, HasSubstr("give --tls"));
  EXPECT_THAT(LookUp({"--output", "json"}).as_json().at("advice").get<std::string>(), HasSubstr("give --tls"));
}

TEST_F(CliTlsTest, EncryptedToAServerInTheOpenIsAdvisedToLeaveItOut) {
  const Ran ran = LookUp({"--tls"});
  EXPECT_EQ(ran.exit_code, ExitCode::kUnavailable);
  EXPECT_THAT(ran.err, HasSubstr("--tls=false"));
}

TEST_F(CliTlsTest, AnUntrustedServerIsAdvisedOnAuthorityAndName) {
  ServeTls();
  EXPECT_THAT(LookUp({"--tls"}).err, HasSubstr("Give --tls-ca FILE"));
  const Ran other = LookUp({"--tls-ca", pem_.File("stranger.pem")});
  EXPECT_THAT(other.err, AllOf(HasSubstr("signed by --tls-ca"), Not(HasSubstr("ClientOptions"))));
  const std::vector<std::string> by_number = {"--address", tls_->address(), "--tls-ca", pem_.File("ca.pem")};
  EXPECT_THAT(LookUp(by_number).err, HasSubstr("--tls-server-name NAME"));
  std::vector<std::string> named = by_number;
  named.insert(named.end(), {"--tls-server-name", "localhost"});
  EXPECT_EQ(LookUp(named).exit_code, kReached);
}

TEST_F(CliTlsTest, AClientThatIsNotLetInIsAdvisedOnItsCertificate) {
  ServeTls(pem_.File("ca.pem"));
  const std::string ca = pem_.File("ca.pem");
  EXPECT_EQ(LookUp({"--tls-ca", ca, "--tls-certificate", pem_.File("till.pem"), "--tls-key", pem_.File("till.key")})
                .exit_code,
            kReached);
  EXPECT_THAT(LookUp({"--tls-ca", ca}).err, HasSubstr("give --tls-certificate FILE and --tls-key FILE"));
  const Ran intruder =
      LookUp({"--tls-ca", ca, "--tls-certificate", pem_.File("intruder.pem"), "--tls-key", pem_.File("intruder.key")});
  EXPECT_THAT(intruder.err, HasSubstr("may not accept --tls-certificate"));
}

// The command of `semel run` goes elsewhere, and its own `semel` still finds the files.
TEST_F(CliTlsTest, ACommandThatIsRunConnectsTheSameWay) {
  ServeTls(pem_.File("ca.pem"));
  const auto relative = [&](const std::string& name) {
    return std::filesystem::relative(pem_.File(name), std::filesystem::current_path()).string();
  };
  const std::string semel = SEMEL_PATH;
  const Ran ran = Semel({"run", "--key", "nightly", "--tls-ca", relative("ca.pem"), "--tls-certificate",
                         relative("till.pem"), "--tls-key", relative("till.key"), "--", "/bin/sh", "-c",
                         "cd / && " + semel + " renew && " + semel + " lookup nightly -o json"});
  EXPECT_EQ(ran.exit_code, ExitCode::kOk) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("in_progress"));
  setenv("SEMEL_TLS", "true", 1);
  const Ran open = Semel({"run", "--address", server().address(), "--tls=false", "--key", "nightly", "--", "/bin/sh",
                          "-c", semel + " renew"});
  EXPECT_EQ(open.exit_code, ExitCode::kOk) << open.err;
}

}  // namespace
}  // namespace semel
