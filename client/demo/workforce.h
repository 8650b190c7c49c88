// The shop's worker processes.

#ifndef SEMEL_CLIENT_DEMO_WORKFORCE_H_
#define SEMEL_CLIENT_DEMO_WORKFORCE_H_

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "client/demo/child_process.h"
#include "client/demo/work_message.h"

namespace semel::demo {

// Not thread-safe.
class Workforce {
 public:
  // `program` is called with --worker; see main.cc.
  Workforce(std::string program, std::string address, std::string directory, std::string ledger);

  absl::Status Hire();
  size_t size() const { return workers_.size(); }

  // The worker with the fewest jobs in hand that can take another one.
  std::optional<size_t> Free() const;
  // Whether this one can take another job.
  bool CanTake(size_t worker) const;
  void Give(size_t worker, const Job& job);

  // What the workers have to say, waiting for the first of it. Empty at the deadline.
  std::vector<std::pair<size_t, Report>> Listen(ChildProcess::Deadline deadline);

  const std::string& name(size_t worker) const { return workers_[worker].name; }
  // Which requests the living worker of this name has in hand.
  std::set<int> InHand(const std::string& name) const;

  // kill -9. Returns the requests that it had in hand.
  std::set<int> Kill(size_t worker);
  bool IsDead(const std::string& name) const;
  // Stopped in the middle of whatever it does, except a call of the ledger: nobody could call the ledger any more.
  void Pause(size_t worker);
  void Resume(size_t worker, int request);

 private:
  struct Worker {
    std::string name;
    std::unique_ptr<ChildProcess> process;
    std::set<int> in_hand;
    bool dead = false;
    bool paused = false;
  };

  void TakeReports(size_t index, std::vector<std::pair<size_t, Report>>& reports);

  const std::string program_;
  const std::string address_;
  const std::string directory_;
  const std::string ledger_;
  std::vector<Worker> workers_;
};

}  // namespace semel::demo

#endif  // SEMEL_CLIENT_DEMO_WORKFORCE_H_
