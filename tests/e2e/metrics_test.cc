// /metrics of the real server after traffic that is known to the last call.

#include <gmock/gmock.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "tests/support/caller.h"
#include "tests/support/patience.h"
#include "tests/support/requests.h"
#include "tests/support/scrape.h"
#include "tests/support/semeld.h"
#include "tests/support/session_caller.h"

namespace semel::e2e {
namespace {

using support::Caller;
using support::Scrape;
using support::Semeld;
using support::ToWire;
using testing::HasSubstr;
using testing::Not;

constexpr char kConfig[] =
    "limits: {max_waiters: 77, max_waiters_per_key: 7}\n"
    "namespaces:\n"
    "  payments: {on_lapse: in_doubt, key_retention: 3d}\n";
constexpr char kMark[] = "top-secret-";  // in every key

class MetricsTest : public testing::Test {
 protected:
  MetricsTest() : semeld_(directory_, {.config = kConfig}) {
    EXPECT_TRUE(semeld_.AwaitReady()) << semeld_.Log();
    caller_.emplace(semeld_.NewChannel());
  }

  static v1::BeginRequest Begin(const std::string& key, const std::string& ns = "payments") {
    v1::BeginRequest begin = support::BeginOf(kMark + key);
    begin.set_namespace_(ns);
    return begin;
  }
  int64_t Acquire(const v1::BeginRequest& begin) {
    const auto begun = caller_->Call(begin);
    EXPECT_TRUE(begun->has_acquired()) << begun->ShortDebugString();
    return begun->acquired().token();
  }
  template <class Request>
  static Request InPayments(Request request) {
    request.set_key(kMark + request.key());
    request.set_namespace_("payments");
    return request;
  }

