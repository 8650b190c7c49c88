#include "client/demo/worker.h"

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "client/demo/ledger.h"
#include "client/demo/work_message.h"
#include "semel/client.h"

namespace semel::demo {
namespace {

using namespace std::chrono_literals;
using What = Report::What;

ClientOptions OptionsFor(const WorkerOptions& options) {
  ClientOptions client;
  client.address = options.address;
  client.namespace_name = "shop";
  client.owner = options.name;
  client.lease = std::chrono::milliseconds(kLeaseMilliseconds);
  client.call_timeout = 20s;  // longer than the server needs to come back
  client.retry.max_tries = 200;
  client.retry.max_backoff = 500ms;
  return client;
}

class Worker {
 public:
  Worker(const WorkerOptions& options, std::unique_ptr<Client> client)
      : name_(options.name), client_(std::move(client)), ledger_(options.ledger) {}

  void Work() {
    std::vector<std::thread> threads;
    for (int i = 0; i < kJobsAtATime; ++i) threads.emplace_back([this] { PlaceOrders(); });
    for (std::string line; std::getline(std::cin, line);) Take(line);
    Close();
    for (std::thread& thread : threads) thread.join();
  }

 private:
  void Take(const std::string& line) {
    absl::StatusOr<Job> job = ParseJob(line);
    if (!job.ok()) throw std::runtime_error(std::string(job.status().message()));
    std::lock_guard lock(mutex_);
    if (job->resume) {
      resumed_.insert(job->request);
    } else {
      jobs_.push_back(*std::move(job));
    }
    changed_.notify_all();
  }

  void Close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

  std::optional<Job> NextJob() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
    if (jobs_.empty()) return std::nullopt;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    return job;
  }

  void PlaceOrders() {
    while (const std::optional<Job> job = NextJob()) Tell(Place(*job));
  }

  // This is all that a program needs to do to place an order once.
  Report Place(const Job& job) {
    Report report{.request = job.request};
    const absl::StatusOr<RunOutcome> outcome =
        client_->Run(job.order->key(), [&](Attempt& attempt) { return PlaceOnce(job, attempt, report); },
                     {.fingerprint = FingerprintOf(job.order->content.dump()), .wait = 2s});
    Conclude(outcome, report);
    return report;
  }

  Outcome PlaceOnce(const Job& job, Attempt& attempt, Report& report) {
    const Order& order = *job.order;
    report.took_over = attempt.previous() == Previous::kAbandoned;
    if (report.took_over) {
      // Somebody had this order in hand and fell silent: it may stand in the ledger already.
      const auto found = ledger_.FenceAndFind(order.id, attempt.token());
      if (!found.ok()) return Failure{.reason = "LEDGER_UNREADABLE", .retryable = true};
      if (found->has_value()) return Placed((*found)->worker, What::kFoundPlaced, report);
    }
    if (order.by_card) {
      const CardCheckpoint checkpoint{.worker = name_, .token = attempt.token()};
      const absl::Status saved = attempt.Checkpoint(ToText(checkpoint), /*effects_began=*/true);
      if (!saved.ok()) return Failure{.reason = "NOT_BEGUN", .retryable = true};
    }
    StandStill(job, Hold::kBeforeEffect);
    StandStill(job, Hold::kUntilResumed);
    const absl::Status placed =
        ledger_.Place({.order = order.id, .token = attempt.token(), .worker = name_, .total_cents = order.total_cents});
    if (!placed.ok()) return Refused(placed, report);
    StandStill(job, Hold::kAfterEffect);
    return Placed(name_, What::kPlaced, report);
  }

  static Outcome Placed(const std::string& worker, What what, Report& report) {
    report.what = what;
    return Result{
        .payload = R"({"placed":true})", .content_type = "application/json", .attributes = {{"worker", worker}}};
  }

  static Outcome Refused(const absl::Status& refusal, Report& report) {
    if (refusal.code() != absl::StatusCode::kAborted) throw std::runtime_error(std::string(refusal.message()));
    report.what = What::kFenced;
    return Failure{.reason = "FENCED", .retryable = true};
  }

  // Turns what became of the Run into what the shop is told.
  static void Conclude(const absl::StatusOr<RunOutcome>& outcome, Report& report) {
    if (!outcome.ok()) {
      const bool refused = DetailsOf(outcome.status()).reason == reason::kFingerprintMismatch;
      if (report.what != What::kFenced) report.what = refused ? What::kRefused : What::kNoAnswer;
      report.text = std::string(outcome.status().message());
    } else if (const Result* result = outcome->result()) {
      if (outcome->replayed) report.what = What::kReplayed;
      report.text = result->payload;
    } else if (const Failure* failure = outcome->failure()) {
      report.what = What::kNotPlaced;
      report.text = failure->reason;
    } else if (const auto* in_doubt = std::get_if<InDoubt>(&outcome->answer)) {
      report.what = What::kInDoubt;
      report.checkpoint = in_doubt->checkpoint;
    } else {
      report.what = What::kInProgress;
    }
  }

  // Tells the shop, and then does nothing until it is killed or resumed.
  void StandStill(const Job& job, Hold here) {
    if (job.hold != here) return;
    Tell({.request = job.request, .what = What::kHolding});
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closed_ || resumed_.contains(job.request); });
  }

  void Tell(const Report& report) {
    const std::string line = ToLine(report) + "\n";
    std::lock_guard lock(output_mutex_);
    // In one piece: a worker that is killed leaves no half of a line. A shop that is gone needs no reports.
    if (write(STDOUT_FILENO, line.data(), line.size()) < 0) _exit(1);
  }

  // Constant after construction.
  const std::string name_;
  const std::unique_ptr<Client> client_;
  const Ledger ledger_;

  std::mutex output_mutex_;  // one line at a time

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::deque<Job> jobs_;
  std::set<int> resumed_;
  bool closed_ = false;
};

}  // namespace

int RunWorker(const WorkerOptions& options) {
  absl::StatusOr<std::unique_ptr<Client>> client = Client::Connect(OptionsFor(options));
  if (!client.ok()) {
    std::cerr << client.status() << "\n";
    return 1;
  }
  Worker(options, *std::move(client)).Work();
  return 0;
}

}  // namespace semel::demo
