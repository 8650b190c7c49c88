// Callers that behave as real ones do on a bad day: they retry with the same attempt id or token, forget what they knew, hold
// on to tokens of attempts that were taken over, contradict themselves, and use each other's keys.

#ifndef SEMEL_TESTS_SIMULATION_CLIENTS_H_
#define SEMEL_TESTS_SIMULATION_CLIENTS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/engine/policy_table.h"
#include "tests/simulation/call.h"
#include "tests/simulation/chance.h"

namespace semel::simulation {

// Four namespaces with policies that bring every state about within seconds.
engine::PolicyTable SimulatedPolicies();

class Clients {
 public:
  // `policies` and `chance` must outlive the clients.
  Clients(const engine::PolicyTable& policies, Chance& chance);

  const std::vector<storage::Key>& keys() const { return keys_; }

  // What some client does next; with the key of `near`, if there is one.
  std::unique_ptr<Call> Next(storage::Time now, const Call* near);

  // The answer reached its client. One that was lost is simply never heard.
  void Hear(const Call& call);

 private:
  // What a client knows of a key.
  struct Memory {
    storage::AttemptId attempt_id{};  // of its last Begin
    std::string fingerprint;
    std::vector<int64_t> tokens;  // that it was told, newest last
    storage::Outcome outcome;     // that it last sent
  };

  engine::Begin MakeBegin(size_t client, Memory& memory);
  engine::Request MakeRequest(size_t client, const engine::Policy& policy, Memory& memory);
  engine::Complete MakeComplete(const engine::Policy& policy, Memory& memory);
  storage::Outcome MakeOutcome();
  storage::Duration MakeRetention(const engine::Policy& policy);
  int64_t SomeToken(const Memory& memory);

  const engine::PolicyTable& policies_;
  Chance& chance_;
  std::vector<storage::Key> keys_;
  std::vector<std::map<storage::Key, Memory>> memories_;  // by client
  std::map<storage::Key, size_t> owners_;                 // who was last told to be one: they do most of the work
  int64_t last_token_ = 1;                                // that anybody was told
  int64_t calls_ = 0;
  uint64_t attempts_ = 0;
};

}  // namespace semel::simulation

#endif  // SEMEL_TESTS_SIMULATION_CLIENTS_H_
