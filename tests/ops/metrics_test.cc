#include "server/ops/metrics.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace semel::ops {
namespace {

using testing::HasSubstr;
using testing::Not;

// Prometheus' text, read as strictly as its grammar is written; each line that does not fit is a failure.
class Scrape {
 public:
  explicit Scrape(const std::string& text) {
    static const std::regex kHelp(R"(# HELP ([a-z_][a-z0-9_]*) (.+))");
    static const std::regex kType(R"(# TYPE ([a-z_][a-z0-9_]*) (counter|gauge|histogram))");
    static const std::regex kSample(
        R"re(([a-z_][a-z0-9_]*)(\{([a-z_]+="[^"\n]*",?)*\})? (-?[0-9.]+(e[+-][0-9]+)?|\+Inf))re");
    std::istringstream in(text);
    std::smatch match;
    for (std::string line; std::getline(in, line);) {
      if (std::regex_match(line, match, kHelp)) {
        EXPECT_TRUE(help.emplace(match[1], match[2]).second) << "twice: " << line;
      } else if (std::regex_match(line, match, kType)) {
        EXPECT_TRUE(type.emplace(match[1], match[2]).second) << "twice: " << line;
        family_ = match[1];
      } else if (std::regex_match(line, match, kSample)) {
        EXPECT_TRUE(match[1].str().starts_with(family_)) << "outside its family: " << line;
        EXPECT_TRUE(samples.emplace(match[1].str() + match[2].str(), std::stod(match[4])).second) << "twice: " << line;
      } else {
        ADD_FAILURE() << "not Prometheus text: " << line;
      }
    }
  }

  double Of(const std::string& series) const {
    auto sample = samples.find(series);
    if (sample != samples.end()) return sample->second;
    ADD_FAILURE() << "no sample " << series;
    return -1;
  }

  std::map<std::string, std::string> help, type;
  std::map<std::string, double> samples;

 private:
  std::string family_;
};

class MetricsTest : public testing::Test {
 protected:
  MetricsTest() {
    begin_.Observe(40);
    begin_.Observe(60);
    begin_.Observe(20'000'000);
    sessions_.open.Add();
    sessions_.open.Add();
    sessions_.requests.Add(5);
    sessions_.responses.Add(4);
    turned_away_.Add(3);
  }

  MetricSources Sources() {
    return {.engine = stats_,
            .policies = policies_,
            .limits = &limits_,
            .open = [] { return storage::OpenStats{.in_progress = 5, .in_doubt = 2, .bytes = 640}; },
            .properties =
                [] {
                  return std::vector<storage::Property>{{"rocksdb_level0_files", 3, false},
                                                        {"rocksdb_stall_seconds", 1.5, true}};
                },
            .data_disk = [this] { return disk_; },
            .storage_ok = [this] { return storage_ok_; },
            .clock_offset_seconds = [] { return -0.25; },
            .calls =
                [this] {
                  return std::vector<CallFigures>{{"Begin", {{0, 7}, {14, 2}}, &begin_}};
                },
            .calls_in_flight = [] { return 11; },
            .sessions = &sessions_,
            .connections_turned_away = &turned_away_,
            .backups = &backups_};
  }
  Scrape Read() { return Scrape(Metrics(Sources()).Text()); }

  engine::NamespaceStats& Of(std::string_view ns) { return stats_.namespaces[policies_.For(ns).index]; }

  engine::PolicyTable policies_{{}, {{"orders", {}}, {"mail", {}}}};
  const engine::Limits limits_{.max_calls = 71, .max_waiters = 72, .max_open_keys = 73, .max_open_bytes = 74};
  engine::EngineStats stats_;
  engine::LatencyHistogram begin_{50};
  rpc::SessionStats sessions_;
  engine::Counter turned_away_;
  BackupFigures backups_;
  std::optional<DiskSpace> disk_ = DiskSpace{.size_bytes = 1000, .free_bytes = 250};
  bool storage_ok_ = true;
};

TEST_F(MetricsTest, EveryFamilyHasHelpAndTypeAndOurPrefix) {
  Scrape scrape = Read();
  EXPECT_GE(scrape.type.size(), 30u);
  for (const auto& [name, type] : scrape.type) {
    EXPECT_TRUE(name.starts_with("semel_")) << name;
    EXPECT_TRUE(scrape.help.contains(name)) << name;
    EXPECT_EQ(type == "counter", name.ends_with("_total")) << name;
  }
}

