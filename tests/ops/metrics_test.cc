#include "server/ops/metrics.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/ops/strict_scrape.h"

namespace semel::ops {
namespace {

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
            .refusals =
                [] {
                  return std::vector<RefusalFigures>{{"TOKEN_STALE", 3}, {"OVERLOADED", 0}};
                },
            .calls_in_flight = [] { return 11; },
            .sessions = &sessions_,
            .connections_turned_away = &turned_away_,
            .backups = &backups_};
  }
  StrictScrape Read() { return StrictScrape(Metrics(Sources()).Text()); }

  const engine::PolicyTable policies_{{}, {{"orders", {}}, {"mail", {}}}};
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
  StrictScrape scrape = Read();
  EXPECT_GE(scrape.type.size(), 30u);
  for (const auto& [name, type] : scrape.type) {
    EXPECT_TRUE(name.starts_with("semel_")) << name;
    EXPECT_TRUE(scrape.help.contains(name)) << name;
    EXPECT_EQ(type == "counter", name.ends_with("_total")) << name;
  }
}

TEST_F(MetricsTest, HasEveryName) {
  StrictScrape scrape = Read();
  for (const char* name : {"semel_calls_total",
                           "semel_call_seconds",
                           "semel_calls_in_flight",
                           "semel_refusals_total",
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
                           "semel_unreadable_records_total",
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
  StrictScrape scrape = Read();
  EXPECT_EQ(scrape.Of(R"(semel_calls_total{method="Begin",code="OK"})"), 7);
  EXPECT_EQ(scrape.Of(R"(semel_calls_total{method="Begin",code="UNAVAILABLE"})"), 2);
  EXPECT_EQ(scrape.Of(R"(semel_refusals_total{reason="TOKEN_STALE"})"), 3);
  EXPECT_EQ(scrape.Of(R"(semel_refusals_total{reason="OVERLOADED"})"), 0);
  EXPECT_EQ(scrape.Of("semel_calls_in_flight"), 11);
  EXPECT_EQ(scrape.Of("semel_sessions"), 2);
  EXPECT_EQ(scrape.Of(R"(semel_session_messages_total{direction="received"})"), 5);
  EXPECT_EQ(scrape.Of(R"(semel_session_messages_total{direction="sent"})"), 4);
  EXPECT_EQ(scrape.Of("semel_connections_turned_away_total"), 3);
}

TEST_F(MetricsTest, HistogramsAreInSecondsAndCumulative) {
  StrictScrape scrape = Read();
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
  StrictScrape scrape = Read();
  EXPECT_EQ(scrape.Of("semel_batch_operations_count"), 3);
  EXPECT_EQ(scrape.Of("semel_batch_operations_sum"), 6001);
  EXPECT_EQ(scrape.Of(R"(semel_batch_operations_bucket{le="1024"})"), 2);
  EXPECT_EQ(scrape.Of(R"(semel_batch_operations_bucket{le="+Inf"})"), 3);
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
                                                   "version", "direction", "compiler", "result", "reason"));
}

TEST_F(MetricsTest, GaugesAndEngineCounters) {
  stats_.waiters.Set(4);
  stats_.queue_depth.Set(6);
  stats_.commits.Add(8);
  EXPECT_EQ(Read().Of("semel_unreadable_records_total"), 0) << "there before the first, so that a rule sees it come";
  stats_.storage_failures.Add(1);
  stats_.unreadable.Add(absl::DataLossError("a bit"), 7);
  stats_.dropped_past_deadline.Add(2);
  stats_.refused_waits.Add(3);
  stats_.leases_honoured.Add(5);
  stats_.commit_micros.Observe(1000);
  stats_.sync_micros.Observe(900);
  StrictScrape scrape = Read();
  EXPECT_EQ(scrape.Of("semel_waiters"), 4);
  EXPECT_EQ(scrape.Of("semel_queue_depth"), 6);
  EXPECT_EQ(scrape.Of("semel_commits_total"), 8);
  EXPECT_EQ(scrape.Of("semel_storage_failures_total"), 1);
  EXPECT_EQ(scrape.Of("semel_unreadable_records_total"), 7);
  EXPECT_EQ(scrape.Of("semel_dropped_past_deadline_total"), 2);
  EXPECT_EQ(scrape.Of("semel_refused_waits_total"), 3);
  EXPECT_EQ(scrape.Of("semel_leases_honoured_total"), 5);
  EXPECT_NEAR(scrape.Of("semel_commit_seconds_sum"), 0.001, 1e-9);
  EXPECT_NEAR(scrape.Of("semel_sync_seconds_sum"), 0.0009, 1e-9);
}

TEST_F(MetricsTest, StorageAndClock) {
  StrictScrape scrape = Read();
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
  StrictScrape scrape = Read();
  EXPECT_EQ(scrape.Of("semel_max_calls"), 71);
  EXPECT_EQ(scrape.Of("semel_max_waiters"), 72);
  EXPECT_EQ(scrape.Of("semel_max_open_keys"), 73);
  EXPECT_EQ(scrape.Of("semel_max_open_bytes"), 74);
}

TEST_F(MetricsTest, ADiskThatCannotBeAskedIsLeftOut) {
  StrictScrape scrape = Read();
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
  StrictScrape scrape = Read();
  EXPECT_EQ(scrape.Of("semel_backup_configured"), 1);
  EXPECT_EQ(scrape.Of(R"(semel_backups_total{result="made"})"), 2);
  EXPECT_EQ(scrape.Of(R"(semel_backups_total{result="failed"})"), 3);
  EXPECT_EQ(scrape.Of("semel_backup_last_success_timestamp_seconds"), 1'700'000'000);
  EXPECT_EQ(scrape.Of("semel_backup_last_duration_seconds"), 2.5);
}

TEST_F(MetricsTest, TheProcessItself) {
  StrictScrape scrape = Read();
  EXPECT_GT(scrape.Of("semel_process_resident_memory_bytes"), 1e6);
  EXPECT_GT(scrape.Of("semel_process_cpu_seconds_total"), 0);
  EXPECT_GE(scrape.Of("semel_process_open_fds"), 3);
  EXPECT_GE(scrape.Of("semel_process_max_fds"), scrape.Of("semel_process_open_fds"));
  EXPECT_NEAR(scrape.Of("semel_start_time_seconds"), static_cast<double>(time(nullptr)), 60);
}

TEST_F(MetricsTest, WhatIsNotGivenIsLeftOut) {
  StrictScrape scrape(Metrics({.engine = stats_, .policies = policies_}).Text());
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
