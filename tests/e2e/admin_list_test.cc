// ListKeys and GetStats: what an operator sees.

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "tests/e2e/local_server_test.h"

namespace semel::e2e {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class AdminListTest : public LocalServerTest {
 protected:
  AdminListTest() : LocalServerTest({.namespaces = {{"doubt", {.on_lapse = engine::LapsePolicy::kInDoubt}}}}) {}

  int64_t AcquireIn(const std::string& ns, const std::string& key) {
    v1::BeginRequest begin = BeginOf(key);
    begin.set_namespace_(ns);
    return Acquire(begin);
  }
  void Pass(storage::Duration time) {
    const absl::Status status = server_.Elapse(time);
    ASSERT_TRUE(status.ok()) << status;
  }
  // Every page, to the end.
  std::vector<v1::ListedKey> List(v1::ListKeysRequest request) {
    std::vector<v1::ListedKey> keys;
    do {
      const auto page = Call(request);
      EXPECT_TRUE(page.ok()) << page.error();
      if (!page.ok()) return keys;
      EXPECT_LE(page->keys_size(), request.page_size() == 0 ? 100 : request.page_size());
      keys.insert(keys.end(), page->keys().begin(), page->keys().end());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return keys;
  }
  std::vector<std::string> Names(const v1::ListKeysRequest& request) {
    std::vector<std::string> names;
    for (const v1::ListedKey& key : List(request)) names.push_back(key.key());
    return names;
  }
  static v1::ListKeysRequest InState(v1::State state) {
    v1::ListKeysRequest request;
    request.set_state(state);
    return request;
  }
};

TEST_F(AdminListTest, ByStateAsOfThisInstant) {
  AcquireIn("doubt", "silent");
  AcquireIn("shop", "rerun");
  ASSERT_TRUE(Call(CheckpointOf("rerun", Look("rerun").attempt(), "x")).status.error_code() ==
              grpc::StatusCode::ABORTED);
  Pass(31s);  // both leases lapsed, and nobody asked since
  Acquire("live");
  ASSERT_TRUE(Call(ResultOf("done", Acquire("done"), "ok")).ok());
  ASSERT_TRUE(Call(FailureOf("failed", Acquire("failed"))).ok());
  ASSERT_TRUE(Call(ReleaseOf("released", Acquire("released"))).ok());
  Acquire("deleted");
  ASSERT_TRUE(Call(DeleteOf("deleted")).ok());

  EXPECT_THAT(Names(InState(v1::STATE_IN_DOUBT)), ElementsAre("silent"));
  EXPECT_THAT(Names(InState(v1::STATE_IN_PROGRESS)), ElementsAre("rerun", "live"));
  EXPECT_THAT(Names(InState(v1::STATE_DONE)), ElementsAre("done"));
  EXPECT_THAT(Names(InState(v1::STATE_FAILED)), ElementsAre("failed"));
  EXPECT_THAT(Names(InState(v1::STATE_EXPIRED)), IsEmpty());
  EXPECT_THAT(Names({}), ElementsAre("silent", "rerun", "live", "done", "failed"));
  for (const v1::ListedKey& listed : List({})) {
    v1::LookupRequest lookup = LookupOf(listed.key());
    lookup.set_namespace_(listed.namespace_());
    EXPECT_EQ(listed.record().state(), Call(lookup)->record().state()) << listed.key();
  }
  Pass(24h);
  EXPECT_THAT(Names(InState(v1::STATE_EXPIRED)), UnorderedElementsAre("done", "failed"));
  Pass(7 * 24h);
  EXPECT_THAT(Names(InState(v1::STATE_EXPIRED)), IsEmpty()) << "forgotten";
}

TEST_F(AdminListTest, WhatIsLargeIsToldBySize) {
  const int64_t token = Acquire("open");
  ASSERT_TRUE(Call(CheckpointOf("open", token, "half")).ok());
  ASSERT_TRUE(Call(ResultOf("done", Acquire("done"), std::string(1000, 'x'))).ok());
  v1::CompleteRequest failure = FailureOf("failed", Acquire("failed"));
  failure.mutable_failure()->set_details("why");
  ASSERT_TRUE(Call(failure).ok());
  const auto keys = List({});
  ASSERT_EQ(keys.size(), 3u);
  EXPECT_EQ(keys[0].checkpoint_size(), 4);
  EXPECT_TRUE(keys[0].record().checkpoint().empty());
  EXPECT_EQ(keys[1].record().result().payload_size(), 1000);
  EXPECT_TRUE(keys[1].record().result().payload_left_out());
  EXPECT_TRUE(keys[1].record().result().payload().empty());
  EXPECT_TRUE(keys[2].record().failure().details_left_out());
  EXPECT_TRUE(keys[2].record().failure().details().empty());
}

TEST_F(AdminListTest, PageByPageEveryKeyOnce) {
  std::vector<std::string> expected;
  for (int i = 0; i < 2500; ++i) {
    const std::string key = absl::StrCat("order-", 10'000 + i);
    const int64_t token = Acquire(key);
    if (i % 5 != 0) {
      ASSERT_TRUE(Call(ResultOf(key, token)).ok());
    }
    expected.push_back(key);
  }
  AcquireIn("other", "order-1");
  for (int size : {7, 100, 1000}) {
    v1::ListKeysRequest request;
    request.set_namespace_(kNamespace);
    request.set_key_prefix("order-1");
    request.set_page_size(size);
    std::vector<std::string> names = Names(request);
    std::sort(names.begin(), names.end());
    EXPECT_EQ(names, expected) << size;
  }
  // A page that finds little ends all the same: nobody waits for a search through everything.
  v1::ListKeysRequest rare = InState(v1::STATE_EXPIRED);
  const auto page = Call(rare);
  ASSERT_TRUE(page.ok()) << page.error();
  EXPECT_EQ(page->keys_size(), 0);
  EXPECT_FALSE(page->next_page_token().empty());
  EXPECT_THAT(Names(rare), IsEmpty());
}

TEST_F(AdminListTest, TheLargestPageFits) {
  for (int i = 0; i < 1000; ++i) {
    const std::string key = std::string(250, 'k') + absl::StrCat(10'000 + i);
    v1::BeginRequest begin = BeginOf(key);
    begin.set_owner(std::string(128, 'o'));
    begin.set_fingerprint(std::string(64, 'f'));
    v1::CompleteRequest complete = ResultOf(key, Acquire(begin), std::string(3000, 'x'));
    complete.mutable_result()->set_content_type(std::string(128, 't'));
    for (int a = 0; a < 32; ++a) {
      (*complete.mutable_result()->mutable_attributes())[absl::StrCat("n", a)] = std::string(58, 'v');
    }
    ASSERT_TRUE(Call(complete).ok());
  }
  v1::ListKeysRequest request;
  request.set_page_size(1000);
  EXPECT_EQ(List(request).size(), 1000u);
}

TEST_F(AdminListTest, Stats) {
  AcquireIn("doubt", "one");
  ASSERT_TRUE(Call(ResultOf("two", Acquire("two"))).ok());
  const auto stats = Call(v1::GetStatsRequest());
  ASSERT_TRUE(stats.ok()) << stats.error();
  EXPECT_EQ(stats->open_keys().in_progress(), 1);
  EXPECT_EQ(stats->open_keys().max_keys(), 1'000'000);
  EXPECT_EQ(stats->calls_in_flight(), 1) << "this one";
  EXPECT_EQ(stats->not_ready_reason(), "");
  EXPECT_GE(stats->server_time().seconds(), stats->start_time().seconds());
  EXPECT_FALSE(stats->storage().empty());
  EXPECT_FALSE(stats->has_last_backup());
  ASSERT_EQ(stats->namespaces_size(), 2);
  EXPECT_EQ(stats->namespaces(0).namespace_(), "(other)");
  EXPECT_EQ(stats->namespaces(0).completed_done(), 1);
  EXPECT_EQ(stats->namespaces(1).namespace_(), "doubt");
  EXPECT_EQ(stats->namespaces(1).begins().at("acquired"), 1);
}

}  // namespace
}  // namespace semel::e2e
