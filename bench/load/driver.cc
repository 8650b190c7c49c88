#include "bench/load/driver.h"

#include <unistd.h>

#include <chrono>

#include "absl/strings/str_cat.h"
#include "bench/load/process_cpu.h"

namespace semel::bench {

namespace {

// Longer than any answer may take: a server that is silent for so long hangs.
constexpr std::chrono::seconds kPatience(20);

}  // namespace

Driver::Driver(Service& service, const Schedule& schedule, Recorder& recorder)
    : service_(service), schedule_(schedule), recorder_(recorder) {}

absl::Status Driver::Run(const std::vector<std::unique_ptr<Flow>>& flows) {
  std::vector<Operation> operations(flows.size());
  std::vector<Operation*> ended;
  begun_ = SteadyClock::now();
  if (schedule_.pairs > 0) StartMeasuring(begun_);
  for (size_t caller = 0; caller < flows.size() && MayStartRound(); ++caller) {
    operations[caller].caller = caller;
    StartRound(*flows[caller], operations[caller]);
  }
  while (in_flight_ > 0) {
    service_.Flush();
    ended.clear();
    service_.Wait(kPatience, ended);
    if (ended.empty()) {
      return absl::DeadlineExceededError(
          absl::StrCat(in_flight_, " operations without an answer for ", kPatience.count(), " s"));
    }
    auto now = SteadyClock::now();
    Tick(now);
    for (Operation* operation : ended) {
      Flow& flow = *flows[operation->caller];
      if (Continue(flow, *operation, now)) continue;
      --in_flight_;
      if (MayStartRound()) StartRound(flow, *operation);
    }
  }
  if (!over_) StopMeasuring(SteadyClock::now());
  return absl::OkStatus();
}

bool Driver::MayStartRound() const {
  if (recorder_.errors() > 0) return false;  // the run is spoilt
  return schedule_.pairs > 0 ? pairs_started_ < schedule_.pairs : !over_;
}

void Driver::StartRound(Flow& flow, Operation& operation) {
  ++in_flight_;
  pairs_started_ += flow.pairs();
  flow.Start(operation);
  Send(operation);
}

void Driver::Send(Operation& operation) {
  operation.error.clear();
  for (Item& item : operation.items) {
    item.answer = Answer::kNone;
    item.attempt = 0;
    item.stored.clear();
  }
  operation.sent = SteadyClock::now();
  service_.Send(operation);
}

bool Driver::Continue(Flow& flow, Operation& operation, SteadyClock::time_point now) {
  recorder_.CallEnded(operation.name(), now - operation.sent);
  if (!operation.error.empty()) {
    recorder_.Error(operation.name(), operation.error);
    return false;
  }
  if (!flow.Continue(operation, recorder_)) return false;
  Send(operation);
  return true;
}

void Driver::Tick(SteadyClock::time_point now) {
  if (over_ || schedule_.pairs > 0) return;
  if (!recorder_.measuring() && now >= begun_ + schedule_.warm_up) StartMeasuring(now);
  if (now >= begun_ + schedule_.warm_up + schedule_.measured) StopMeasuring(now);
}

void Driver::StartMeasuring(SteadyClock::time_point now) {
  cpu_.client = CpuSecondsOf(getpid()).value_or(0);
  if (schedule_.server_pid != 0) cpu_.server = CpuSecondsOf(schedule_.server_pid);
  recorder_.StartMeasuring(now);
}

void Driver::StopMeasuring(SteadyClock::time_point now) {
  over_ = true;
  recorder_.StopMeasuring(now);
  cpu_.client = CpuSecondsOf(getpid()).value_or(0) - cpu_.client;
  std::optional<double> server_now = CpuSecondsOf(schedule_.server_pid);
  if (cpu_.server && server_now) {
    cpu_.server = *server_now - *cpu_.server;
  } else {
    cpu_.server.reset();
  }
}

}  // namespace semel::bench
