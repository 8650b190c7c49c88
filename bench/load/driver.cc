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

Driver::Driver(grpc::CompletionQueue& queue, const Schedule& schedule, Recorder& recorder)
    : queue_(queue), schedule_(schedule), recorder_(recorder) {}

absl::Status Driver::Run(const std::vector<std::unique_ptr<Flow>>& flows) {
  begun_ = SteadyClock::now();
  if (schedule_.pairs > 0) StartMeasuring(begun_);
  for (const auto& flow : flows) {
    if (MayStartRound()) StartRound(*flow);
  }
  while (in_flight_ > 0) {
    void* tag = nullptr;
    bool ok = false;
    if (queue_.AsyncNext(&tag, &ok, std::chrono::system_clock::now() + kPatience) != grpc::CompletionQueue::GOT_EVENT) {
      return absl::DeadlineExceededError(
          absl::StrCat(in_flight_, " calls without an answer for ", kPatience.count(), " s"));
    }
    auto& flow = *static_cast<Flow*>(tag);
    Tick(SteadyClock::now());
    if (flow.Continue(recorder_)) continue;
    --in_flight_;
    if (MayStartRound()) StartRound(flow);
  }
  if (!over_) StopMeasuring(SteadyClock::now());
  return absl::OkStatus();
}

bool Driver::MayStartRound() const { return schedule_.pairs > 0 ? pairs_started_ < schedule_.pairs : !over_; }

void Driver::StartRound(Flow& flow) {
  ++in_flight_;
  pairs_started_ += flow.pairs();
  flow.Start();
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
