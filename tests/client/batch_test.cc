#include <gtest/gtest.h>

#include "tests/client/server_fixture.h"

namespace semel {
namespace {

class BatchTest : public ServerTest {
 protected:
  std::unique_ptr<Client> client_ = Direct();
};

TEST_F(BatchTest, ItemsAreIndependentAndInOrder) {
  const auto begun = client_->BatchBegin({{.key = "a"}, {.key = "bad "}, {.key = "b"}, {.key = "a"}});
  ASSERT_TRUE(begun.ok()) << begun.status();
  ASSERT_EQ(begun->size(), 4u);
  ASSERT_TRUE((*begun)[0].ok());
  const auto* a = std::get_if<Acquired>(&*(*begun)[0]);
  ASSERT_NE(a, nullptr);
  EXPECT_EQ((*begun)[1].status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(DetailsOf((*begun)[1].status()).reason, reason::kFieldInvalid);
  ASSERT_TRUE((*begun)[2].ok());
  EXPECT_TRUE(std::holds_alternative<Acquired>(*(*begun)[2]));
  ASSERT_TRUE((*begun)[3].ok());
  EXPECT_TRUE(std::holds_alternative<InProgress>(*(*begun)[3]));

  const auto renewed = client_->BatchRenew({{.key = "a", .token = a->token, .lease = 9s}, {.key = "b", .token = 1}});
  ASSERT_TRUE(renewed.ok()) << renewed.status();
  EXPECT_EQ((*renewed)[0].value(), 9s);
  EXPECT_EQ(DetailsOf((*renewed)[1].status()).reason, reason::kTokenStale);

  const auto completed = client_->BatchComplete({{.key = "a", .token = a->token, .outcome = Result{.payload = "r"}},
                                                 {.key = "none", .token = 1, .outcome = Result{}}});
  ASSERT_TRUE(completed.ok()) << completed.status();
  EXPECT_EQ((*completed)[0].value().state, State::kDone);
  EXPECT_EQ(DetailsOf((*completed)[1].status()).reason, reason::kKeyNotFound);
}

TEST_F(BatchTest, ABatchHasBounds) {
  const auto too_many = client_->BatchBegin(std::vector<BeginRequest>(1001, {.key = "k"}));
  EXPECT_EQ(too_many.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(DetailsOf(too_many.status()).reason, reason::kBatchTooLarge);
  EXPECT_EQ(client_->BatchBegin({}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(BatchTest, ALostReplyDoesNotLockTheCallerOut) {
  const auto client = ThroughProxy();
  proxy().LoseReplies(1);
  const auto begun = client->BatchBegin({{.key = "a"}, {.key = "b"}});
  ASSERT_TRUE(begun.ok()) << begun.status();
  EXPECT_EQ(proxy().replies_lost(), 1);
  std::vector<CompleteRequest> reports;
  for (size_t i = 0; i < begun->size(); ++i) {
    ASSERT_TRUE((*begun)[i].ok() && std::holds_alternative<Acquired>(*(*begun)[i]));
    const Acquired& acquired = std::get<Acquired>(*(*begun)[i]);
    EXPECT_EQ(acquired.attempt, 1);
    reports.push_back({.key = i == 0 ? "a" : "b", .token = acquired.token, .outcome = Result{}});
  }
  proxy().LoseReplies(1);
  const auto completed = client->BatchComplete(reports);
  ASSERT_TRUE(completed.ok()) << completed.status();
  EXPECT_EQ(proxy().replies_lost(), 2);
  for (const auto& item : *completed) EXPECT_TRUE(item.value().already_applied);
}

}  // namespace
}  // namespace semel
