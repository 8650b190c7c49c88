#include "server/rpc/listening_sockets.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>

#include "absl/strings/str_cat.h"

namespace semel::rpc {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

absl::StatusOr<ListeningSockets> Open(const std::string& address) {
  return ListeningSockets::Open(address, std::chrono::seconds(20));
}

// What has no server behind it still takes a connection into its line. 0: it did; else why not.
int ErrorOfConnecting(const sockaddr* address, socklen_t size) {
  const int file = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int error = file >= 0 && connect(file, address, size) == 0 ? 0 : errno;
  if (file >= 0) close(file);
  return error;
}

int ErrorByIpv4(int port) {
  sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(static_cast<uint16_t>(port))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ErrorOfConnecting(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

int ErrorByIpv6(int port) {
  const sockaddr_in6 address{
      .sin6_family = AF_INET6, .sin6_port = htons(static_cast<uint16_t>(port)), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  return ErrorOfConnecting(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

bool HasIpv6() {
  const int file = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in6 loopback{.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  const bool has = file >= 0 && bind(file, reinterpret_cast<const sockaddr*>(&loopback), sizeof(loopback)) == 0;
  if (file >= 0) close(file);
  return has;
}

TEST(ListeningSocketsTest, OneAddressIsHeardThereOnly) {
  const auto sockets = Open("127.0.0.1:0");
  ASSERT_TRUE(sockets.ok()) << sockets.status();
  EXPECT_GT(sockets->port(), 0);
  EXPECT_THAT(sockets->files(), SizeIs(1));
  EXPECT_EQ(ErrorByIpv4(sockets->port()), 0);
  EXPECT_NE(ErrorByIpv6(sockets->port()), 0);
}

TEST(ListeningSocketsTest, EveryInterfaceIsHeardByBothFamilies) {
  for (const char* address : {"0.0.0.0:0", "[::]:0"}) {
    const auto sockets = Open(address);
    ASSERT_TRUE(sockets.ok()) << sockets.status();
    EXPECT_THAT(sockets->files(), SizeIs(1));
    EXPECT_EQ(ErrorByIpv4(sockets->port()), 0) << address;
    if (HasIpv6()) {
      EXPECT_EQ(ErrorByIpv6(sockets->port()), 0) << address;
    }
  }
}

TEST(ListeningSocketsTest, AnIpv6AddressStandsInBrackets) {
  if (!HasIpv6()) GTEST_SKIP() << "this machine has no IPv6";
  const auto sockets = Open("[::1]:0");
  ASSERT_TRUE(sockets.ok()) << sockets.status();
  EXPECT_EQ(ErrorByIpv6(sockets->port()), 0);
  EXPECT_EQ(ErrorByIpv4(sockets->port()), ECONNREFUSED);
}

TEST(ListeningSocketsTest, ANameIsHeardAtAllThatItStandsFor) {
  const auto sockets = Open("localhost:0");
  ASSERT_TRUE(sockets.ok()) << sockets.status();
  EXPECT_EQ(ErrorByIpv4(sockets->port()), 0);
  if (sockets->files().size() > 1) {
    EXPECT_EQ(ErrorByIpv6(sockets->port()), 0) << "one port for all of them";
  }
}

TEST(ListeningSocketsTest, ConnectionsInheritWhatIsSet) {
  const auto sockets = Open("127.0.0.1:0");
  ASSERT_TRUE(sockets.ok()) << sockets.status();
  const auto option = [&](int name) {
    int value = -1;
    socklen_t size = sizeof(value);
    EXPECT_EQ(getsockopt(sockets->files().front(), IPPROTO_TCP, name, &value, &size), 0);
    return value;
  };
  EXPECT_NE(option(TCP_NODELAY), 0);
  EXPECT_EQ(option(TCP_USER_TIMEOUT), 20'000);
}

TEST(ListeningSocketsTest, APortIsFreeAgainWhenTheyAreGone) {
  const int port = Open("127.0.0.1:0")->port();
  EXPECT_EQ(ErrorByIpv4(port), ECONNREFUSED);
  EXPECT_TRUE(Open(absl::StrCat("127.0.0.1:", port)).ok());
}

TEST(ListeningSocketsTest, WhatIsWrongWithAnAddressIsSaid) {
  const auto first = Open("127.0.0.1:0");
  ASSERT_TRUE(first.ok()) << first.status();
  const std::string taken = absl::StrCat("127.0.0.1:", first->port());
  const auto refusal = [](const std::string& address) { return std::string(Open(address).status().message()); };
  EXPECT_THAT(refusal(taken), AllOf(HasSubstr("cannot listen on " + taken), HasSubstr("Address already in use")));
  EXPECT_THAT(refusal(absl::StrCat("0.0.0.0:", first->port())), HasSubstr("Address already in use"));
  // TEST-NET-1 of RFC 5737, and a name that RFC 6761 keeps from ever being one.
  EXPECT_THAT(refusal("192.0.2.1:0"), AllOf(HasSubstr("192.0.2.1:0"), HasSubstr("Cannot assign requested address")));
  EXPECT_THAT(refusal("nobody.invalid:0"), AllOf(HasSubstr("nobody.invalid:0"), HasSubstr("ame")));
}

}  // namespace
}  // namespace semel::rpc
