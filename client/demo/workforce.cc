#include "client/demo/workforce.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "client/demo/ledger.h"
#include "client/demo/worker.h"

namespace semel::demo {

Workforce::Workforce(std::string program, std::string address, std::string directory, std::string ledger)
    : program_(std::move(program)),
      address_(std::move(address)),
      directory_(std::move(directory)),
      ledger_(std::move(ledger)) {}

absl::Status Workforce::Hire() {
  const std::string name = "worker-" + std::to_string(workers_.size() + 1);
  auto process = ChildProcess::Start({program_, "--worker", name, "--address", address_, "--ledger", ledger_},
                                     directory_ + "/" + name + ".log");
  if (!process.ok()) return process.status();
  workers_.push_back({.name = name, .process = *std::move(process)});
  return absl::OkStatus();
}

bool Workforce::CanTake(size_t worker) const {
  const Worker& one = workers_[worker];
  return !one.dead && !one.paused && one.in_hand.size() < kJobsAtATime;
}

std::optional<size_t> Workforce::Free() const {
  std::optional<size_t> free;
  for (size_t i = 0; i < workers_.size(); ++i) {
    if (CanTake(i) && (!free || workers_[i].in_hand.size() < workers_[*free].in_hand.size())) free = i;
  }
  return free;
}

void Workforce::Give(size_t worker, const Job& job) {
  workers_[worker].in_hand.insert(job.request);
  workers_[worker].process->WriteLine(ToLine(job));
}

std::vector<std::pair<size_t, Report>> Workforce::Listen(ChildProcess::Deadline deadline) {
  std::vector<pollfd> outputs;
  for (const Worker& worker : workers_)
    outputs.push_back({.fd = worker.dead ? -1 : worker.process->output(), .events = POLLIN});
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  std::vector<std::pair<size_t, Report>> reports;
  if (poll(outputs.data(), outputs.size(), static_cast<int>(std::max<int64_t>(left.count(), 0))) <= 0) return reports;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].revents != 0) TakeReports(i, reports);
  }
  return reports;
}

void Workforce::TakeReports(size_t index, std::vector<std::pair<size_t, Report>>& reports) {
  Worker& worker = workers_[index];
  if (!worker.process->ReadAvailable()) return;
  while (const std::optional<std::string> line = worker.process->TakeLine()) {
    absl::StatusOr<Report> report = ParseReport(*line);
    if (!report.ok()) continue;
    if (report->what != Report::What::kHolding) worker.in_hand.erase(report->request);
    reports.emplace_back(index, *std::move(report));
  }
}

std::set<int> Workforce::Kill(size_t worker) {
  workers_[worker].process->Kill();
  workers_[worker].dead = true;
  return std::exchange(workers_[worker].in_hand, {});
}

std::set<int> Workforce::InHand(const std::string& name) const {
  for (const Worker& worker : workers_) {
    if (worker.name == name) return worker.in_hand;
  }
  return {};
}

bool Workforce::IsDead(const std::string& name) const {
  return std::any_of(workers_.begin(), workers_.end(),
                     [&](const Worker& worker) { return worker.name == name && worker.dead; });
}

void Workforce::Pause(size_t worker) {
  const Ledger::Lock nobody_in_the_ledger(ledger_);
  workers_[worker].process->Signal(SIGSTOP);
  workers_[worker].process->AwaitStopped();
  workers_[worker].paused = true;
}

void Workforce::Resume(size_t worker, int request) {
  workers_[worker].paused = false;
  workers_[worker].process->Signal(SIGCONT);
  workers_[worker].process->WriteLine(ToLine(Job{.request = request, .resume = true}));
}

}  // namespace semel::demo