  const support::TemporaryDirectory directory_;
  Semeld semeld_;
  std::optional<Caller> caller_;
};

std::string Calls(const std::string& method, const std::string& code) {
  return absl::StrCat("semel_calls_total{method=\"", method, "\",code=\"", code, "\"}");
}
std::string Outcomes(const std::string& ns, const std::string& outcome) {
  return absl::StrCat("semel_begin_outcomes_total{semel_namespace=\"", ns, "\",outcome=\"", outcome, "\"}");
}
std::string Refusals(const std::string& reason) {
  return absl::StrCat("semel_refusals_total{reason=\"", reason, "\"}");
}
std::string InNamespace(const std::string& metric, const std::string& ns) {
  return absl::StrCat(metric, "{semel_namespace=\"", ns, "\"}");
}

TEST_F(MetricsTest, CountBeginsAndCompletes) {
  v1::BeginRequest begin = Begin("order-1");
  begin.set_fingerprint("one");
  const int64_t token = Acquire(begin);
  EXPECT_TRUE(caller_->Call(Begin("order-1"))->has_in_progress());
  const v1::CompleteRequest complete = InPayments(support::ResultOf("order-1", token));
  EXPECT_FALSE(caller_->Call(complete)->already_applied());
  EXPECT_TRUE(caller_->Call(complete)->already_applied());
  EXPECT_TRUE(caller_->Call(Begin("order-1"))->has_done());
  EXPECT_TRUE(caller_->Call(begin)->has_done());
  begin.set_fingerprint("another");
  EXPECT_EQ(caller_->Call(begin).error().reason, "FINGERPRINT_MISMATCH");
  EXPECT_EQ(caller_->Call(InPayments(support::RenewOf("order-1", token - 1))).error().reason, "TOKEN_STALE");
  EXPECT_EQ(caller_->Call(Begin(std::string(256, 'k'))).error().reason, "FIELD_INVALID");
  const int64_t failing = Acquire(Begin("order-2"));
  EXPECT_TRUE(caller_->Call(InPayments(support::FailureOf("order-2", failing))).ok());
  EXPECT_TRUE(caller_->Call(Begin("order-2"))->has_failed());

  const Scrape scrape(semeld_.Get("/metrics").body);
  EXPECT_EQ(scrape[Calls("Begin", "OK")], 6);
  EXPECT_EQ(scrape[Calls("Begin", "FAILED_PRECONDITION")], 1);
  EXPECT_EQ(scrape[Calls("Begin", "INVALID_ARGUMENT")], 1);
  EXPECT_EQ(scrape[Calls("Complete", "OK")], 3);
  EXPECT_EQ(scrape[Calls("Renew", "ABORTED")], 1);
  EXPECT_EQ(scrape[Calls("Renew", "OK")], 0);
  EXPECT_EQ(scrape["semel_call_seconds_count{method=\"Begin\"}"], 8);
  // A call is in flight until gRPC reports that its answer has left, a moment after the caller has it.
  EXPECT_TRUE(support::Eventually([&] { return Scrape(semeld_.Get("/metrics").body)["semel_calls_in_flight"] == 0; }));
  EXPECT_EQ(scrape[Outcomes("payments", "acquired")], 2);
  EXPECT_EQ(scrape[Outcomes("payments", "in_progress")], 1);
  EXPECT_EQ(scrape[Outcomes("payments", "done")], 2);
  EXPECT_EQ(scrape[Outcomes("payments", "failed")], 1);
  EXPECT_EQ(scrape[Outcomes("payments", "mismatch")], 1);
  EXPECT_EQ(scrape[InNamespace("semel_fingerprint_mismatches_total", "payments")], 1);
  EXPECT_EQ(scrape[InNamespace("semel_stale_tokens_total", "payments")], 1);
  EXPECT_EQ(scrape[InNamespace("semel_already_applied_total", "payments")], 1);
  EXPECT_EQ(scrape["semel_completions_total{semel_namespace=\"payments\",state=\"done\"}"], 1);
  EXPECT_EQ(scrape["semel_completions_total{semel_namespace=\"payments\",state=\"failed\"}"], 1);
  EXPECT_EQ(scrape[Outcomes("(other)", "acquired")], 0);
}

TEST_F(MetricsTest, CountWhatBecomesOfSilentOwners) {
  const auto brief = [](v1::BeginRequest begin) {
    *begin.mutable_lease() = ToWire(absl::Milliseconds(10));
    return begin;
  };
  const auto patient = [](v1::BeginRequest begin) {
    *begin.mutable_wait() = ToWire(absl::Minutes(10));
    return begin;
  };
  Acquire(brief(Begin("order-1", "warehouse")));
  Acquire(patient(Begin("order-1", "warehouse")));
  Acquire(brief(Begin("order-1")));
  EXPECT_TRUE(caller_->Call(patient(Begin("order-1")))->has_in_doubt());
  Acquire(Begin("order-2"));
  Acquire(Begin("order-3"));

  const Scrape scrape(semeld_.Get("/metrics").body);
  EXPECT_EQ(scrape[InNamespace("semel_takeovers_total", "(other)")], 1);
  EXPECT_EQ(scrape[InNamespace("semel_takeovers_total", "payments")], 0);
  EXPECT_EQ(scrape[Outcomes("(other)", "acquired")], 2);
  EXPECT_EQ(scrape[Outcomes("payments", "in_doubt")], 1);
  EXPECT_EQ(scrape["semel_open_keys{state=\"in_progress\"}"], 3);
  EXPECT_EQ(scrape["semel_open_keys{state=\"in_doubt\"}"], 1);
  EXPECT_GT(scrape["semel_open_bytes"], 0);
  EXPECT_EQ(scrape["semel_waiters"], 0);
}

TEST_F(MetricsTest, CountKeysInDoubtThatNobodyAsksAbout) {
  v1::BeginRequest brief = Begin("order-1");
  *brief.mutable_lease() = ToWire(absl::Milliseconds(10));
  Acquire(brief);
  brief.set_namespace_("warehouse");
  Acquire(brief);
  const auto in_doubt = [&] { return Scrape(semeld_.Get("/metrics").body)["semel_open_keys{state=\"in_doubt\"}"]; };
  EXPECT_TRUE(support::Eventually([&] { return in_doubt() == 1; }));
  EXPECT_EQ(Scrape(semeld_.Get("/metrics").body)["semel_open_keys{state=\"in_progress\"}"], 1);
  const auto stats = caller_->Call(v1::GetStatsRequest());
  EXPECT_EQ(stats->open_keys().in_doubt(), 1);
  EXPECT_TRUE(caller_->Call(Begin("order-1"))->has_in_doubt());
  EXPECT_EQ(in_doubt(), 1);
}

TEST_F(MetricsTest, CountWhatIsRefusedByReason) {
  const int64_t token = Acquire(Begin("order-1"));
  const auto stale = [&](const std::string& key) { return InPayments(support::RenewOf(key, token - 1)); };
  EXPECT_EQ(caller_->Call(stale("order-1")).error().reason, "TOKEN_STALE");
  v1::BatchRenewRequest batch;
  *batch.add_requests() = stale("order-1");
  *batch.add_requests() = stale("order-2");
  *batch.add_requests() = stale(std::string(300, 'k'));
  *batch.add_requests() = InPayments(support::RenewOf("order-1", token));
  ASSERT_TRUE(caller_->Call(batch).ok());
  EXPECT_EQ(caller_->Call(v1::BatchRenewRequest()).error().reason, "FIELD_INVALID");
  {
    support::SessionCaller session(semeld_.NewChannel());
    ASSERT_TRUE(
        session.Send({support::OperationOf(1, stale("order-1")), support::OperationOf(2, stale(std::string(300, 'k'))),
                      support::OperationOf(3, InPayments(support::RenewOf("order-1", token)))}));
    EXPECT_EQ(session.Await(1).error().reason(), "TOKEN_STALE");
    EXPECT_EQ(session.Await(2).error().reason(), "FIELD_INVALID");
    EXPECT_FALSE(session.Await(3).has_error());
  }
  v1::CreateBackupRequest backup;
  backup.set_reason("nightly");
  backup.set_actor("ana");
  EXPECT_EQ(caller_->Call(backup).error().reason, "BACKUP_NOT_CONFIGURED");

  const Scrape scrape(semeld_.Get("/metrics").body);
  EXPECT_EQ(scrape[Refusals("TOKEN_STALE")], 3);
  EXPECT_EQ(scrape[Refusals("KEY_NOT_FOUND")], 1);
  EXPECT_EQ(scrape[Refusals("FIELD_INVALID")], 3);
  EXPECT_EQ(scrape[Refusals("BACKUP_NOT_CONFIGURED")], 1);
  EXPECT_EQ(scrape[Refusals("OVERLOADED")], 0) << "told before there is one";
  double all = 0;
  for (const auto& [series, count] : scrape.values()) all += series.starts_with("semel_refusals_total") ? count : 0;
  EXPECT_EQ(all, 8);
}

TEST_F(MetricsTest, TellOfTheEngineAndTheDisk) {
  v1::BatchBeginRequest batch;
  for (int i = 0; i < 100; ++i) *batch.add_requests() = Begin(absl::StrCat("order-", i));
  ASSERT_TRUE(caller_->Call(batch).ok());
  const Scrape scrape(semeld_.Get("/metrics").body);
  EXPECT_EQ(scrape[Calls("BatchBegin", "OK")], 1);
  EXPECT_EQ(scrape[Outcomes("payments", "acquired")], 100);
  EXPECT_EQ(scrape["semel_commits_total"], 1);
  EXPECT_EQ(scrape["semel_commit_seconds_count"], 1);
  EXPECT_EQ(scrape["semel_sync_seconds_count"], 1);
  EXPECT_GT(scrape["semel_sync_seconds_sum"], 0);
  EXPECT_EQ(scrape["semel_batch_operations_count"], 1);
  EXPECT_EQ(scrape["semel_batch_operations_sum"], 100);
  EXPECT_EQ(scrape["semel_queue_depth"], 0);
  EXPECT_EQ(scrape["semel_storage_failed"], 0);
  EXPECT_GT(scrape["semel_process_resident_memory_bytes"], 0);
}

TEST_F(MetricsTest, TellWhatIsConfiguredBesideWhatIsUsed) {
  const Scrape scrape(semeld_.Get("/metrics").body);
  EXPECT_EQ(scrape["semel_max_calls"], 65'536);
  EXPECT_EQ(scrape["semel_max_waiters"], 77);
  EXPECT_EQ(scrape["semel_max_open_keys"], 1'000'000);
  EXPECT_EQ(scrape["semel_max_open_bytes"], 512.0 * 1024 * 1024);
  EXPECT_EQ(scrape[InNamespace("semel_key_retention_seconds", "payments")], 3 * 86'400);
  EXPECT_EQ(scrape[InNamespace("semel_key_retention_seconds", "(other)")], 7 * 86'400);
  EXPECT_EQ(scrape[InNamespace("semel_result_retention_seconds", "payments")], 86'400);
  EXPECT_EQ(scrape["semel_backup_configured"], 0);
}

TEST_F(MetricsTest, TellOfTheDiskUntilItsDirectoryIsGone) {
  const Scrape scrape(semeld_.Get("/metrics").body);
  const std::filesystem::space_info disk = std::filesystem::space(directory_ / "data");
  EXPECT_EQ(scrape["semel_data_disk_size_bytes"], static_cast<double>(disk.capacity));
  EXPECT_GT(scrape["semel_data_disk_free_bytes"], 0);
  EXPECT_LE(scrape["semel_data_disk_free_bytes"], scrape["semel_data_disk_size_bytes"]);
  std::filesystem::rename(directory_ / "data", directory_ / "elsewhere");
  // It is asked every few seconds, and not by the scrape.
  const auto told = [&] {
    return semeld_.Get("/metrics").body.find("semel_data_disk_free_bytes") != std::string::npos;
  };
  EXPECT_TRUE(support::Eventually([&] { return !told(); }));
  EXPECT_THAT(semeld_.Get("/metrics").body,
              testing::AllOf(HasSubstr("semel_open_keys"), Not(HasSubstr("semel_data_disk_"))));
  std::filesystem::rename(directory_ / "elsewhere", directory_ / "data");
  EXPECT_TRUE(support::Eventually(told));
}

// Keys may be anyone's names or card numbers, and namespaces outside the configuration could be endless.
TEST_F(MetricsTest, TellNeitherKeysNorForeignNamespaces) {
  for (int i = 0; i < 20; ++i) {
    Acquire(Begin(absl::StrCat("order-", i)));
    Acquire(Begin(absl::StrCat("order-", i), absl::StrCat("tenant-", i)));
  }
  EXPECT_FALSE(caller_->Call(Begin(std::string(300, 'k'))).ok());
  const std::string text = semeld_.Get("/metrics").body;
  EXPECT_THAT(text, Not(HasSubstr(kMark)));
  EXPECT_THAT(text, Not(HasSubstr("tenant-")));
  EXPECT_EQ(Scrape(text)[Outcomes("(other)", "acquired")], 20);
  EXPECT_EQ(semeld_.Get("/livez").code, 200);
  EXPECT_EQ(semeld_.Get("/readyz").code, 200);
  EXPECT_EQ(semeld_.Get("/elsewhere").code, 404);
  caller_.reset();
  EXPECT_EQ(semeld_.Stop(), 0);
  EXPECT_THAT(semeld_.Log(), Not(HasSubstr(kMark)));
}

}  // namespace
}  // namespace semel::e2e
