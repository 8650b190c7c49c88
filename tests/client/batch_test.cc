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

TEST_F(BatchTest, MoreThanAMessageCarriesGoesInSeveral) {
  std::vector<BeginRequest> begins(2500);
  for (size_t i = 0; i < begins.size(); ++i) begins[i].key = "k/" + std::to_string(i % 2400);
  const auto begun = client_->BatchBegin(begins);
  ASSERT_TRUE(begun.ok()) << begun.status();
  ASSERT_EQ(begun->size(), 2500u);
  std::vector<CompleteRequest> completes;
  for (size_t i = 0; i < 2400; ++i) {
    ASSERT_TRUE((*begun)[i].ok()) << (*begun)[i].status();
    ASSERT_TRUE(std::holds_alternative<Acquired>(*(*begun)[i])) << i;
    completes.push_back({.key = begins[i].key,
                         .token = std::get<Acquired>(*(*begun)[i]).token,
                         .outcome = Result{.payload = std::string(4096, 'x') + std::to_string(i)}});
  }
  for (size_t i = 2400; i < 2500; ++i) EXPECT_TRUE(std::holds_alternative<InProgress>(*(*begun)[i])) << i;

  // About 10 MB.
  const auto completed = client_->BatchComplete(completes);
  ASSERT_TRUE(completed.ok()) << completed.status();
  for (const auto& item : *completed) ASSERT_TRUE(item.ok()) << item.status();
  const auto looked_up = client_->Lookup("k/1234");
  ASSERT_TRUE(looked_up.ok() && looked_up->has_value());
  EXPECT_TRUE(std::get<Result>((*looked_up)->outcome).payload.ends_with("x1234"));
}

TEST_F(BatchTest, WhatNoMessageCarriesIsAnErrorOfItsItemAlone) {
  const Acquired small = Acquire(*client_, "small");
  const Acquired large = Acquire(*client_, "large");
  const auto completed = client_->BatchComplete(
      {{.key = "large", .token = large.token, .outcome = Result{.payload = std::string(4 << 20, 'x')}},
       {.key = "small", .token = small.token, .outcome = Result{.payload = "s"}}});
  ASSERT_TRUE(completed.ok()) << completed.status();
  EXPECT_EQ(DetailsOf((*completed)[0].status()).reason, reason::kResultTooLarge);
  EXPECT_TRUE((*completed)[1].ok()) << (*completed)[1].status();

  const auto begun = client_->BatchBegin({{.key = "a"}, {.key = "b", .fingerprint = std::string(5 << 20, 'f')}});
  ASSERT_TRUE(begun.ok()) << begun.status();
  EXPECT_TRUE((*begun)[0].ok());
  EXPECT_EQ(DetailsOf((*begun)[1].status()).reason, reason::kFieldInvalid);
  EXPECT_EQ(client_->BatchBegin({}).status().code(), absl::StatusCode::kInvalidArgument);
}

// The first message is answered, the reply to the second is lost.
TEST_F(BatchTest, WhatWasAnsweredStandsWhereALaterMessageGotNoAnswer) {
  const auto client = ThroughProxy({.retry = {.max_tries = 1}});
  proxy().LoseReplies(1, /*after=*/1);
  std::vector<BeginRequest> begins(2100);
  for (size_t i = 0; i < begins.size(); ++i) begins[i].key = "k/" + std::to_string(i);
  const auto begun = client->BatchBegin(begins, {.timeout = 30s});
  ASSERT_TRUE(begun.ok()) << begun.status();
  for (size_t i = 0; i < 1000; ++i) ASSERT_TRUE((*begun)[i].ok()) << i << ": " << (*begun)[i].status();
  for (size_t i = 1000; i < 2000; ++i) {
    ASSERT_FALSE((*begun)[i].ok()) << i;
    EXPECT_TRUE(DetailsOf((*begun)[i].status()).outcome_unknown);
  }
  for (size_t i = 2000; i < 2100; ++i) {
    ASSERT_FALSE((*begun)[i].ok()) << i;
    EXPECT_FALSE(DetailsOf((*begun)[i].status()).outcome_unknown);
    EXPECT_NE(std::string((*begun)[i].status().message()).find("not sent"), std::string::npos);
  }
}

TEST_F(BatchTest, GoesToTheNamespaceThatTheCallNames) {
  const auto begun = client_->BatchBegin({{.key = "k"}}, {.namespace_name = "depot"});
  ASSERT_TRUE(begun.ok() && (*begun)[0].ok());
  EXPECT_FALSE(client_->Lookup("k").value().has_value());
  EXPECT_TRUE(client_->Lookup("k", {.namespace_name = "depot"}).value().has_value());
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
