// CreateBackup's place beside other calls: one at a time, never in their way, and finished before the server goes.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "absl/synchronization/notification.h"
#include "tests/support/caller.h"
#include "tests/support/local_server.h"
#include "tests/support/requests.h"

namespace semel::e2e {
namespace {

using support::BeginOf;
using support::Caller;

// The first backup takes as long as the test wants.
struct Gate {
  absl::Notification entered;
  absl::Notification open;
  std::atomic<int> made = 0;

  absl::StatusOr<rpc::BackupMade> Create() {
    if (made == 0) {
      entered.Notify();
      open.WaitForNotification();
    }
    return rpc::BackupMade{.backup = {.id = ++made}, .kept = 1};
  }
};

v1::CreateBackupRequest Backup() {
  v1::CreateBackupRequest request;
  request.set_actor("ana");
  return request;
}

support::LocalServer::Options WithBackupsFrom(Gate& gate) {
  support::LocalServer::Options options;
  options.admin.create_backup = [&gate] { return gate.Create(); };
  return options;
}

TEST(AdminBackupTest, OneAtATimeAndNobodyWaitsForIt) {
  Gate gate;
  support::LocalServer server(WithBackupsFrom(gate), support::InMemory());
  ASSERT_TRUE(server.Start().ok());
  const Caller caller(server.channel());
  support::Answered<v1::CreateBackupResponse> first;
  std::thread slow([&] { first = caller.Call(Backup()); });
  gate.entered.WaitForNotification();

  EXPECT_TRUE(caller.Call(BeginOf("order-1")).ok());
  EXPECT_TRUE(caller.Call(v1::ListKeysRequest()).ok());
  const support::WireError error = caller.Call(Backup()).error();
  EXPECT_EQ(error.code, grpc::StatusCode::ABORTED) << error;
  EXPECT_EQ(error.reason, "BACKUP_RUNNING") << error;
  EXPECT_TRUE(error.retry_delay);

  gate.open.Notify();
  slow.join();
  EXPECT_TRUE(first.ok()) << first.error();
  EXPECT_EQ(first->backup().id(), 1);
  for (int id = 2; id < 50; ++id) {
    const auto next = caller.Call(Backup());
    ASSERT_TRUE(next.ok()) << "the place is free as soon as the answer is there: " << next.error();
    EXPECT_EQ(next->backup().id(), id);
  }
}

TEST(AdminBackupTest, AServerThatStopsFinishesIt) {
  Gate gate;
  support::LocalServer server(WithBackupsFrom(gate), support::InMemory());
  ASSERT_TRUE(server.Start().ok());
  const Caller caller(server.NewChannel());
  support::Answered<v1::CreateBackupResponse> first;
  std::thread slow([&] { first = caller.Call(Backup()); });
  gate.entered.WaitForNotification();
  std::thread stop([&] { server.Stop(); });
  gate.open.Notify();
  stop.join();
  slow.join();
  EXPECT_TRUE(first.ok()) << first.error();
  EXPECT_EQ(gate.made, 1);
}

}  // namespace
}  // namespace semel::e2e
