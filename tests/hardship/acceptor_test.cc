#include "server/rpc/acceptor.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>

#include "absl/synchronization/notification.h"
#include "tests/hardship/raw_connection.h"
#include "tests/support/patience.h"

namespace semel::hardship {
namespace {

using rpc::Acceptor;
using rpc::ListeningSockets;
using support::Eventually;

// gRPC without a service: who connects is greeted with the settings of HTTP/2, all the same.
class GreetingServer {
 public:
  GreetingServer() {
    grpc::ServerBuilder builder;
    acceptor_ = builder.experimental().AddExternalConnectionAcceptor(
        grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, grpc::InsecureServerCredentials());
    queue_ = builder.AddCompletionQueue();
    server_ = builder.BuildAndStart();
  }
  ~GreetingServer() {
    server_->Shutdown(std::chrono::system_clock::now());
    queue_->Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_->Next(&tag, &ok)) {
    }
  }

  std::unique_ptr<Acceptor::GrpcAcceptor> TakeAcceptor() { return std::move(acceptor_); }

 private:
  std::unique_ptr<Acceptor::GrpcAcceptor> acceptor_;
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::unique_ptr<grpc::Server> server_;
};

// For this process, and as it was afterwards.
class MaxOpenFiles {
 public:
  explicit MaxOpenFiles(int files) {
    getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit low{.rlim_cur = static_cast<rlim_t>(files), .rlim_max = before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &low);
  }
  ~MaxOpenFiles() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

int LowestFreeFile() {
  const int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
  close(file);
  return file;
}

class AcceptorTest : public testing::Test {
 protected:
  AcceptorTest() {
    auto sockets = ListeningSockets::Open("127.0.0.1:0", std::chrono::seconds(20));
    EXPECT_TRUE(sockets.ok()) << sockets.status();
    port_ = sockets->port();
    sockets_.emplace(*std::move(sockets));
  }

  // They stand in the system's line until somebody accepts.
  std::vector<RawConnection> Connect(int count) const {
    std::vector<RawConnection> connections;
    for (int i = 0; i < count; ++i) EXPECT_TRUE(connections.emplace_back(port_).connected());
    return connections;
  }
  void Accept(Acceptor::Options options) {
    acceptor_.emplace(*std::move(sockets_), server_.TakeAcceptor(), std::move(options), turned_away_);
  }

  GreetingServer server_;
  int port_ = 0;
  std::optional<ListeningSockets> sockets_;
  engine::Counter turned_away_;
  std::optional<Acceptor> acceptor_;
};

TEST_F(AcceptorTest, WhoConnectsIsGreeted) {
  std::vector<RawConnection> connections = Connect(100);
  Accept({});
  for (RawConnection& connection : connections) EXPECT_NE(connection.ReadSome(), "");
  EXPECT_EQ(turned_away_.value(), 0);
}

TEST_F(AcceptorTest, WhereNoFileIsFreeTheyWait) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "what checks for undefined behaviour beside it opens a pipe to look at an object, and finds no file";
#endif
  std::vector<RawConnection> connections = Connect(5);
  absl::Notification full;
  std::string reason;
  const auto on_full = [&](const std::string& why) {
    reason = why;
    full.Notify();  // once: the next time would be in ten seconds
  };
  ListeningSockets sockets = *std::move(sockets_);
  auto to_grpc = server_.TakeAcceptor();
  engine::Counter turned_away;
  std::optional<Acceptor> acceptor;
  const int lowest_free = LowestFreeFile();
  bool told = false;
  {
    const MaxOpenFiles none_free(lowest_free);
    acceptor.emplace(std::move(sockets), std::move(to_grpc), Acceptor::Options{.on_full = on_full}, turned_away);
    told = full.WaitForNotificationWithTimeout(support::kPatience);
  }
  ASSERT_TRUE(told);
  EXPECT_EQ(reason, "Too many open files");
  for (RawConnection& connection : connections) EXPECT_NE(connection.ReadSome(), "");
  EXPECT_EQ(turned_away.value(), 0);
}

TEST_F(AcceptorTest, BeyondTheirShareTheyAreClosed) {
  std::vector<RawConnection> connections = Connect(20);
  std::string reason;
  Accept({.max_files = LowestFreeFile(), .on_full = [&](const std::string& why) { reason = why; }});
  for (RawConnection& connection : connections) EXPECT_TRUE(connection.AwaitClosed());
  EXPECT_TRUE(Eventually([&] { return turned_away_.value() == 20; }));
  acceptor_.reset();
  EXPECT_THAT(reason, testing::HasSubstr("raise the limit of open files"));
}

TEST_F(AcceptorTest, ItsEndClosesTheDoorAndNothingElse) {
  Accept({});
  RawConnection before(port_);
  EXPECT_NE(before.ReadSome(), "");
  acceptor_.reset();
  EXPECT_FALSE(RawConnection(port_).connected());
  EXPECT_TRUE(before.Send(Hello()));
  EXPECT_FALSE(before.AwaitClosed(absl::Milliseconds(50)));
}

}  // namespace
}  // namespace semel::hardship
