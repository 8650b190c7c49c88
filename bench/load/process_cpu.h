// How much processor time a process has used.

#ifndef SEMEL_BENCH_LOAD_PROCESS_CPU_H_
#define SEMEL_BENCH_LOAD_PROCESS_CPU_H_

#include <sys/types.h>

#include <optional>

namespace semel::bench {

// User and system seconds of all threads of a process, from /proc/PID/stat, in steps of a clock tick (10 ms). nullopt: there
// is no such process.
std::optional<double> CpuSecondsOf(pid_t pid);

}  // namespace semel::bench

#endif  // SEMEL_BENCH_LOAD_PROCESS_CPU_H_
