// A worker of the shop: a process of its own that places orders with Semel's help.

#ifndef SEMEL_CLIENT_DEMO_WORKER_H_
#define SEMEL_CLIENT_DEMO_WORKER_H_

#include <string>

namespace semel::demo {

struct WorkerOptions {
  std::string name;
  std::string address;  // of semeld
  std::string ledger;   // path
};

// How many orders a worker works on at a time.
inline constexpr int kJobsAtATime = 16;
// Short, so that a dead worker's orders are free again soon.
inline constexpr int kLeaseMilliseconds = 2000;

// Takes jobs from standard input and reports on standard output, until the input ends. Returns the exit code.
int RunWorker(const WorkerOptions& options);

}  // namespace semel::demo

#endif  // SEMEL_CLIENT_DEMO_WORKER_H_