TEST_F(MetricsTest, HasEveryName) {
  Scrape scrape = Read();
  for (const char* name : {"semel_calls_total",
                           "semel_call_seconds",
                           "semel_calls_in_flight",
                           "semel_sessions",
                           "semel_session_messages_total",
                           "semel_connections_turned_away_total",
                           "semel_begin_outcomes_total",
                           "semel_takeovers_total",
                           "semel_stale_tokens_total",
                           "semel_fingerprint_mismatches_total",
                           "semel_completions_total",
                           "semel_already_applied_total",
                           "semel_open_keys",
                           "semel_open_bytes",
                           "semel_max_calls",
                           "semel_max_waiters",
                           "semel_max_open_keys",
                           "semel_max_open_bytes",
                           "semel_data_disk_size_bytes",
                           "semel_data_disk_free_bytes",
                           "semel_backup_configured",
                           "semel_result_retention_seconds",
                           "semel_result_retention_max_seconds",
                           "semel_key_retention_seconds",
                           "semel_waiters",
                           "semel_queue_depth",
                           "semel_batch_operations",
                           "semel_commit_seconds",
                           "semel_sync_seconds",
                           "semel_commits_total",
                           "semel_storage_failures_total",
                           "semel_storage_failed",
                           "semel_dropped_past_deadline_total",
                           "semel_refused_waits_total",
                           "semel_leases_honoured_total",
                           "semel_clock_wall_offset_seconds",
                           "semel_rocksdb_level0_files",
                           "semel_rocksdb_stall_seconds_total",
                           "semel_build_info",
                           "semel_start_time_seconds",
                           "semel_process_cpu_seconds_total",
                           "semel_process_resident_memory_bytes",
                           "semel_process_open_fds",
                           "semel_process_max_fds"}) {
    EXPECT_TRUE(scrape.type.contains(name)) << name;
  }
}

TEST_F(MetricsTest, CallsByMethodAndCode) {
  Scrape scrape = Read();
  EXPECT_EQ(scrape.Of(R"(semel_calls_total{method="Begin",code="OK"})"), 7);
  EXPECT_EQ(scrape.Of(R"(semel_calls_total{method="Begin",code="UNAVAILABLE"})"), 2);
  EXPECT_EQ(scrape.Of("semel_calls_in_flight"), 11);
  EXPECT_EQ(scrape.Of("semel_sessions"), 2);
  EXPECT_EQ(scrape.Of(R"(semel_session_messages_total{direction="received"})"), 5);
  EXPECT_EQ(scrape.Of(R"(semel_session_messages_total{direction="sent"})"), 4);
  EXPECT_EQ(scrape.Of("semel_connections_turned_away_total"), 3);
}

TEST_F(MetricsTest, HistogramsAreInSecondsAndCumulative) {
  Scrape scrape = Read();
  EXPECT_EQ(scrape.Of(R"(semel_call_seconds_bucket{method="Begin",le="5e-05"})"), 1);
  EXPECT_EQ(scrape.Of(R"(semel_call_seconds_bucket{method="Begin",le="0.0001"})"), 2);
  EXPECT_EQ(scrape.Of(R"(semel_call_seconds_bucket{method="Begin",le="13.1072"})"), 2);
  EXPECT_EQ(scrape.Of(R"(semel_call_seconds_bucket{method="Begin",le="+Inf"})"), 3);
  EXPECT_EQ(scrape.Of(R"(semel_call_seconds_count{method="Begin"})"), 3);
  EXPECT_NEAR(scrape.Of(R"(semel_call_seconds_sum{method="Begin"})"), 20.0001, 1e-6);
}

TEST_F(MetricsTest, BatchSizesAreCounts) {
  stats_.batch_size.Observe(1);
  stats_.batch_size.Observe(1000);
  stats_.batch_size.Observe(5000);
  Scrape scrape = Read();
  EXPECT_EQ(scrape.Of("semel_batch_operations_count"), 3);
  EXPECT_EQ(scrape.Of("semel_batch_operations_sum"), 6001);
  EXPECT_EQ(scrape.Of(R"(semel_batch_operations_bucket{le="1024"})"), 2);
  EXPECT_EQ(scrape.Of(R"(semel_batch_operations_bucket{le="+Inf"})"), 3);
}

