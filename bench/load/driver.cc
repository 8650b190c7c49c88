#include "bench/load/driver.h"

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
  if (schedule_.pairs > 0) StartMeasuring();
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
    for (Operation* operation : ended) {
      Flow& flow = *flows[operation->caller];
      if (Continue(flow, *operation, now)) continue;
      --in_flight_;
      if (MayStartRound()) StartRound(flow, *operation);
    }
    Tick(now);
  }
  if (!over_) StopMeasuring(SteadyClock::now());
  ReadProcessorTime();
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
  recorder_.CallEnded(operation.name(), operation.sent, now);
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
  if (!recorder_.measuring() && now >= begun_ + schedule_.warm_up) StartMeasuring();
  if (now >= begun_ + schedule_.warm_up + schedule_.measured) StopMeasuring(now);
}

// Looking at all processes takes milliseconds, in which answers lie unread: what is in flight meanwhile was sent before the interval
// begins, and its latency does not count.
void Driver::StartMeasuring() {
  cpu_at_start_ = {.client = OwnCpuSeconds(),
                   .server = schedule_.server_pid != 0 ? CpuSecondsOf(schedule_.server_pid) : std::nullopt,
                   .pairs = recorder_.all_pairs(),
                   .calls = recorder_.all_calls()};
  recorder_.StartMeasuring(SteadyClock::now());
}

void Driver::StopMeasuring(SteadyClock::time_point now) {
  over_ = true;
  recorder_.StopMeasuring(now);
}

// When nothing is in flight any more, so that nobody waits for it.
void Driver::ReadProcessorTime() {
  cpu_.client = OwnCpuSeconds() - cpu_at_start_.client;
  cpu_.seconds = recorder_.SecondsUntil(SteadyClock::now());
  cpu_.pairs = recorder_.all_pairs() - cpu_at_start_.pairs;
  cpu_.calls = recorder_.all_calls() - cpu_at_start_.calls;
  if (!cpu_at_start_.server) return;
  if (std::optional<double> server = CpuSecondsOf(schedule_.server_pid)) cpu_.server = *server - *cpu_at_start_.server;
}

}  // namespace semel::bench
