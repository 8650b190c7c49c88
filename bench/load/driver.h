// Runs flows side by side over one service, in one thread, for a time or for a number of pairs.

#ifndef SEMEL_BENCH_LOAD_DRIVER_H_
#define SEMEL_BENCH_LOAD_DRIVER_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "bench/load/flows.h"
#include "bench/load/recorder.h"
#include "bench/load/service.h"

namespace semel::bench {

struct Schedule {
  SteadyClock::duration warm_up{};
  SteadyClock::duration measured{};
  uint64_t pairs = 0;    // not 0: so many pairs from the first call on, instead of the times above
  pid_t server_pid = 0;  // 0: unknown
};

// Processor seconds from the beginning of the measured interval until the last answer, a moment after its end, and what was done in
// that time; those of the server with all processes that it started.
struct CpuUse {
  double client = 0;
  std::optional<double> server;
  double seconds = 0;
  uint64_t pairs = 0;
  uint64_t calls = 0;
};

class Driver {
 public:
  Driver(Service& service, const Schedule& schedule, Recorder& recorder);

  // One caller for each flow. Returns when every operation has ended. DEADLINE_EXCEEDED: the server stopped answering.
  [[nodiscard]] absl::Status Run(const std::vector<std::unique_ptr<Flow>>& flows);

  const CpuUse& cpu() const { return cpu_; }

 private:
  void StartRound(Flow& flow, Operation& operation);
  void Send(Operation& operation);
  bool Continue(Flow& flow, Operation& operation, SteadyClock::time_point now);
  void Tick(SteadyClock::time_point now);
  void StartMeasuring();
  void StopMeasuring(SteadyClock::time_point now);
  void ReadProcessorTime();
  bool MayStartRound() const;

  Service& service_;
  const Schedule schedule_;
  Recorder& recorder_;
  SteadyClock::time_point begun_;
  uint64_t pairs_started_ = 0;
  size_t in_flight_ = 0;
  bool over_ = false;
  CpuUse cpu_at_start_;  // sums since each process began
  CpuUse cpu_;
};

}  // namespace semel::bench

#endif  // SEMEL_BENCH_LOAD_DRIVER_H_
