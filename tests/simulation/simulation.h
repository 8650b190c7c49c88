// One seeded run: clients, a committer and a storage that are real, and time, crashes and losses that are not.
//
//   MemoryMachine machine;
//   Simulation simulation(seed, machine);
//   std::string failure = simulation.Run(10'000);   // "" or what went wrong, at which step, and what led to it
//
// After every step each answer is compared with the reference (model.h), checked against the promises that hold whatever the
// rules in detail are (ledger.h), and what is stored of the keys concerned is compared with the reference too.

#ifndef SEMEL_TESTS_SIMULATION_SIMULATION_H_
#define SEMEL_TESTS_SIMULATION_SIMULATION_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "server/engine/committer.h"
#include "tests/simulation/call.h"
#include "tests/simulation/chance.h"
#include "tests/simulation/clients.h"
#include "tests/simulation/coverage.h"
#include "tests/simulation/history.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/machine.h"
#include "tests/simulation/model.h"

namespace semel::simulation {

class Simulation {
 public:
  // `machine` must outlive the simulation, and be new.
  Simulation(uint64_t seed, Machine& machine);

  [[nodiscard]] std::string Run(int64_t steps);

  int64_t answers() const { return answers_; }
  const Coverage& coverage() const { return coverage_; }

 private:
  // Steps: simulation.cc.
  void Step();
  void RunBatch(bool replies_arrive = true);
  void LetTimePass();
  void AdvanceTo(storage::Time instant);
  void CancelWaiter();
  void Maintain();
  void EndWaits();
  std::vector<Call*> MakeCalls();
  void Forget(Call& call);

  // How processes end and start: simulation_restarts.cc.
  void Start();
  void StopAndStart();
  void KillAndStart();
  void FailStorageAndStart();
  void LoseBatchAndStart();
  void EndProcess();
  void BeDown();
  void CheckClock();
  void FindOutcome(storage::Storage& storage);
  void CheckEverythingFails();

  // Checks: simulation_checks.cc.
  void Judge(const std::vector<Model::Verdict>& verdicts, const std::vector<Call*>& calls, bool replies_arrive);
  void JudgeAnswer(const Model::Verdict& verdict);
  bool FillInToken(const Call& call, Reply& expected);
  void CheckWaiters();
  void CheckKey(const storage::Key& key);
  void CheckEveryKey();
  void CheckScan(bool open_only);
  void CheckRecord(const storage::Key& key, const std::optional<storage::Record>& record);
  std::optional<storage::Record> WithPayload(storage::Storage& storage, const storage::Key& key,
                                             std::optional<storage::Record> record);

  storage::Time Now() { return storage_->clock().Now(); }
  bool failed() const { return !failure_.empty(); }
  void Fail(const storage::Key& key, const std::string& what);
  void Fail(const std::string& what) { Fail({}, what); }

  Machine& machine_;
  Chance chance_;
  const engine::PolicyTable policies_;
  engine::Limits limits_;
  Clients clients_;
  Model model_;
  Ledger ledger_;
  History history_;

  storage::Storage* storage_ = nullptr;
  std::unique_ptr<engine::EngineStats> stats_;
  std::unique_ptr<engine::Committer> committer_;
  std::map<const Call*, std::unique_ptr<Call>> calls_;  // not yet answered
  std::deque<std::unique_ptr<Call>> answered_;          // the latest: nobody may answer them again

  int64_t step_ = 0;
  int64_t answers_ = 0;
  Coverage coverage_;
  storage::Time last_told_{};         // the latest instant on which an answer rests
  storage::Time ended_{};             // when the process before this one ended, by its own clock
  std::map<int64_t, int64_t> drawn_;  // tokens that the batch under way drew, by the model's symbol
  std::optional<Model> maybe_;        // holds instead of model_ if the commit that failed is on the disk
  bool was_marked_ = false;           // a clock mark covered the end of the process before
  std::string failure_;
};

}  // namespace semel::simulation

#endif  // SEMEL_TESTS_SIMULATION_SIMULATION_H_
