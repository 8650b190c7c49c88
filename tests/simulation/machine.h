// A disk, and the processes that live on it one after the other.

#ifndef SEMEL_TESTS_SIMULATION_MACHINE_H_
#define SEMEL_TESTS_SIMULATION_MACHINE_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/storage.h"
#include "tests/simulation/chance.h"

namespace semel::simulation {

class Machine {
 public:
  virtual ~Machine() = default;

  // A process starts on what is on the disk. The storage lives until Stop, Kill or KillAsOf.
  virtual absl::StatusOr<storage::Storage*> Start() = 0;
  virtual void Stop() = 0;
  virtual void Kill() = 0;

  // Kill as it would have been at an earlier moment: all that was written since Remember is gone.
  virtual void Remember() = 0;
  virtual void KillAsRemembered() = 0;

  // The next commit that writes something fails; what it wrote is on the disk, or is not. False: this machine cannot.
  virtual bool FailNextCommit(bool written) = 0;

  // Something that storage does by itself at moments of its own: flushing, compacting, reclaiming.
  virtual absl::Status Stir(Chance& chance) = 0;

  storage::ManualTime time;
};

}  // namespace semel::simulation

#endif  // SEMEL_TESTS_SIMULATION_MACHINE_H_
