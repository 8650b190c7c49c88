#include "server/ops/namespace_metrics.h"

#include <chrono>
#include <string>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/ops/metrics.h"
#include "tests/ops/strict_scrape.h"

namespace semel::ops {
namespace {

using testing::HasSubstr;
using testing::Not;

class NamespaceMetricsTest : public testing::Test {
 protected:
  engine::NamespaceStats& Of(std::string_view ns) { return stats_.namespaces[policies_.For(ns).index]; }
  std::string Text() const { return Metrics({.engine = stats_, .policies = policies_}).Text(); }

  engine::PolicyTable policies_{{}, {{"orders", {}}, {"mail", {}}}};
  engine::EngineStats stats_;
};

TEST_F(NamespaceMetricsTest, NamespacesOutsideTheConfigurationShareOneLabel) {
  Of("orders").begins[static_cast<size_t>(engine::BeginOutcome::kAcquired)].Add(3);
  Of("unheard-of").begins[static_cast<size_t>(engine::BeginOutcome::kInDoubt)].Add(4);
  Of("never-seen").takeovers.Add(5);
  Of("mail").completed_done.Add(6);
  Of("mail").completed_failed.Add(7);
  Of("mail").stale_tokens.Add(8);
  Of("orders").mismatches.Add(9);
  Of("orders").already_applied.Add(10);
  std::string text = Text();
  const StrictScrape scrape(text);
  EXPECT_EQ(scrape.Of(R"(semel_begin_outcomes_total{semel_namespace="orders",outcome="acquired"})"), 3);
  EXPECT_EQ(scrape.Of(R"re(semel_begin_outcomes_total{semel_namespace="(other)",outcome="in_doubt"})re"), 4);
  EXPECT_EQ(scrape.Of(R"re(semel_takeovers_total{semel_namespace="(other)"})re"), 5);
  EXPECT_EQ(scrape.Of(R"(semel_completions_total{semel_namespace="mail",state="done"})"), 6);
  EXPECT_EQ(scrape.Of(R"(semel_completions_total{semel_namespace="mail",state="failed"})"), 7);
  EXPECT_EQ(scrape.Of(R"(semel_stale_tokens_total{semel_namespace="mail"})"), 8);
  EXPECT_EQ(scrape.Of(R"(semel_fingerprint_mismatches_total{semel_namespace="orders"})"), 9);
  EXPECT_EQ(scrape.Of(R"(semel_already_applied_total{semel_namespace="orders"})"), 10);
  EXPECT_THAT(text, Not(HasSubstr("unheard-of")));
  EXPECT_THAT(text, Not(HasSubstr("never-seen")));
}

TEST_F(NamespaceMetricsTest, EveryOutcomeHasItsLabel) {
  for (size_t i = 0; i < engine::kBeginOutcomes; ++i) Of("orders").begins[i].Add(i + 1);
  const StrictScrape scrape(Text());
  const char* labels[] = {"acquired", "done", "failed", "in_progress", "in_doubt", "expired", "mismatch", "refused"};
  for (size_t i = 0; i < engine::kBeginOutcomes; ++i) {
    EXPECT_EQ(
        scrape.Of(std::string(R"(semel_begin_outcomes_total{semel_namespace="orders",outcome=")") + labels[i] + "\"}"),
        i + 1);
  }
}

TEST_F(NamespaceMetricsTest, RetentionIsThatOfThePolicyInForce) {
  engine::Policy brief{.result_retention = std::chrono::minutes(1),
                       .result_retention_max = std::chrono::minutes(2),
                       .key_retention = std::chrono::minutes(3)};
  ASSERT_TRUE(policies_.Replace({}, {{"orders", brief}}).ok());
  const StrictScrape scrape(Text());
  EXPECT_EQ(scrape.Of(R"(semel_result_retention_seconds{semel_namespace="orders"})"), 60);
  EXPECT_EQ(scrape.Of(R"(semel_result_retention_max_seconds{semel_namespace="orders"})"), 120);
  EXPECT_EQ(scrape.Of(R"(semel_key_retention_seconds{semel_namespace="orders"})"), 180);
  EXPECT_EQ(scrape.Of(R"(semel_key_retention_seconds{semel_namespace="mail"})"), 7 * 24 * 3600) << "no longer listed";
  EXPECT_EQ(scrape.Of(R"re(semel_result_retention_seconds{semel_namespace="(other)"})re"), 24 * 3600);
}

}  // namespace
}  // namespace semel::ops
