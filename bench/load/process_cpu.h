// How much processor time a server has used.

#ifndef SEMEL_BENCH_LOAD_PROCESS_CPU_H_
#define SEMEL_BENCH_LOAD_PROCESS_CPU_H_

#include <sys/types.h>

#include <optional>

namespace semel::bench {

// User and system seconds of a process and of all that it has started, those that ended included, from /proc/PID/stat, in steps of a
// clock tick (10 ms). nullopt: there is no such process. Looks at all processes of the machine, which takes milliseconds.
std::optional<double> CpuSecondsOf(pid_t pid);

// User and system seconds of this process, at once.
double OwnCpuSeconds();

}  // namespace semel::bench

#endif  // SEMEL_BENCH_LOAD_PROCESS_CPU_H_
