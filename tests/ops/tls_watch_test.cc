// What becomes of a running server's certificate when its files change: each look by hand, so that none is missed.

#include "server/tls_watch.h"

#include <chrono>
#include <filesystem>
#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/certificates.h"

namespace semel {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class TlsWatchTest : public testing::Test {
 protected:
  void SetUp() override {
    pem_.MakeAuthority("ca");
    pem_.Make("first", {.authority = "ca", .days = 5});
    pem_.Make("second", {.authority = "ca", .days = 9});
    Mount("first");
  }

  // As Kubernetes puts a secret into a directory: the files lead through ..data, and that is swapped as one.
  void Mount(const std::string& pair) { Mount(pair, pem_.Read(pair + ".pem"), pem_.Read(pair + ".key")); }
  void Mount(const std::string& name, const std::string& certificate, const std::string& key) {
    const std::string version = absl::StrCat("..", name, ++mounts_);
    std::filesystem::create_directory(pem_.File(version));
    pem_.Write(version + "/tls.crt", certificate);
    pem_.Write(version + "/tls.key", key);
    std::filesystem::create_symlink(version, pem_.File("..data_tmp"));
    std::filesystem::rename(pem_.File("..data_tmp"), pem_.File("..data"));
    for (const char* file : {"tls.crt", "tls.key"}) {
      if (!std::filesystem::exists(pem_.File(file))) {
        std::filesystem::create_symlink(std::string("..data/") + file, pem_.File(file));
      }
    }
  }
  absl::StatusOr<std::unique_ptr<TlsWatch>> Open() {
    return TlsWatch::Open({.certificate = pem_.File("tls.crt"), .private_key = pem_.File("tls.key")}, log_);
  }
  static double DaysLeft(const TlsWatch& watch) {
    const auto now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    return (static_cast<double>(watch.figures().expiry_seconds.value()) - now) / 86400;
  }
  std::string TakeLog() {
    std::string text = said_.str();
    said_.str("");
    return text;
  }
  static int Count(const std::string& text, const std::string& part) {
    int count = 0;
    for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
    return count;
  }

  const support::TemporaryDirectory directory_;
  support::Certificates pem_{directory_};
  std::ostringstream said_;
  ops::Logger log_{ops::LogLevel::kInfo, ops::LogFormat::kText, said_};
  int mounts_ = 0;
};

TEST_F(TlsWatchTest, ASwappedSymlinkPutsTheNewPairInForce) {
  auto watch = Open();
  ASSERT_TRUE(watch.ok()) << watch.status();
  EXPECT_NEAR(DaysLeft(**watch), 5, 0.1);
  (*watch)->Look();
  EXPECT_EQ(TakeLog(), "") << "nothing has changed";
  Mount("second");
  (*watch)->Look();
  EXPECT_NEAR(DaysLeft(**watch), 9, 0.1);
  EXPECT_THAT(TakeLog(), HasSubstr("new TLS files in force"));
  Mount("second");
  (*watch)->Look();
  EXPECT_EQ(TakeLog(), "") << "the same again";
}

TEST_F(TlsWatchTest, APairThatDoesNotFitLeavesTheOlderAndIsToldOnce) {
  auto watch = Open();
  ASSERT_TRUE(watch.ok()) << watch.status();
  Mount("mixed", pem_.Read("second.pem"), pem_.Read("first.key"));
  for (int i = 0; i < 3; ++i) (*watch)->Look();
  EXPECT_EQ((*watch)->figures().refused.value(), 1);
  EXPECT_NEAR(DaysLeft(**watch), 5, 0.1);
  std::string said = TakeLog();
  EXPECT_THAT(said, AllOf(HasSubstr("warning"), HasSubstr("mend them"), HasSubstr("is not the key of"),
                          HasSubstr("tls.private_key")));
  EXPECT_EQ(Count(said, "warning"), 1) << said;
  (*watch)->LookAgain();
  EXPECT_EQ(Count(TakeLog(), "warning"), 1) << "somebody asked";

  Mount("second");
  (*watch)->Look();
  EXPECT_EQ((*watch)->figures().refused.value(), 0);
  EXPECT_NEAR(DaysLeft(**watch), 9, 0.1);
  EXPECT_THAT(TakeLog(), Not(HasSubstr("warning")));
}

TEST_F(TlsWatchTest, FilesThatVanishedOrAreHalfWrittenAreRefusedUntilTheyAreRight) {
  auto watch = Open();
  ASSERT_TRUE(watch.ok()) << watch.status();
  std::filesystem::remove(pem_.File("..data"));
  for (int i = 0; i < 2; ++i) (*watch)->Look();
  EXPECT_EQ((*watch)->figures().refused.value(), 1);
  EXPECT_EQ(Count(TakeLog(), "No such file"), 1);
  Mount("half", pem_.Read("second.pem").substr(0, 300), pem_.Read("second.key"));
  for (int i = 0; i < 2; ++i) (*watch)->Look();
  EXPECT_EQ((*watch)->figures().refused.value(), 1);
  EXPECT_EQ(Count(TakeLog(), "certificate 1 in it is damaged"), 1) << "another reason is another line";
  Mount("first");
  (*watch)->Look();
  EXPECT_EQ((*watch)->figures().refused.value(), 0);
  EXPECT_THAT(TakeLog(), HasSubstr("the TLS files are again those in force"));
}

TEST_F(TlsWatchTest, AnExpiredCertificateIsToldOnceAndServed) {
  pem_.Make("expired", {.authority = "ca", .days = -1});
  Mount("expired");
  auto watch = Open();
  ASSERT_TRUE(watch.ok()) << watch.status();
  for (int i = 0; i < 3; ++i) (*watch)->Look();
  EXPECT_EQ(Count(TakeLog(), "has expired"), 1);
  EXPECT_EQ((*watch)->figures().refused.value(), 0);
  EXPECT_NEAR(DaysLeft(**watch), -1, 0.1);
  Mount("first");
  (*watch)->Look();
  EXPECT_THAT(TakeLog(), Not(HasSubstr("has expired")));
}

TEST_F(TlsWatchTest, AtStartThereIsNoOlderPairToGoOnWith) {
  Mount("mixed", pem_.Read("second.pem"), pem_.Read("first.key"));
  EXPECT_THAT(std::string(Open().status().message()), HasSubstr("is not the key of"));
}

}  // namespace
}  // namespace semel
