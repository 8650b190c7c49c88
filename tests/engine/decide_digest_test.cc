// DigestOf tells a repeated Complete from a contradicting one (rule 5). It is stored, so it may never change.

#include <set>

#include "gtest/gtest.h"
#include "server/engine/request.h"

namespace semel::engine {
namespace {

using namespace std::chrono_literals;

storage::Result FullResult() {
  return {.payload = "ok",
          .payload_size = 2,
          .content_type = "text/plain",
          .attributes = {{"status", "201"}, {"url", "/orders/1"}}};
}

storage::Failure FullFailure() {
  return {.reason = "BUSY", .message = "try later", .details = "d", .retryable = true, .retry_after = 10s};
}

TEST(DigestOf, EqualOutcomesHaveEqualDigests) {
  EXPECT_EQ(DigestOf(FullResult()), DigestOf(FullResult()));
  EXPECT_EQ(DigestOf(FullFailure()), DigestOf(FullFailure()));
}

// Stored beside every outcome by every release: a change here makes a repeated Complete look like a contradiction.
TEST(DigestOf, NeverChanges) {
  EXPECT_EQ(DigestOf(FullResult()), 13086808015756562052u);
  EXPECT_EQ(DigestOf(FullFailure()), 8925045665580449353u);
}

TEST(DigestOf, EveryPartCounts) {
  std::vector<Outcome> outcomes = {std::monostate{}, storage::Result{}, storage::Failure{}, FullResult(),
                                   FullFailure()};
  auto result = [&](auto change) {
    storage::Result changed = FullResult();
    change(changed);
    outcomes.emplace_back(changed);
  };
  auto failure = [&](auto change) {
    storage::Failure changed = FullFailure();
    change(changed);
    outcomes.emplace_back(changed);
  };
  result([](auto& r) { r.payload = "okk"; });
  result([](auto& r) { r.payload = std::string("ok\0", 3); });
  result([](auto& r) { r.payload = "", r.omitted = true; });
  result([](auto& r) { r.payload = ""; });
  result([](auto& r) { r.content_type = "text/html"; });
  result([](auto& r) { r.content_type = ""; });
  result([](auto& r) { r.attributes[0].second = "200"; });
  result([](auto& r) { r.attributes[0] = {"statu", "s201"}; });
  result([](auto& r) { r.attributes.pop_back(); });
  result([](auto& r) { r.attributes.clear(); });
  failure([](auto& f) { f.reason = "BUS"; });
  failure([](auto& f) { f.message = ""; });
  failure([](auto& f) { f.message = "try laterd", f.details = ""; });
  failure([](auto& f) { f.details = ""; });
  failure([](auto& f) { f.retryable = false, f.retry_after = {}; });
  failure([](auto& f) { f.retry_after = 11s; });
  std::set<uint64_t> digests;
  for (const Outcome& outcome : outcomes) digests.insert(DigestOf(outcome));
  EXPECT_EQ(digests.size(), outcomes.size());
}

}  // namespace
}  // namespace semel::engine