TEST_F(MetricsTest, NamespacesOutsideTheConfigurationShareOneLabel) {
  Of("orders").begins[static_cast<size_t>(engine::BeginOutcome::kAcquired)].Add(3);
  Of("unheard-of").begins[static_cast<size_t>(engine::BeginOutcome::kInDoubt)].Add(4);
  Of("never-seen").takeovers.Add(5);
  Of("mail").completed_done.Add(6);
  Of("mail").completed_failed.Add(7);
  Of("mail").stale_tokens.Add(8);
  Of("orders").mismatches.Add(9);
  Of("orders").already_applied.Add(10);
  std::string text = Metrics(Sources()).Text();
  Scrape scrape(text);
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

TEST_F(MetricsTest, EveryOutcomeHasItsLabel) {
  for (size_t i = 0; i < engine::kBeginOutcomes; ++i) Of("orders").begins[i].Add(i + 1);
  Scrape scrape = Read();
  const char* labels[] = {"acquired", "done", "failed", "in_progress", "in_doubt", "expired", "mismatch", "refused"};
  for (size_t i = 0; i < engine::kBeginOutcomes; ++i) {
    EXPECT_EQ(
        scrape.Of(std::string(R"(semel_begin_outcomes_total{semel_namespace="orders",outcome=")") + labels[i] + "\"}"),
        i + 1);
  }
}

TEST_F(MetricsTest, LabelsAreFewAndNoneIsAKey) {
  static const std::regex kLabel(R"re(([a-z_]+)="[^"]*")re");
  std::set<std::string> names;
  for (const auto& [series, value] : Read().samples) {
    for (std::sregex_iterator label(series.begin(), series.end(), kLabel), end; label != end; ++label) {
      names.insert((*label)[1]);
    }
  }
  EXPECT_THAT(names, testing::UnorderedElementsAre("method", "code", "semel_namespace", "outcome", "state", "le",
                                                   "version", "direction", "compiler", "result"));
}

TEST_F(MetricsTest, GaugesAndEngineCounters) {
  stats_.waiters.Set(4);
  stats_.queue_depth.Set(6);
  stats_.commits.Add(8);
  stats_.storage_failures.Add(1);
  stats_.dropped_past_deadline.Add(2);
  stats_.refused_waits.Add(3);
  stats_.leases_honoured.Add(5);
  stats_.commit_micros.Observe(1000);
  stats_.sync_micros.Observe(900);
  Scrape scrape = Read();
  EXPECT_EQ(scrape.Of("semel_waiters"), 4);
  EXPECT_EQ(scrape.Of("semel_queue_depth"), 6);
  EXPECT_EQ(scrape.Of("semel_commits_total"), 8);
  EXPECT_EQ(scrape.Of("semel_storage_failures_total"), 1);
  EXPECT_EQ(scrape.Of("semel_dropped_past_deadline_total"), 2);
  EXPECT_EQ(scrape.Of("semel_refused_waits_total"), 3);
  EXPECT_EQ(scrape.Of("semel_leases_honoured_total"), 5);
  EXPECT_NEAR(scrape.Of("semel_commit_seconds_sum"), 0.001, 1e-9);
  EXPECT_NEAR(scrape.Of("semel_sync_seconds_sum"), 0.0009, 1e-9);
}

TEST_F(MetricsTest, StorageAndClock) {
  Scrape scrape = Read();
  EXPECT_EQ(scrape.Of(R"(semel_open_keys{state="in_progress"})"), 5);
  EXPECT_EQ(scrape.Of(R"(semel_open_keys{state="in_doubt"})"), 2);
  EXPECT_EQ(scrape.Of("semel_open_bytes"), 640);
  EXPECT_EQ(scrape.Of("semel_rocksdb_level0_files"), 3);
  EXPECT_EQ(scrape.Of("semel_rocksdb_stall_seconds_total"), 1.5);
  EXPECT_EQ(scrape.Of("semel_clock_wall_offset_seconds"), -0.25);
  EXPECT_EQ(scrape.Of("semel_storage_failed"), 0);
  storage_ok_ = false;
  EXPECT_EQ(Read().Of("semel_storage_failed"), 1);
}

TEST_F(MetricsTest, BoundsStandBesideWhatTheyBound) {
  Scrape scrape = Read();
  EXPECT_EQ(scrape.Of("semel_max_calls"), 71);
  EXPECT_EQ(scrape.Of("semel_max_waiters"), 72);
  EXPECT_EQ(scrape.Of("semel_max_open_keys"), 73);
  EXPECT_EQ(scrape.Of("semel_max_open_bytes"), 74);
}

TEST_F(MetricsTest, ADiskThatCannotBeAskedIsLeftOut) {
  Scrape scrape = Read();
  EXPECT_EQ(scrape.Of("semel_data_disk_size_bytes"), 1000);
  EXPECT_EQ(scrape.Of("semel_data_disk_free_bytes"), 250);
  disk_ = std::nullopt;
  scrape = Read();
  EXPECT_FALSE(scrape.type.contains("semel_data_disk_size_bytes"));
  EXPECT_FALSE(scrape.type.contains("semel_data_disk_free_bytes"));
}

TEST_F(MetricsTest, Backups) {
  EXPECT_EQ(Read().Of("semel_backup_configured"), 0);
  backups_.configured.Set(1);
  backups_.made.Add(2);
  backups_.failed.Add(3);
  backups_.last_success_seconds.Set(1'700'000'000);
  backups_.last_duration_micros.Set(2'500'000);
  Scrape scrape = Read();
  EXPECT_EQ(scrape.Of("semel_backup_configured"), 1);
  EXPECT_EQ(scrape.Of(R"(semel_backups_total{result="made"})"), 2);
  EXPECT_EQ(scrape.Of(R"(semel_backups_total{result="failed"})"), 3);
  EXPECT_EQ(scrape.Of("semel_backup_last_success_timestamp_seconds"), 1'700'000'000);
  EXPECT_EQ(scrape.Of("semel_backup_last_duration_seconds"), 2.5);
}

TEST_F(MetricsTest, RetentionIsThatOfThePolicyInForce) {
  engine::Policy brief{.result_retention = std::chrono::minutes(1),
                       .result_retention_max = std::chrono::minutes(2),
                       .key_retention = std::chrono::minutes(3)};
  ASSERT_TRUE(policies_.Replace({}, {{"orders", brief}}).ok());
  Scrape scrape = Read();
  EXPECT_EQ(scrape.Of(R"(semel_result_retention_seconds{semel_namespace="orders"})"), 60);
  EXPECT_EQ(scrape.Of(R"(semel_result_retention_max_seconds{semel_namespace="orders"})"), 120);
  EXPECT_EQ(scrape.Of(R"(semel_key_retention_seconds{semel_namespace="orders"})"), 180);
  EXPECT_EQ(scrape.Of(R"(semel_key_retention_seconds{semel_namespace="mail"})"), 7 * 24 * 3600) << "no longer listed";
  EXPECT_EQ(scrape.Of(R"re(semel_result_retention_seconds{semel_namespace="(other)"})re"), 24 * 3600);
}

TEST_F(MetricsTest, TheProcessItself) {
  Scrape scrape = Read();
  EXPECT_GT(scrape.Of("semel_process_resident_memory_bytes"), 1e6);
  EXPECT_GT(scrape.Of("semel_process_cpu_seconds_total"), 0);
  EXPECT_GE(scrape.Of("semel_process_open_fds"), 3);
  EXPECT_GE(scrape.Of("semel_process_max_fds"), scrape.Of("semel_process_open_fds"));
  EXPECT_NEAR(scrape.Of("semel_start_time_seconds"), static_cast<double>(time(nullptr)), 60);
}

TEST_F(MetricsTest, WhatIsNotGivenIsLeftOut) {
  Scrape scrape(Metrics({.engine = stats_, .policies = policies_}).Text());
  EXPECT_FALSE(scrape.type.contains("semel_calls_total"));
  EXPECT_FALSE(scrape.type.contains("semel_storage_failed"));
  EXPECT_TRUE(scrape.type.contains("semel_commits_total"));
}

TEST_F(MetricsTest, PromtoolAgrees) {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0) GTEST_SKIP() << "promtool is not installed";
  FILE* promtool = popen("promtool check metrics", "w");
  ASSERT_NE(promtool, nullptr);
  std::string text = Metrics(Sources()).Text();
  EXPECT_EQ(fwrite(text.data(), 1, text.size(), promtool), text.size());
  EXPECT_EQ(pclose(promtool), 0);
}

}  // namespace
}  // namespace semel::ops
