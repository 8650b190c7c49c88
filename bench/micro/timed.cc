// The time of each case, by google-benchmark. All its flags are understood: --benchmark_filter, --benchmark_out, ...

#include <benchmark/benchmark.h>

#include <chrono>

#include "bench/micro/case.h"

namespace {

using SteadyClock = std::chrono::steady_clock;

// A database that has just been opened makes its first files and tables; and disks are less steady than processors.
constexpr std::chrono::milliseconds kWarmUp(10), kWarmUpWithDisk(100);
constexpr double kSecondsWithDisk = 1;

void Register(const semel::bench::Case& measured) {
  auto body = [&measured](benchmark::State& state) {
    const semel::bench::Step step = measured.prepare();
    const auto warm_up = measured.counted ? kWarmUp : kWarmUpWithDisk;
    for (auto over = SteadyClock::now() + warm_up; SteadyClock::now() < over;) step();
    for (auto _ : state) step();
    state.counters["operations"] = static_cast<double>(measured.operations);
  };
  // Beside the thread that calls the committer, storage has threads of its own.
  auto* timed = benchmark::RegisterBenchmark(measured.name.c_str(), body)->MeasureProcessCPUTime()->UseRealTime();
  if (!measured.counted) timed->MinTime(kSecondsWithDisk);
}

}  // namespace

int main(int argc, char** argv) {
  const semel::bench::Cases cases = semel::bench::AllCases();
  for (const semel::bench::Case& measured : cases) Register(measured);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
