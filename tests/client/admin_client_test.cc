// The operator's calls, against a real server.

#include "semel/admin_client.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/server_fixture.h"

namespace semel {
namespace {

class AdminClientTest : public ServerTest {
 protected:
  AdminClientTest() {
    auto admin = AdminClient::Connect({.address = server().address(), .call_timeout = 30s});
    EXPECT_TRUE(admin.ok()) << admin.status();
    admin_ = *std::move(admin);
  }
  // Leaves a key in doubt.
  void Doubt(const std::string& key) {
    const Acquired acquired = Acquire(*client_, key, {.lease = 50ms});
    EXPECT_TRUE(client_->Checkpoint(key, acquired.token, "half", /*effects_began=*/true).ok());
    const auto answer = client_->Begin({.key = key, .wait = 60s});
    EXPECT_TRUE(answer.ok() && std::holds_alternative<InDoubt>(*answer)) << answer.status();
  }
  State StateOf(const std::string& key) { return client_->Lookup(key).value().value().state; }

  std::unique_ptr<Client> client_ = Direct();
  std::unique_ptr<AdminClient> admin_;
};

TEST_F(AdminClientTest, ListsAllPagesOfWhatIsAskedFor) {
  std::set<std::string> expected;
  for (int i = 0; i < 25; ++i) {
    const std::string key = "order/" + std::to_string(i);
    const Acquired acquired = Acquire(*client_, key);
    if (i % 2 == 0) {
      const CompleteRequest done{.key = key, .token = acquired.token, .outcome = Result{.payload = "r"}};
      EXPECT_TRUE(client_->Complete(done).ok());
    }
    expected.insert(key);
  }
  Acquire(*client_, "other");
  std::set<std::string> found;
  const ListKeysRequest orders{.namespace_name = "shop", .key_prefix = "order/", .page_size = 4};
  EXPECT_TRUE(admin_
                  ->ForEachKey(orders,
                               [&](const ListedKey& listed) {
                                 EXPECT_EQ(listed.namespace_name, "shop");
                                 EXPECT_TRUE(found.insert(listed.key).second) << listed.key << " came twice";
                                 return true;
                               })
                  .ok());
  EXPECT_EQ(found, expected);

  int visited = 0;
  EXPECT_TRUE(admin_->ForEachKey(orders, [&](const ListedKey&) { return ++visited < 3; }).ok());
  EXPECT_EQ(visited, 3);
  const auto open = admin_->ListKeys({.state = State::kInProgress, .page_size = 1000});
  ASSERT_TRUE(open.ok()) << open.status();
  EXPECT_EQ(open->keys.size(), 13u);
  EXPECT_EQ(DetailsOf(admin_->ListKeys({.page_token = "nonsense"}).status()).reason, reason::kFieldInvalid);
}

TEST_F(AdminClientTest, SettlesWhatIsInDoubtInEachWay) {
  Doubt("done");
  Doubt("failed");
  Doubt("absent");
  ResolveKeyRequest request{.namespace_name = "shop", .key = "done", .reason = "seen", .actor = "jo", .attempt = 1};
  EXPECT_EQ(DetailsOf(admin_->ResolveKey(request).status()).reason, reason::kFieldInvalid) << "no default";

  request.resolution = Result{.payload = "charge 88"};
  const auto done = admin_->ResolveKey(request);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->state, State::kDone);
  EXPECT_TRUE(done->expire_time.has_value());
  EXPECT_FALSE(done->already_applied);
  EXPECT_TRUE(admin_->ResolveKey(request)->already_applied);
  EXPECT_EQ(std::get<Done>(client_->Begin({.key = "done"}).value()).result.payload, "charge 88");
  request.resolution = Absent{};
  EXPECT_EQ(admin_->ResolveKey(request).status().code(), absl::StatusCode::kFailedPrecondition);

  request.key = "failed";
  request.resolution = Failure{.reason = "NOT_CHARGED"};
  EXPECT_EQ(admin_->ResolveKey(request).value().state, State::kFailed);
  request.key = "absent";
  request.resolution = Absent{};
  const auto absent = admin_->ResolveKey(request);
  ASSERT_TRUE(absent.ok()) << absent.status();
  EXPECT_FALSE(absent->state.has_value());
  EXPECT_EQ(Acquire(*client_, "absent").attempt, 2);
}

TEST_F(AdminClientTest, ForgetsAKey) {
  const Acquired acquired = Acquire(*client_, "k");
  const DeleteKeyRequest request{.namespace_name = "shop", .key = "k", .reason = "a test", .actor = "jo"};
  EXPECT_EQ(admin_->DeleteKey(request).value(), State::kInProgress);
  EXPECT_FALSE(client_->Lookup("k").value().has_value());
  EXPECT_EQ(DetailsOf(admin_->DeleteKey(request).status()).reason, reason::kKeyNotFound);
  EXPECT_GT(Acquire(*client_, "k").token, acquired.token);
}

TEST_F(AdminClientTest, ADeletionWhoseReplyWasLostIsNotRepeated) {
  Acquire(*client_, "k");
  auto admin = AdminClient::Connect({.address = proxy().address(), .call_timeout = 30s});
  ASSERT_TRUE(admin.ok());
  proxy().LoseReplies(1);
  const auto deleted = (*admin)->DeleteKey({.namespace_name = "shop", .key = "k", .reason = "a test", .actor = "jo"});
  EXPECT_TRUE(DetailsOf(deleted.status()).outcome_unknown) << deleted.status();
  EXPECT_FALSE(client_->Lookup("k").value().has_value());
}

TEST_F(AdminClientTest, FiguresAreTold) {
  const auto stats = admin_->GetStats();
  ASSERT_TRUE(stats.ok()) << stats.status();
  EXPECT_GT(stats->open_keys.max_keys, 0);
  EXPECT_GT(stats->server_time, Time{});
  EXPECT_EQ(stats->not_ready_reason, "");
  EXPECT_FALSE(stats->namespaces.empty());
}

TEST_F(AdminClientTest, ABackupNeedsADirectory) {
  const auto refused = admin_->CreateBackup({.reason = "nightly", .actor = "cron"});
  EXPECT_EQ(DetailsOf(refused.status()).reason, reason::kBackupNotConfigured) << refused.status();
  EXPECT_EQ(admin_->CreateBackup({.actor = "cron", .timeout = 0s}).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace semel
